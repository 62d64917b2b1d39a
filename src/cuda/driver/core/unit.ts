import { CompileError } from "../../../compiler/abi.ts";
import type { Module } from "../../../compiler/ir/module.ts";
import { ptxHeader } from "../../../compiler/ptx/header.ts";
import type { Linking } from "../../../compiler/ptx/lower/module.ts";
import { ptxToIr } from "../../../compiler/ptx/lower/to-ir.ts";
import * as cu from "../../abi/driver/constants.ts";
import { refusalOf, type Refusal } from "./refusal.ts";

/** The newest PTX this driver reads (CUDA 13.0). */
const NEWEST_PTX = [9, 0] as const;

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

/** IR of a PTX text for a device, or why there is none. @param linking `whole`: nothing else defines symbols; `unit`: other texts may */
export function ptxModule(text: string, name: string, capability: readonly [number, number], linking: Linking): Module | Refusal {
  try {
    return refuseHeader(text, capability) ?? ptxToIr(text, name, { linking });
  } catch (error) {
    if (error instanceof CompileError) return refusalOf(error);
    throw error;
  }
}
