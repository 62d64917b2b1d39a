import { expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as rt from "../../../src/cuda/abi/runtime/constants.ts";
import type { cudaChannelFormatDesc } from "../../../src/cuda/abi/runtime/types.ts";
import { makeMachine } from "../support/host.ts";

const f32: cudaChannelFormatDesc = { x: 32, y: 0, z: 0, w: 0, f: rt.cudaChannelFormatKindFloat };
const host = makeMachine().process();
const { easyrt, cudart } = host;

test("arrays are copied by rows, by runs of bytes through their rows, and by boxes of elements", () => {
  const array = easyrt.cudaMallocArray(f32, 4, 3, 0);
  const data = Float32Array.from({ length: 12 }, (_x, n) => n);
  easyrt.cudaMemcpy2DToArray(array, 0, 0, data, 16, 16, 3, rt.cudaMemcpyHostToDevice);
  const back = new Float32Array(12);
  easyrt.cudaMemcpy2DFromArray(back, 16, array, 0, 0, 16, 3, rt.cudaMemcpyDeviceToHost);
  expect([...back]).toEqual([...data]);
  // From the third element of the second row on, over the rows' ends.
  easyrt.cudaMemcpyToArray(array, 8, 0, Float32Array.of(50, 51, 52, 53, 54, 55, 56), 28, rt.cudaMemcpyHostToDevice);
  easyrt.cudaMemcpyFromArray(back, array, 4, 0, 40, rt.cudaMemcpyDefault);
  expect([...back.slice(0, 10)]).toEqual([1, 50, 51, 52, 53, 54, 55, 56, 9, 10]);
  const other = easyrt.cudaMallocArray({ x: 16, y: 16, z: 0, w: 0, f: rt.cudaChannelFormatKindUnsigned }, 5, 3, 0);
  easyrt.cudaMemcpyArrayToArray(other, 4, 0, array, 0, 0, 44, rt.cudaMemcpyDeviceToDevice);
  easyrt.cudaMemcpyFromArray(back, other, 4, 0, 44, rt.cudaMemcpyDeviceToHost);
  expect([...back.slice(0, 11)]).toEqual([0, 1, 50, 51, 52, 53, 54, 55, 56, 9, 10]);
  const volume = easyrt.cudaMalloc3DArray(f32, { width: 2, height: 2, depth: 2 }, 0);
  easyrt.cudaMemcpy3D({ srcPtr: { ptr: data, pitch: 8, xsize: 2, ysize: 2 }, dstArray: volume, extent: { width: 2, height: 2, depth: 2 }, kind: rt.cudaMemcpyHostToDevice });
  easyrt.cudaMemcpy3D({ srcArray: volume, srcPos: { x: 1, y: 0, z: 1 }, dstPtr: { ptr: back, pitch: 4, xsize: 1, ysize: 2 }, extent: { width: 1, height: 2, depth: 1 }, kind: rt.cudaMemcpyDeviceToHost });
  expect([...back.slice(0, 2)]).toEqual([5, 7]);
  easyrt.cudaMemcpy2DArrayToArray(array, 8, 1, array, 0, 0, 8, 1, rt.cudaMemcpyDeviceToDevice);
  const stream = easyrt.cudaStreamCreate();
  easyrt.cudaMemcpy2DFromArrayAsync(back, 16, array, 0, 1, 16, 1, rt.cudaMemcpyDeviceToHost, stream);
  easyrt.cudaStreamSynchronize(stream);
  expect([...back.slice(2, 4)]).toEqual([0, 1]);
  for (const each of [array, other, volume]) easyrt.cudaFreeArray(each);
  expect(cudart.cudaFreeArray(null)).toBe(0);
});

test("arrays and objects tell what they are", () => {
  const half4: cudaChannelFormatDesc = { x: 16, y: 16, z: 16, w: 16, f: rt.cudaChannelFormatKindFloat };
  const array = easyrt.cudaMalloc3DArray(half4, { width: 8, height: 4, depth: 3 }, rt.cudaArrayLayered | rt.cudaArraySurfaceLoadStore);
  const [desc, extent, flags] = [out<object>(), out<object>(), out<number>()];
  expect(cudart.cudaArrayGetInfo(desc as never, extent as never, flags, array)).toBe(0);
  expect([desc.value, extent.value, flags.value]).toEqual([half4, { width: 8, height: 4, depth: 3 }, 3]);
  expect(easyrt.cudaGetChannelDesc(array)).toEqual(half4);
  expect(cudart.cudaCreateChannelDesc(8, 8, 8, 8, rt.cudaChannelFormatKindSigned)).toEqual({ x: 8, y: 8, z: 8, w: 8, f: 0 });
  const surf = easyrt.cudaCreateSurfaceObject({ resType: rt.cudaResourceTypeArray, res: { array: { array } } });
  expect(easyrt.cudaGetSurfaceObjectResourceDesc(surf)).toEqual({ resType: 0, res: { array: { array } }, flags: 0 });
  easyrt.cudaDestroySurfaceObject(surf);
  const bytes = easyrt.cudaMallocArray({ x: 8, y: 8, z: 0, w: 0, f: rt.cudaChannelFormatKindUnsigned }, 4, 4, 0);
  const texture = { addressMode: [1, 1, 1], filterMode: rt.cudaFilterModeLinear, readMode: rt.cudaReadModeNormalizedFloat, normalizedCoords: 1 } as const;
  const tex = easyrt.cudaCreateTextureObject({ resType: rt.cudaResourceTypeArray, res: { array: { array: bytes } } }, texture, null);
  expect(easyrt.cudaGetTextureObjectTextureDesc(tex)).toMatchObject(texture);
  expect(easyrt.cudaGetTextureObjectResourceDesc(tex)).toEqual({ resType: 0, res: { array: { array: bytes } }, flags: 0 });
  easyrt.cudaDestroyTextureObject(tex);
  const memory = easyrt.cudaMalloc(512);
  const linear = { devPtr: memory, desc: half4, sizeInBytes: 512 };
  const fetch = easyrt.cudaCreateTextureObject({ resType: rt.cudaResourceTypeLinear, res: { linear } }, {}, null);
  expect(easyrt.cudaGetTextureObjectResourceDesc(fetch)).toEqual({ resType: 2, res: { linear }, flags: 0 });
  const mipmap = easyrt.cudaMallocMipmappedArray(f32, { width: 8, height: 8, depth: 0 }, 2, 0);
  expect(easyrt.cudaGetChannelDesc(easyrt.cudaGetMipmappedArrayLevel(mipmap, 1))).toEqual(f32);
  easyrt.cudaFreeMipmappedArray(mipmap);
});
