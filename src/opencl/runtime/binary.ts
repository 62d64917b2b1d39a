import { CompileError } from "../../compiler/abi.ts";
import type { Module } from "../../compiler/ir/module.ts";
import { parseModule } from "../../compiler/ir/parse.ts";
import { printModule } from "../../compiler/ir/print.ts";
import { verifyModule } from "../../compiler/ir/verify.ts";
import { CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT, CL_PROGRAM_BINARY_TYPE_EXECUTABLE, CL_PROGRAM_BINARY_TYPE_LIBRARY } from "../abi/constants.ts";
import { Recent } from "./recent.ts";

/**
 * A program binary: "GLASSCL2", then u32 little endian: type (CL_PROGRAM_BINARY_TYPE_*), flags, bytes of options, bytes of code, two words of a hash over those four and all that
 * follows; then the options, then the code: the device IR as text, which any machine can load.
 */
const MAGIC = "GLASSCL2";
const HEADER = 32;
/** Where the four words begin that the hash covers. */
const WORDS = 8;
const WORDS_END = 24;
const NON_UNIFORM = 1;
const ARG_INFO = 2;

/** What a program binary holds. */
export interface BinaryContents {
  readonly type: number;
  readonly options: string;
  readonly nonUniform: boolean;
  readonly argInfo: boolean;
  readonly module: Module;
}

/** 64 bits of a binary without its magic and its hash, as two words (cyrb53's mixing). */
function contentHash(binary: Uint8Array): readonly [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (const part of [binary.subarray(WORDS, WORDS_END), binary.subarray(HEADER)]) {
    for (let i = 0; i < part.length; i++) {
      a = Math.imul(a ^ part[i]!, 0x9e3779b1);
      b = Math.imul(b ^ part[i]!, 0x5f356495);
    }
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return [a >>> 0, b >>> 0];
}

/** Makes a binary. */
export function encodeBinary(contents: BinaryContents): Uint8Array {
  const encoder = new TextEncoder();
  const options = encoder.encode(contents.options);
  const code = encoder.encode(printModule(contents.module));
  const bytes = new Uint8Array(HEADER + options.length + code.length);
  bytes.set(encoder.encode(MAGIC));
  bytes.set(options, HEADER);
  bytes.set(code, HEADER + options.length);
  const view = new DataView(bytes.buffer);
  const flags = (contents.nonUniform ? NON_UNIFORM : 0) | (contents.argInfo ? ARG_INFO : 0);
  [contents.type, flags, options.length, code.length].forEach((word, i) => view.setUint32(WORDS + 4 * i, word, true));
  contentHash(bytes).forEach((word, i) => view.setUint32(WORDS_END + 4 * i, word, true));
  return bytes;
}

/** Reads a binary; null when it is none of ours, damaged, or cut. */
export function decodeBinary(bytes: Uint8Array): BinaryContents | null {
  if (bytes.length < HEADER) return null;
  const decoder = new TextDecoder();
  if (decoder.decode(bytes.subarray(0, 8)) !== MAGIC) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [type, flags, optionBytes, codeBytes, low, high] = Array.from({ length: 6 }, (_, i) => view.getUint32(WORDS + 4 * i, true)) as [number, number, number, number, number, number];
  if (HEADER + optionBytes + codeBytes !== bytes.length) return null;
  const [a, b] = contentHash(bytes);
  if (a !== low || b !== high) return null;
  if (![CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT, CL_PROGRAM_BINARY_TYPE_LIBRARY, CL_PROGRAM_BINARY_TYPE_EXECUTABLE].some((known) => known === type)) return null;
  const options = decoder.decode(bytes.subarray(HEADER, HEADER + optionBytes));
  const text = decoder.decode(bytes.subarray(HEADER + optionBytes));
  const module = modules.get(text, () => parse(text));
  return module === null ? null : { type, options, nonUniform: (flags & NON_UNIFORM) !== 0, argInfo: (flags & ARG_INFO) !== 0, module };
}

/** One module for equal texts, so that it is compiled once. */
const modules = new Recent<Module | null>(32);

function parse(text: string): Module | null {
  try {
    const module = parseModule(text);
    return verifyModule(module).length > 0 ? null : module;
  } catch (error) {
    if (error instanceof CompileError) return null;
    throw error;
  }
}
