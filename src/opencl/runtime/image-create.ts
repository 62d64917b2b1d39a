import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import { IMAGE_DESCRIPTOR_BYTES, imageDescriptor } from "../../compiler/builtins/opencl/images/descriptor.ts";
import { CL_MEM_COPY_HOST_PTR, CL_MEM_USE_HOST_PTR } from "../abi/constants.ts";
import {
  CL_IMAGE_FORMAT_NOT_SUPPORTED, CL_INVALID_HOST_PTR, CL_INVALID_IMAGE_DESCRIPTOR, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, CL_INVALID_IMAGE_SIZE, CL_INVALID_VALUE, CL_MEM_OBJECT_ALLOCATION_FAILURE, type cl_error,
} from "../abi/errors.ts";
import type { cl_image_desc, cl_image_format, cl_int } from "../abi/types.ts";
import { maxAllocation } from "./capabilities.ts";
import type { ContextObject } from "./context-object.ts";
import { codeOf } from "./errno.ts";
import { fail } from "./fail.ts";
import { badMemFlags, badPartFlags, inherit } from "./flags.ts";
import { hostBytes, isView } from "./host-memory.ts";
import { badDerivedFormat, badDescription, measure, sourceOf, tooLarge, type Measures } from "./image-desc.ts";
import { elementBytes, formatFits, isFormat } from "./image-format.ts";
import { imageBytes, slicesOf } from "./image-shape.ts";
import { MemObject, type Store } from "./mem-object.ts";
import { hostStore, ownStore } from "./store.ts";
import { uploadBytes } from "./upload.ts";

/** Arguments of the functions that make images. */
export interface ImageRequest {
  readonly flags: number;
  readonly format: cl_image_format | null;
  readonly desc: cl_image_desc | null;
  readonly pointer: HostPtr | null;
  /** By a function of OpenCL 1.0: sizes that make no sense are CL_INVALID_IMAGE_SIZE. */
  readonly old: boolean;
}

/** Makes an image, checking in the manual's order. @returns it without a handle, or the code that was recorded */
export function makeImage(t: Caller, context: ContextObject, properties: readonly number[] | null, request: ImageRequest): MemObject | cl_int {
  const { flags, format, desc, old } = request;
  const bad = badMemFlags(flags);
  if (bad !== null) return fail(t, CL_INVALID_VALUE, bad, { flags });
  if (format === null || !isFormat(format)) return fail(t, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, "image_format must be a known channel order and data type that go together", { ...format });
  if (desc !== null && !formatFits(format, desc.image_type)) return fail(t, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, "depth images must have two dimensions", { ...format, image_type: desc.image_type });
  const source = sourceOf(t, context, desc);
  const derived = badDerivedFormat(desc, format, source);
  if (derived !== null) return fail(t, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, derived, { ...format, image_row_pitch: desc?.image_row_pitch });
  const pointer = request.pointer === 0 ? null : request.pointer;
  const wrong = badDescription(desc, format, source, pointer !== null, old);
  if (wrong !== null) return fail(t, old ? CL_INVALID_IMAGE_SIZE : CL_INVALID_IMAGE_DESCRIPTOR, wrong, { ...desc });
  const size = measure(desc!, format, source);
  const large = tooLarge(size);
  if (large !== null) return fail(t, CL_INVALID_IMAGE_SIZE, large, { ...desc });
  const wantsPointer = (flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR)) !== 0;
  if (wantsPointer !== (pointer !== null)) return fail(t, CL_INVALID_HOST_PTR, "host_ptr must be given exactly with CL_MEM_USE_HOST_PTR or CL_MEM_COPY_HOST_PTR", { flags });
  if (source !== null) {
    const part = badPartFlags(flags, source.flags);
    if (part !== null) return fail(t, CL_INVALID_VALUE, part, { flags, mem_object: source.flags });
  }
  if (elementBytes(format) === 0) return fail(t, CL_IMAGE_FORMAT_NOT_SUPPORTED, "no device of the context has images of this format (clGetSupportedImageFormats)", { ...format });
  if (pointer !== null && hostBytes(t, pointer, 0, imageBytes(size, size.host), false) === null) {
    // NON-SPEC: C would crash, sooner or later.
    return fail(t, CL_INVALID_HOST_PTR, "host_ptr must point to all rows and slices of the image", { host_ptr: isView(pointer) ? `${pointer.byteLength} bytes` : pointer, needed: imageBytes(size, size.host) });
  }
  return build(t, context, properties, flags, size, source, pointer);
}

/** Gets memory for a checked image, and its contents on their way. */
function build(t: Caller, context: ContextObject, properties: readonly number[] | null, flags: number, size: Measures, source: MemObject | null, pointer: HostPtr | null): MemObject | cl_int {
  const use = (flags & CL_MEM_USE_HOST_PTR) !== 0;
  // The GPU uses the program's own memory as it lies there.
  const direct = use && typeof pointer === "number";
  const layout = direct ? size.host : size.device;
  const bytes = imageBytes(size, layout);
  // Kernels know the distance between slices as 32 bits.
  if (context.slots.every((slot) => bytes > maxAllocation(slot.device)) || (slicesOf(size) > 1 && layout.slice >= 2 ** 32)) {
    return fail(t, CL_MEM_OBJECT_ALLOCATION_FAILURE, "the image needs more than CL_DEVICE_MAX_MEM_ALLOC_SIZE of all devices", { bytes });
  }
  const store: Store | number = source !== null ? { address: source.address, piece: null, pinned: 0, svm: source.store.svm, cpu: source.store.cpu }
    : direct ? hostStore(t, context, pointer, bytes) : ownStore(t, context, flags, bytes);
  if (typeof store === "number") return fail(t, codeOf(store), "no memory for the image", { bytes, errno: store });
  const kept = source === null ? (use ? pointer : null) : source.hostPtr;
  const mem = new MemObject(context, source === null ? flags : inherit(flags, source.flags), bytes, properties === null ? null : [...properties], kept, store, source, source?.origin ?? 0);
  const descriptor = context.memory.take(t, IMAGE_DESCRIPTOR_BYTES, "system");
  if (typeof descriptor === "number") {
    mem.release(t);
    return fail(t, codeOf(descriptor), "no memory for the image's descriptor", { errno: descriptor });
  }
  const { type, format, pixel, width, height, depth, layers } = size;
  mem.image = { type, format, pixel, width, height, depth, layers, ...layout, host: size.host, descriptor };
  const words = imageDescriptor({
    address: BigInt(mem.address), width, height, depth, layers, rowPitch: layout.row, slicePitch: layout.slice, order: format.image_channel_order, dataType: format.image_channel_data_type,
  })!;
  t.sys.memory(descriptor.address, words.length, true)!.set(words);
  if (pointer !== null && !direct) {
    const code = upload(t, mem, size, pointer);
    if (code !== 0) {
      mem.release(t);
      return fail(t, code, "the initial contents could not be copied", { bytes });
    }
  }
  return mem;
}

/** Gives a new image its contents: rows and slices without the host's gaps. */
function upload(t: Caller, mem: MemObject, size: Measures, pointer: HostPtr): 0 | cl_error {
  const { host, device, width, height, pixel } = size;
  const from = hostBytes(t, pointer, 0, imageBytes(size, host), false)!;
  const pixels = new Uint8Array(imageBytes(size, device));
  for (let z = 0; z < slicesOf(size); z++) {
    for (let y = 0; y < height; y++) {
      const at = z * host.slice + y * host.row;
      pixels.set(from.subarray(at, at + width * pixel), z * device.slice + y * device.row);
    }
  }
  const event = uploadBytes(t, mem.context, mem.context.slots[0]!, mem.address, pixels, mem.store.cpu, mem);
  if (typeof event === "number") return event;
  mem.upload = event;
  return 0;
}
