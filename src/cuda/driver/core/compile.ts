import { CompileError, type DeviceCode } from "../../../compiler/abi.ts";
import type { Module } from "../../../compiler/ir/module.ts";
import { compileModule } from "../../../compiler/wasm/index.ts";
import * as cu from "../../abi/driver/constants.ts";
import { decodeImage, isLinkedImage } from "./image.ts";
import { linkImage } from "./link.ts";
import { isRefusal, refusalOf, type Refusal } from "./refusal.ts";
import { ptxModule } from "./unit.ts";

/** Compiled modules kept by their text, for all processes: compiling is pure. */
const CACHE_ENTRIES = 64;
const cache = new Map<string, DeviceCode>();

/** Bytes of shared memory that a kernel's text may declare, whatever the device has (ptxas; more is dynamic, and asked for with cuFuncSetAttribute). */
const MAX_STATIC_SHARED = 0xc000;

/** Code of an IR module, or why there is none. */
export function finishModule(module: Module): DeviceCode | Refusal {
  try {
    const code = compileModule(module);
    for (const [name, { sharedBytes }] of code.kernels) {
      if (sharedBytes > MAX_STATIC_SHARED) throw new CompileError("type", `entry function '${name}' uses too much shared data (0x${sharedBytes.toString(16)} bytes, 0x${MAX_STATIC_SHARED.toString(16)} max)`);
    }
    return code;
  } catch (error) {
    if (error instanceof CompileError) return refusalOf(error);
    throw error;
  }
}

/** The module of a text or a linked image for a device, or why there is none. */
function imageModule(text: string, name: string, capability: readonly [number, number], maxRegisters: number): Module | Refusal {
  if (!isLinkedImage(text)) return limitRegisters(ptxModule(text, name, capability, "whole"), maxRegisters);
  const image = decodeImage(text);
  if (isRefusal(image)) return image;
  const [major, minor] = image.target;
  if (major !== capability[0] || minor > capability[1]) {
    const rule = `code linked for compute capability ${major}.${minor} cannot run on a device of ${capability.join(".")}`;
    return { code: cu.CUDA_ERROR_NO_BINARY_FOR_GPU, rule, log: `error   : ${rule}` };
  }
  return limitRegisters(linkImage(image), image.maxRegisters);
}

/** Kernels with at most so many registers (0: no limit), as CU_JIT_MAX_REGISTERS asks. */
function limitRegisters(module: Module | Refusal, most: number): Module | Refusal {
  if (most === 0 || isRefusal(module)) return module;
  for (const [name, fn] of module.functions) {
    if (fn.attributes !== null && fn.attributes.registers > most) module.functions.set(name, { ...fn, attributes: { ...fn.attributes, registers: most } });
  }
  return module;
}

/**
 * Code of a PTX text or a linked image for a device, or why there is none. Kept by its text.
 * @param name of the module, for messages
 * @param maxRegisters of a kernel; 0: no limit
 */
export function compilePtx(text: string, name: string, capability: readonly [number, number], maxRegisters = 0): DeviceCode | Refusal {
  const key = `${capability.join(".")} ${maxRegisters}\n${text}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const module = imageModule(text, name, capability, maxRegisters);
  if (isRefusal(module)) return module;
  const code = finishModule(module);
  if (isRefusal(code)) return code;
  const oldest = cache.keys().next();
  if (cache.size >= CACHE_ENTRIES && oldest.done !== true) cache.delete(oldest.value);
  cache.set(key, code);
  return code;
}
