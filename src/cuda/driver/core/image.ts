import type { ModuleImage } from "../../abi/common.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { Refusal } from "./refusal.ts";

/**
 * What cuLinkComplete gives: opaque to programs, plain bytes to any process and machine. It holds what was linked (texts and their names, the target, the limit of registers), and
 * loading it links again: linking takes no longer than reading a compiled form would.
 */
export interface LinkedImage {
  /** Compute capability it is for. */
  readonly target: readonly [number, number];
  /** CU_JIT_MAX_REGISTERS; 0: no limit. */
  readonly maxRegisters: number;
  readonly units: readonly LinkUnit[];
}

/** One input of a link. */
export interface LinkUnit {
  readonly name: string;
  readonly ptx: string;
}

/** First bytes of every linked image; no text begins like this. */
const MAGIC = "\x7fGGC";

/** Whether a text, as `imageText` gives it, is a linked image. */
export function isLinkedImage(text: string): boolean {
  return text.startsWith(MAGIC);
}

/** The image's bytes: ASCII, without NUL. */
export function encodeImage({ target, maxRegisters, units }: LinkedImage): Uint8Array {
  const json = JSON.stringify({ target, maxRegisters, units: units.map(({ name, ptx }) => [name, ptx]) });
  const ascii = json.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return Uint8Array.from(MAGIC + ascii, (c) => c.charCodeAt(0));
}

/** What an image holds, or why it is none. */
export function decodeImage(text: string): LinkedImage | Refusal {
  try {
    const { target, maxRegisters, units } = JSON.parse(text.slice(MAGIC.length)) as { target: unknown; maxRegisters: unknown; units: unknown };
    const pairs = Array.isArray(units) ? units.map((unit) => (Array.isArray(unit) && unit.length === 2 && typeof unit[0] === "string" && typeof unit[1] === "string" ? { name: unit[0], ptx: unit[1] } : null)) : [null];
    if (Array.isArray(target) && target.length === 2 && target.every(Number.isInteger) && Number.isInteger(maxRegisters) && !pairs.includes(null)) {
      return { target: [target[0] as number, target[1] as number], maxRegisters: maxRegisters as number, units: pairs as LinkUnit[] };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
  }
  const what = "the image is damaged: its bytes are not as cuLinkComplete gave them";
  return { code: cu.CUDA_ERROR_INVALID_IMAGE, rule: what, log: `error   : ${what}` };
}

/** The text of an image, or why it has none. A linked image is a text too, to be told by `isLinkedImage`. */
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
