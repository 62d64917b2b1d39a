import { CompileError } from "../abi.ts";
import type { PtxHeader } from "./ast.ts";
import { count } from "./expression.ts";
import { ch, Scanner } from "./scanner.ts";

/** The newest version that this front end reads: PTX ISA 9.0, of CUDA 13.0. */
export const newestVersion: { readonly major: number; readonly minor: number } = { major: 9, minor: 0 };

/** Versions of the ISA in which architectures came (PTX ISA, release notes): 6.3 is 63. */
const firstVersions: Readonly<Record<string, number>> = {
  sm_50: 40, sm_52: 41, sm_53: 42, sm_60: 50, sm_61: 50, sm_62: 50, sm_70: 60, sm_72: 61, sm_75: 63, sm_80: 70, sm_86: 71, sm_87: 74, sm_89: 78, sm_90: 78, sm_100: 86, sm_120: 87,
};

function digits(s: Scanner): number {
  const start = s.pos;
  while (s.at(0) >= ch.zero && s.at(0) <= ch.nine) s.pos++;
  if (s.pos === start || s.pos - start > 4) s.fail("expected a version such as 8.0");
  return Number(s.src.slice(start, s.pos));
}

function version(s: Scanner): PtxHeader["version"] {
  s.peek();
  const major = digits(s);
  if (s.at(0) !== ch.dot) s.fail("expected a version such as 8.0");
  s.pos++;
  return { major, minor: digits(s) };
}

function targets(s: Scanner): string[] {
  const out: string[] = [];
  do out.push(s.expectName("a target such as sm_90")); while (s.eat(ch.comma));
  return out;
}

/** Whether directive `word` is the next thing; takes it then. */
function next(s: Scanner, word: string): boolean {
  if (s.peek() !== ch.dot) return false;
  const start = s.pos;
  if (s.directive() === word) return true;
  s.pos = start;
  return false;
}

/**
 * Reads `.version`, `.target` and `.address_size` (PTX ISA 11.1) with a scanner that stands at the start.
 * @throws CompileError syntax when they are missing, target when the version is above `newest` (Infinity: no bound) or addresses have 32 bits
 */
export function readHeader(s: Scanner, newest: PtxHeader["version"] = newestVersion): PtxHeader {
  while (s.peek() === ch.at && s.at(1) === ch.at) s.skipLine();
  if (!next(s, "version")) s.fail(`a PTX module begins with .version, found ${s.found()}`);
  const line = s.line;
  const v = version(s);
  if (v.major > newest.major || (v.major === newest.major && v.minor > newest.minor)) {
    throw new CompileError("target", `unsupported PTX version ${v.major}.${v.minor}: the newest this driver reads is ${newest.major}.${newest.minor}`, line, 1);
  }
  if (!next(s, "target")) s.fail(`expected .target after .version, found ${s.found()}`);
  const target = targets(s);
  if (!target.some((word) => /^sm_\d{2,3}[af]?$/.test(word))) {
    throw new CompileError("target", `.target ${target.join(", ")} names no architecture such as sm_90`, s.line, 1);
  }
  const least = target.map((word) => firstVersions[word.replace(/[af]$/, "")]).find((known) => known !== undefined) ?? 0;
  if (newest.major < Infinity && 10 * v.major + v.minor < least) {
    throw new CompileError("type", `.version ${v.major}.${v.minor} does not have .target ${target.join(", ")}: ${Math.floor(least / 10)}.${least % 10} is the first that does`, line, 1);
  }
  // NON-SPEC: the ISA's default is 32; NVIDIA's own assembler takes the host's 64.
  let addressSize: 32 | 64 = 64;
  if (next(s, "address_size")) {
    const at = s.line;
    const size = count(s, "an address size");
    if (size !== 32 && size !== 64) s.fail(".address_size is 32 or 64");
    addressSize = size;
    // Whoever only asks what a module says of itself takes any version, and either size.
    if (size !== 64 && newest.major < Infinity) throw new CompileError("target", `.address_size ${size} is not supported: addresses have 64 bits`, at, 1);
  }
  return { version: v, target, addressSize };
}

/**
 * What a module says of itself, without reading the rest: so that a driver can answer UNSUPPORTED_PTX_VERSION and
 * NO_BINARY_FOR_GPU. No version is refused here.
 *
 * @param text PTX text
 * @returns version, target words, and address size (64 where none is given)
 * @throws CompileError syntax when the text does not begin as PTX does
 */
export function ptxHeader(text: string): PtxHeader {
  return readHeader(new Scanner(text), { major: Infinity, minor: 0 });
}
