import { CompileError } from "../../abi.ts";
import type { KernelParam } from "../../ir/module.ts";
import { Reg, type PtxFunction, type Variable } from "../ast.ts";

/** Bytes that all parameters of a kernel may take (CUDA C++ Programming Guide: 32,764 since 12.1). */
const MAX_PARAM_BYTES = 32764;

/** Offsets of a kernel's parameters, and the size of the block. */
export interface ParamLayout {
  readonly offsets: readonly number[];
  readonly bytes: number;
}

function asVariable(p: Variable | Reg, line: number): Variable {
  if (p instanceof Reg) throw new CompileError("syntax", "a kernel's parameters are .param variables", line);
  return p;
}

/**
 * Lays out a kernel's parameters: each at the next multiple of its alignment.
 * @throws CompileError when they take too much room
 */
export function layoutParams(fn: PtxFunction): ParamLayout {
  const offsets: number[] = [];
  let at = 0;
  for (const p of fn.params) {
    const { align, size } = asVariable(p, fn.line);
    at = Math.ceil(at / align) * align;
    offsets.push(at);
    at += size;
  }
  if (at > MAX_PARAM_BYTES) throw new CompileError("unsupported", `kernel '${fn.name}' has ${at} bytes of parameters, at most ${MAX_PARAM_BYTES} are allowed`, fn.line);
  return { offsets, bytes: at };
}

/**
 * A kernel's parameters as the host sees them. PTX does not say which of them are pointers in a way one could rely on:
 * 64-bit ones are scalars of type i64. References are handles, 64 bits too.
 */
export function kernelParams(fn: PtxFunction, layout: ParamLayout): KernelParam[] {
  return fn.params.map((p, i) => {
    const v = asVariable(p, fn.line);
    if (v.type.kind === "opaque") {
      const info = { typeName: v.type.name, access: "none", qualifiers: [] };
      return { name: v.name, offset: layout.offsets[i]!, size: v.size, align: v.align, kind: v.type.name === "samplerref" ? "sampler" : "image", type: "i64", info };
    }
    const scalar = v.dims.length === 0 && v.vector === 1 && v.type.ir !== null;
    return {
      name: v.name, offset: layout.offsets[i]!, size: v.size, align: v.align, kind: scalar ? "scalar" : "bytes", type: scalar ? v.type.ir : null, info: null,
    };
  });
}
