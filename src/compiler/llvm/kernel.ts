import { CompileError } from "../abi.ts";
import type { KernelParam } from "../ir/module.ts";
import type { LFunction, LModule, LParam } from "./ast.ts";
import { tuple, tupleNumbers, tupleStrings } from "./debug.ts";
import type { Dialect } from "./dialect.ts";
import { elementLeaf } from "./flat.ts";
import type { KernelShape } from "./function.ts";
import { allocSize, alignOf, roundUp } from "./layout.ts";
import { showType, type LType } from "./types.ts";

function kindOf(dialect: Dialect, param: LParam): KernelParam["kind"] {
  const { type } = param;
  if (param.byval !== null) return "bytes";
  if (type.k === "ptr") {
    const space = dialect.space(type.space);
    if (space === "global" || space === "const" || space === "shared") return space;
    if (space === "generic") return "global";
    throw new CompileError("unsupported", `kernel parameter ${param.name} of type ${showType(type)}`);
  }
  if (type.k === "target") {
    if (type.name === "spirv.Sampler") return "sampler";
    if (type.name === "spirv.Image") return "image";
    throw new CompileError("unsupported", `kernel parameter ${param.name} of type ${showType(type)}`);
  }
  return type.k === "int" || type.k === "float" ? "scalar" : "bytes";
}

/** Lays parameters out one after the other, each at its own alignment, and reads what OpenCL metadata says of them. */
export function kernelShape(module: LModule, dialect: Dialect, fn: LFunction): KernelShape {
  const strings = (kind: string): string[] => tupleStrings(module, fn.metadata.get(kind));
  const types = strings("kernel_arg_type");
  const access = strings("kernel_arg_access_qual");
  const qualifiers = strings("kernel_arg_type_qual");
  const names = strings("kernel_arg_name");
  let bytes = 0;
  const params = fn.params.map((param, n): KernelParam => {
    const type: LType = param.byval ?? param.type;
    const size = allocSize(type);
    const align = Math.max(alignOf(type), param.byval === null ? 1 : param.align);
    const offset = roundUp(bytes, align);
    bytes = offset + size;
    const kind = kindOf(dialect, param);
    const typeName = types[n];
    return {
      name: names[n] ?? param.name, offset, size, align, kind,
      type: kind === "scalar" ? elementLeaf(type).type : null,
      info: typeName === undefined ? null : { typeName, access: access[n] ?? "none", qualifiers: (qualifiers[n] ?? "").split(" ").filter((q) => q !== "") },
    };
  });
  const triple = (kind: string): readonly [number, number, number] | null => {
    const [x, y, z] = tupleNumbers(module, fn.metadata.get(kind));
    return x === undefined || y === undefined || z === undefined ? null : [x, y, z];
  };
  const [subGroupSize] = tupleNumbers(module, fn.metadata.get("intel_reqd_sub_group_size"));
  return {
    params, bytes,
    attributes: {
      reqdWorkGroupSize: triple("reqd_work_group_size"), workGroupSizeHint: triple("work_group_size_hint"),
      maxThreads: null, minBlocksPerSm: null, vecTypeHint: vectorHint(module, fn), registers: 32, ...(subGroupSize === undefined ? {} : { subGroupSize }),
    },
  };
}

const HINTS: Readonly<Record<string, string>> = { i8: "char", i16: "short", i32: "int", i64: "long", half: "half", float: "float", double: "double" };

/** !vec_type_hint !{<4 x float> undef, i32 0}: the type, and 1 when it is signed (0 means unsigned, for integers). */
function vectorHint(module: LModule, fn: LFunction): string | null {
  const [type, sign] = tuple(module, fn.metadata.get("vec_type_hint"));
  const match = type === undefined ? null : /^(?:<(\d+) x )?(\w+)>? /.exec(`${type} `);
  const name = match === null ? undefined : HINTS[match[2]!];
  if (match === null || name === undefined) return null;
  const unsigned = match[2]!.startsWith("i") && sign !== undefined && /\b0$/.test(sign);
  return `${unsigned ? "u" : ""}${name}${match[1] ?? ""}`;
}
