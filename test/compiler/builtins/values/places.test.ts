import { expect, test } from "vitest";
import type { Image } from "../support.ts";
import { programsOf } from "./programs.ts";

/** Where a work-item is (OpenCL C 3.0 section 6.15.1), what an image is (6.15.15.6), what a generic pointer points to (6.15.10): each function in every shape. */
const BY_DIMENSION = ["get_global_size", "get_global_id", "get_global_offset", "get_local_size", "get_enqueued_local_size", "get_local_id", "get_num_groups", "get_group_id"];
const DIMENSIONS = [0, 1, 2, 3, -1];
const SINGLE = ["get_work_dim", "get_global_linear_id", "get_local_linear_id", "get_sub_group_size", "get_max_sub_group_size", "get_num_sub_groups", "get_enqueued_num_sub_groups", "get_sub_group_id", "get_sub_group_local_id"];
const WIDTH = BY_DIMENSION.length * DIMENSIONS.length * 2 + SINGLE.length;

const ORDERS = [["CLK_R", 0x10b0, 1], ["CLK_RG", 0x10b2, 2], ["CLK_RGBA", 0x10b5, 4]] as const;
const DATA = [["CLK_SNORM_INT8", 0x10d0, 1], ["CLK_UNORM_INT16", 0x10d3, 2], ["CLK_SIGNED_INT32", 0x10d9, 4], ["CLK_UNSIGNED_INT8", 0x10da, 1], ["CLK_HALF_FLOAT", 0x10dd, 2], ["CLK_FLOAT", 0x10de, 4]] as const;
const IMAGES = ["image1d_t", "image1d_buffer_t", "image1d_array_t", "image2d_t", "image2d_array_t", "image2d_depth_t", "image2d_array_depth_t", "image3d_t"];
const ACCESSES = ["read_only", "write_only", "read_write"];

/** What each kind of image can be asked, and the expression that gives it. */
function queries(type: string): string[] {
  const list = ["get_image_width(i)", "get_image_channel_order(i)", "get_image_channel_data_type(i)"];
  if (!type.startsWith("image1d")) list.push("get_image_height(i)", "get_image_dim(i).x", "get_image_dim(i).y");
  if (type === "image3d_t") list.push("get_image_depth(i)", "get_image_dim(i).z", "get_image_dim(i).w");
  if (type.includes("array")) list.push("(int)get_image_array_size(i)");
  return list;
}

const source = `
kernel void place(global ulong *out, uint one) {
  size_t row = ((get_global_id(2) - get_global_offset(2)) * get_global_size(1) + get_global_id(1) - get_global_offset(1)) * get_global_size(0) + get_global_id(0) - get_global_offset(0);
  out += row * ${WIDTH};
${BY_DIMENSION.flatMap((name) => DIMENSIONS.flatMap((d) => [`${name}(${d})`, `${name}(${d} * one)`])).concat(SINGLE.map((name) => `${name}()`)).map((call, n) => `  out[${n}] = ${call};`).join("\n")}
}
${IMAGES.flatMap((type) => ACCESSES.map((access) => `kernel void ${access}_${type}(${access} ${type} i, global int *out) {
${queries(type).map((query, n) => `  out[${n}] = ${query};`).join("\n")}
}`)).join("\n")}
kernel void names(global int *out) {
${[...ORDERS, ...DATA].map(([name], n) => `  out[${n}] = ${name};`).join("\n")}
}
global int there;
kernel void spaces(global int *out, int which) {
  local int shared;
  private int own = 3;
  shared = 2;
  there = 1;
  barrier(CLK_LOCAL_MEM_FENCE);
  int *p = which == 0 ? (int *)&there : which == 1 ? (int *)&shared : which == 2 ? (int *)&own : (int *)out;
  out[0] = get_fence(p);
  out[1] = to_global(p) != NULL;
  out[2] = to_local(p) != NULL;
  out[3] = to_private(p) != NULL;
  out[4] = to_global(p) != NULL ? *to_global(p) : to_local(p) != NULL ? *to_local(p) : *to_private(p);
}
`;
const programs = programsOf("places", source);

const SHAPES = [
  { size: [7, 1, 1], group: [4, 1, 1], offset: [0, 0, 0], dims: 1 }, { size: [5, 3, 1], group: [2, 2, 1], offset: [100, 7, 0], dims: 2 },
  { size: [5, 3, 4], group: [4, 2, 3], offset: [1, 2, 3], dims: 3 }, { size: [8, 1, 1], group: [8, 1, 1], offset: [9, 0, 0], dims: 1 }, { size: [1, 1, 1], group: [1, 1, 1], offset: [0, 0, 0], dims: 3 },
] as const;
const WARP = 8;

test.each(programs)("work-items: %s", (_engine, program) => {
  for (const { size, group, offset, dims } of SHAPES) {
    const count = size[0] * size[1] * size[2];
    const out = new BigUint64Array(count * WIDTH);
    program.run("place", [out, 1], 1, 1, { grid: [0, 1, 2].map((d) => Math.ceil(size[d]! / group[d]!)) as [number, number, number], block: group, globalSize: size, globalOffset: offset, workDim: dims, warpSize: WARP });
    for (let n = 0; n < count; n++) {
      const at = [n % size[0], Math.floor(n / size[0]) % size[1], Math.floor(n / size[0] / size[1])];
      const id = at.map((v, d) => Math.floor(v / group[d]!));
      const own = at.map((v, d) => v % group[d]!);
      const is = group.map((g, d) => Math.min(g, size[d]! - id[d]! * g));
      const rows: readonly (readonly number[])[] = [size, at.map((v, d) => v + offset[d]!), offset, is, group, own, size.map((s, d) => Math.ceil(s / group[d]!)), id];
      const beyond = [1, 0, 0, 1, 1, 0, 1, 0];
      const linear = (own[2]! * is[1]! + own[1]!) * is[0]! + own[0]!;
      const items = is[0]! * is[1]! * is[2]!;
      const wanted = [
        ...rows.flatMap((row, f) => DIMENSIONS.flatMap((d) => [row[d] ?? beyond[f]!, row[d] ?? beyond[f]!])), dims, n, linear,
        Math.min(WARP, items - linear + linear % WARP), WARP, Math.ceil(items / WARP), Math.ceil(group[0] * group[1] * group[2] / WARP), Math.floor(linear / WARP), linear % WARP,
      ];
      expect([size, n, ...out.slice(n * WIDTH, (n + 1) * WIDTH)].map(String)).toEqual([size, n, ...wanted].map(String));
    }
  }
});

test.each(programs)("images: %s", (_engine, program) => {
  const names = new Int32Array(ORDERS.length + DATA.length);
  program.run("names", [names], 1);
  expect([...names]).toEqual([...ORDERS, ...DATA].map(([, value]) => value));
  IMAGES.forEach((type, n) => ACCESSES.forEach((access, m) => {
    const depthImage = type.includes("depth");
    const [, order, components] = ORDERS[(n + m) % ORDERS.length]!;
    const [, dataType, bytes] = DATA[(n * 3 + m) % DATA.length]!;
    const format = depthImage ? { order: 0x10bd, dataType: 0x10de, bytes: 4 } : { order, dataType, bytes: bytes * components };
    const [width, height, depth, layers] = [5 + n, type.startsWith("image1d") ? 1 : 3, type === "image3d_t" ? 4 : 1, type.includes("array") ? 6 : 1];
    const image: Image = { pixels: new Uint8Array(width * height * depth * layers * format.bytes), order: format.order, dataType: format.dataType, width, height, depth, layers };
    const asked = queries(type);
    const out = new Int32Array(asked.length);
    program.run(`${access}_${type}`, [image, out], 1);
    const values: Readonly<Record<string, number>> = { width, height, depth, order: format.order, type: format.dataType, size: layers, x: width, y: height, z: depth, w: 0 };
    expect([type, access, ...out]).toEqual([type, access, ...asked.map((query) => values[/(\w+)$/.exec(query.replace("(i)", ""))![1]!.split("_").at(-1)!])]);
  }));
});

test.each(programs)("generic pointers: %s", (_engine, program) => {
  const all = [0, 1, 2, 3].map((which) => {
    const out = Int32Array.of(9, 9, 9, 9, 9);
    program.run("spaces", [out, which], 1);
    return [...out];
  });
  // CLK_LOCAL_MEM_FENCE is 1, CLK_GLOBAL_MEM_FENCE 2; private memory has no fence, either answer serves.
  all[2]![0] = 0;
  expect(all.slice(0, 3)).toEqual([[2, 1, 0, 0, 1], [1, 0, 1, 0, 2], [0, 0, 0, 1, 3]]);
  expect(all[3]!.slice(0, 4)).toEqual([2, 1, 0, 0]);
});
