import { CompileError, type DeviceCode } from "../../../compiler/abi.ts";
import type { Module } from "../../../compiler/ir/module.ts";
import { ptxHeader } from "../../../compiler/ptx/header.ts";
import { ptxToIr } from "../../../compiler/ptx/lower/to-ir.ts";
import { compileModule } from "../../../compiler/wasm/index.ts";
import type { ModuleImage } from "../../abi/common.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUresult } from "../../abi/driver/enums.ts";

/** The newest PTX this driver reads (CUDA 13.0). */
const NEWEST_PTX = [9, 0] as const;

/** Compiled modules kept by their text, for all processes: compiling is pure. */
const CACHE_ENTRIES = 64;
const cache = new Map<string, DeviceCode>();

/** Why a text cannot be loaded. */
export interface Refusal {
  readonly code: CUresult;
  readonly rule: string;
  /** What the error log of the just-in-time compiler gets. */
  readonly log: string;
}

/** Whether the result is a refusal. */
export function isRefusal(result: object): result is Refusal {
  return "rule" in result;
}

/** The text of an image, or why it has none. */
export function imageText(image: ModuleImage): string | Refusal {
  if (typeof image === "string") return image.replace(/\0[^]*$/, "");
  const bytes = new Uint8Array(image.buffer, image.byteOffset, image.byteLength);
  const magic = bytes.length >= 4 ? bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24) : 0;
  if (magic === 0x464c457f || magic === (0xba55ed50 | 0) || magic === 0x466243b1) {
    const what = "machine code (a cubin or fat binary) cannot run on a simulated GPU: load PTX text";
    return { code: cu.CUDA_ERROR_NO_BINARY_FOR_GPU, rule: what, log: what };
  }
  const end = bytes.indexOf(0);
  let text = "";
  for (let at = 0, length = end < 0 ? bytes.length : end; at < length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, Math.min(length, at + 8192)));
  return text;
}

/** The refusal for an error of a front end. */
export function refusalOf(error: CompileError): Refusal {
  const log = `ptxas error   : ${error.message}`;
  switch (error.kind) {
    case "syntax": case "type": return { code: cu.CUDA_ERROR_INVALID_PTX, rule: `the PTX text is not valid: ${error.message}`, log };
    case "target": return { code: cu.CUDA_ERROR_NO_BINARY_FOR_GPU, rule: `the PTX text is for another architecture: ${error.message}`, log };
    case "link": return { code: cu.CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND, rule: `a symbol cannot be resolved: ${error.message}`, log };
    case "unsupported": return { code: cu.CUDA_ERROR_NOT_SUPPORTED, rule: `the PTX text uses what this emulator does not execute: ${error.message}`, log };
    default: {
      const never: never = error.kind;
      throw new Error(`not covered: ${String(never)}`);
    }
  }
}

/** Checks what a text says of itself against the device. @returns null when it may be compiled. */
function refuseHeader(text: string, capability: readonly [number, number]): Refusal | null {
  const header = ptxHeader(text);
  const [major, minor] = [header.version.major, header.version.minor];
  if (major > NEWEST_PTX[0] || (major === NEWEST_PTX[0] && minor > NEWEST_PTX[1])) {
    const rule = `PTX version ${major}.${minor} is newer than ${NEWEST_PTX.join(".")}, the newest that this driver reads`;
    return { code: cu.CUDA_ERROR_UNSUPPORTED_PTX_VERSION, rule, log: `ptxas fatal   : Unsupported .version ${major}.${minor}` };
  }
  const target = header.target.map((word) => /^sm_(\d+)(\d)([af]?)$/.exec(word)).find((match) => match !== null);
  if (target === null || target === undefined) return null;
  const wanted = Number(target[1]) * 10 + Number(target[2]);
  const has = capability[0] * 10 + capability[1];
  const exact = target[3] === "a" ? has === wanted : target[3] === "f" ? Math.floor(has / 10) === Math.floor(wanted / 10) && has >= wanted : has >= wanted;
  if (exact) return null;
  const rule = `.target ${target[0]} cannot run on a device of compute capability ${capability.join(".")}`;
  return { code: cu.CUDA_ERROR_NO_BINARY_FOR_GPU, rule, log: `ptxas fatal   : ${rule}` };
}

/** IR of a PTX text for a device, or why there is none. */
export function ptxModule(text: string, name: string, capability: readonly [number, number]): Module | Refusal {
  try {
    return refuseHeader(text, capability) ?? ptxToIr(text, name);
  } catch (error) {
    if (error instanceof CompileError) return refusalOf(error);
    throw error;
  }
}

/** Code of an IR module, or why there is none. */
export function finishModule(module: Module): DeviceCode | Refusal {
  try {
    return compileModule(module);
  } catch (error) {
    if (error instanceof CompileError) return refusalOf(error);
    throw error;
  }
}

/** Code of a PTX text for a device, or why there is none. Kept by its text. */
export function compilePtx(text: string, name: string, capability: readonly [number, number]): DeviceCode | Refusal {
  const key = `${capability.join(".")}\n${text}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const module = ptxModule(text, name, capability);
  if (isRefusal(module)) return module;
  const code = finishModule(module);
  if (isRefusal(code)) return code;
  const oldest = cache.keys().next();
  if (cache.size >= CACHE_ENTRIES && oldest.done !== true) cache.delete(oldest.value);
  cache.set(key, code);
  return code;
}
