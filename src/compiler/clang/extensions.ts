/**
 * Language extensions and optional OpenCL C 3.0 features that the compiler and its builtins implement, and that every device offers. A
 * device may have more (images) or fewer; the host API reports what it passes to the compiler.
 */
export const languageExtensions: readonly string[] = [
  "cl_khr_byte_addressable_store", "cl_khr_global_int32_base_atomics", "cl_khr_global_int32_extended_atomics",
  "cl_khr_local_int32_base_atomics", "cl_khr_local_int32_extended_atomics", "cl_khr_int64_base_atomics", "cl_khr_int64_extended_atomics",
  "cl_khr_fp16", "cl_khr_fp64", "cl_khr_subgroups", "cl_khr_subgroup_extended_types", "cl_khr_subgroup_non_uniform_vote", "cl_khr_subgroup_ballot",
  "cl_khr_subgroup_shuffle", "cl_khr_subgroup_shuffle_relative", "cl_khr_subgroup_non_uniform_arithmetic", "cl_khr_subgroup_clustered_reduce", "cl_khr_subgroup_rotate",
  "cl_khr_extended_bit_ops", "cl_khr_integer_dot_product", "cl_khr_expect_assume", "cl_khr_kernel_clock", "cl_ext_float_atomics",
];

/** Optional features of OpenCL C 3.0 (section 6.2.1) that every device has. */
export const languageFeatures: readonly string[] = [
  "__opencl_c_atomic_order_acq_rel", "__opencl_c_atomic_order_seq_cst", "__opencl_c_atomic_scope_device", "__opencl_c_atomic_scope_all_devices",
  "__opencl_c_generic_address_space", "__opencl_c_program_scope_global_variables", "__opencl_c_work_group_collective_functions",
  "__opencl_c_subgroups", "__opencl_c_fp64", "__opencl_c_int64",
  "__opencl_c_integer_dot_product_input_4x8bit", "__opencl_c_integer_dot_product_input_4x8bit_packed",
  "__opencl_c_kernel_clock_scope_device", "__opencl_c_kernel_clock_scope_work_group", "__opencl_c_kernel_clock_scope_sub_group",
  ...["fp32", "fp64"].flatMap((type) => ["global", "local"].flatMap((space) => ["add", "min_max"].map((what) => `__opencl_c_ext_${type}_${space}_atomic_${what}`))),
];

/** What a device with images has besides (descriptors and samplers: `../builtins/opencl/images/descriptor.ts`). */
export const imageExtensions: readonly string[] = ["cl_khr_3d_image_writes", "cl_khr_depth_images", "cl_khr_srgb_image_writes"];
export const imageFeatures: readonly string[] = ["__opencl_c_images", "__opencl_c_3d_image_writes", "__opencl_c_read_write_images"];

/** Clang insists that these agree. */
const PAIRS: readonly (readonly [string, string])[] = [
  ["cl_khr_fp64", "__opencl_c_fp64"], ["cl_khr_3d_image_writes", "__opencl_c_3d_image_writes"],
];

/** Arguments for Clang that switch exactly these extensions and features on. */
export function extensionArguments(names: readonly string[]): string[] {
  const on = new Set(names);
  for (const [a, b] of PAIRS) if (on.has(a) || on.has(b)) on.add(a).add(b);
  const list = [...on];
  return [
    `-cl-ext=-all${list.map((name) => `,+${name}`).join("")}`,
    // Extensions that Clang has no switch for are macros, and builtins that ask for the macro.
    ...list.filter((name) => name.startsWith("cl_")).map((name) => `-D${name}=1`),
  ];
}
