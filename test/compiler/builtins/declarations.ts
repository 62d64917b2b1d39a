import { openSync, readSync, closeSync, fstatSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Declarations of builtins, as the header of the optional Clang has them: every name with every type. */
export interface Declaration {
  readonly name: string;
  readonly result: CType;
  readonly params: readonly CType[];
}

/** A type of OpenCL C, as LLVM IR and Itanium's names write it; null in `mangled`: not one that is tried here. */
export interface CType {
  readonly llvm: string;
  readonly mangled: string;
  /** Enumerations get a constant. */
  readonly constant: string | null;
}

const SCALARS: Readonly<Record<string, readonly [llvm: string, mangled: string]>> = {
  char: ["i8", "c"], uchar: ["i8", "h"], short: ["i16", "s"], ushort: ["i16", "t"], int: ["i32", "i"], uint: ["i32", "j"], long: ["i64", "l"], ulong: ["i64", "m"],
  half: ["half", "Dh"], float: ["float", "f"], double: ["double", "d"], size_t: ["i64", "m"], void: ["void", "v"], bool: ["i1", "b"], cl_mem_fence_flags: ["i32", "j"], "unsigned int": ["i32", "j"],
  uintptr_t: ["i64", "m"], intptr_t: ["i64", "l"], ptrdiff_t: ["i64", "l"],
};
const SPACES: Readonly<Record<string, number>> = { __private: 0, private: 0, __global: 1, global: 1, __constant: 2, constant: 2, __local: 3, local: 3, __generic: 4 };
const ENUMS: Readonly<Record<string, string>> = { memory_order: "5", memory_scope: "1" };

function value(text: string): { llvm: string; mangled: string } | null {
  const plain = SCALARS[text];
  if (plain !== undefined) return { llvm: plain[0], mangled: plain[1] };
  const vector = /^([a-z]+?)(2|3|4|8|16)$/.exec(text);
  const element = vector === null ? undefined : SCALARS[vector[1]!];
  if (element !== undefined) return { llvm: `<${vector![2]} x ${element[0]}>`, mangled: `Dv${vector![2]}_${element[1]}` };
  const atomic = /^atomic_([a-z_]+)$/.exec(text)?.[1];
  if (atomic === undefined) return null;
  const inner = SCALARS[atomic === "flag" ? "int" : atomic];
  return inner === undefined ? null : { llvm: inner[0], mangled: `U7_Atomic${inner[1]}` };
}

/** One type, or null for images, events and what else is not tried here. */
function typeOf(text: string): CType | null {
  const constant = ENUMS[text.trim()];
  if (constant !== undefined) return { llvm: "i32", mangled: `${text.trim().length}${text.trim()}`, constant };
  const pointer = text.includes("*");
  const words = text.replace("*", " ").replace(/\b(const|volatile)\b/g, " ").trim().split(/\s+/).filter((word) => word !== "restrict" && word !== "");
  const space = words.map((word) => SPACES[word]).find((n) => n !== undefined);
  const rest = words.filter((word) => SPACES[word] === undefined);
  // A name of the parameter may follow.
  const inner = value(rest.join(" ")) ?? value(rest.slice(0, -1).join(" "));
  if (inner === null) return null;
  if (!pointer) return space === undefined ? { ...inner, constant: null } : null;
  const at = space ?? 4;
  const qualifiers = `${/\bvolatile\b/.test(text) ? "V" : ""}${/\bconst\b/.test(text) ? "K" : ""}`;
  return { llvm: at === 0 ? "ptr" : `ptr addrspace(${at})`, mangled: `P${at === 0 ? "" : `U3AS${at}`}${qualifiers}${inner.mangled}`, constant: null };
}

/** The text of a file of a tar archive. */
function fromTar(archive: string, name: string): string | null {
  const file = openSync(archive, "r");
  try {
    const header = Buffer.alloc(512);
    for (let at = 0; at < fstatSync(file).size; ) {
      readSync(file, header, 0, 512, at);
      const size = Number.parseInt(header.toString("latin1", 124, 136), 8);
      if (Number.isNaN(size)) return null;
      if (header.toString("latin1", 0, 100).replace(/\0.*$/s, "").endsWith(name)) {
        const content = Buffer.alloc(size);
        readSync(file, content, 0, size, at + 512);
        return content.toString("utf8");
      }
      at += 512 + Math.ceil(size / 512) * 512;
    }
    return null;
  } finally {
    closeSync(file);
  }
}

/** What is not offered: other makers' functions, device-side enqueue, mipmaps and multisampling. */
const FOREIGN = /^(amd_|arm_|intel_|capture_event|create_user|enqueue_|get_default_queue|get_image_num|ndrange_|release_event|retain_event|set_user_event|is_valid)/;

/** Atomics of half (cl_ext_float_atomics with fp16), a feature that no device of ours has. */
const HALF_ATOMIC = "U7_AtomicDh";

/** All declarations that can be tried by themselves, once each; null where the optional package is not installed. */
export function declarations(): readonly Declaration[] | null {
  let folder: string;
  try {
    folder = dirname(createRequire(import.meta.url).resolve("@yowasp/clang"));
  } catch {
    return null;
  }
  const header = fromTar(join(folder, "llvm-resources.tar"), "/opencl-c.h");
  if (header === null) return null;
  const found = new Map<string, Declaration>();
  for (const [, result, name, params] of header.matchAll(/^([a-z][\w *]*?)\s+__ovld(?:\s+__\w+)*\s+(\w+)\(([^)]*)\)/gm)) {
    if (FOREIGN.test(name!)) continue;
    const types = params!.trim() === "void" || params!.trim() === "" ? [] : params!.split(",").map(typeOf);
    const gives = typeOf(result!);
    if (gives === null || types.some((type) => type === null || type.mangled.includes(HALF_ATOMIC))) continue;
    const declaration: Declaration = { name: name!, result: gives, params: types as CType[] };
    found.set(`${name}(${declaration.params.map(({ mangled }) => mangled).join(",")})`, declaration);
  }
  return [...found.values()];
}

/** LLVM IR with a kernel for each declaration of one name, which calls it with its own parameters. Substitutions are left out of the names: Clang's own are in the fixtures. */
export function callsOf(list: readonly Declaration[]): string {
  return list.map(({ name, params, result }, i) => {
    const mangled = `_Z${name.length}${name}${params.map((param) => param.mangled).join("") || "v"}`;
    // What lies in private memory cannot come from outside.
    const args = params.map((param, n) => `${param.llvm} ${param.constant ?? (param.llvm === "ptr" ? "%own" : `%a${n}`)}`).join(", ");
    const taken = params.flatMap((param, n) => (param.constant === null && param.llvm !== "ptr" ? [`${param.llvm} %a${n}`] : []));
    const store = result.llvm === "void" ? "" : result.llvm === "i1" ? "%z = zext i1 %r to i8\n  store i8 %z, ptr addrspace(1) %o" : `store ${result.llvm} %r, ptr addrspace(1) %o`;
    return `declare spir_func ${result.llvm} @${mangled}(${params.map((param) => param.llvm).join(", ")})
define spir_kernel void @k${i}(${["ptr addrspace(1) %o", ...taken].join(", ")}) {
  %own = alloca [16 x i64], align 128
  ${result.llvm === "void" ? "" : "%r = "}call spir_func ${result.llvm} @${mangled}(${args})
  ${store}
  ret void
}
`;
  }).join("");
}
