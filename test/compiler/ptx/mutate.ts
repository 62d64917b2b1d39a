/** Mutated texts: what editors, broken downloads and buggy generators make of a source file. Everything depends on the seed alone. */

/** A repeatable generator of whole numbers below a bound. */
export type Pick = (below: number) => number;

/** @param seed any 32-bit number */
export function picker(seed: number): Pick {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** A text cut once into lines and tokens (white space and comments are tokens too, so that joining gives the text again). */
export interface Source {
  readonly text: string;
  readonly lines: readonly string[];
  readonly tokens: readonly string[];
  /** Where in `tokens` the numbers, registers and types are. */
  readonly numbers: readonly number[];
  readonly registers: readonly number[];
  readonly types: readonly number[];
}

const NUMBER = /^(0[xfFdD][0-9a-fA-F]+|\d+)$/;
const TYPE = /^([usbf](8|16|32|64|128)|f16x2|bf16|pred|i(1|8|16|32|64|128)|float|double|half|ptr|int|uint|long|char|short|float4|size_t)$/;

/** Cuts a text up. @param register what its registers look like */
export function sourceOf(text: string, register: RegExp = /^%\w+$/): Source {
  const tokens = text.match(/\s+|\/\/[^\n]*|[%$@!]?\w+|./gs) ?? [];
  const where = (pattern: RegExp): number[] => tokens.flatMap((token, i) => (pattern.test(token) ? [i] : []));
  return { text, lines: text.split("\n"), tokens, numbers: where(NUMBER), registers: where(register), types: where(TYPE) };
}

const NUMBERS: readonly string[] = [
  "0", "1", "2", "3", "4", "7", "8", "16", "31", "32", "33", "63", "64", "65", "127", "128", "255", "256", "1023", "1024", "65535", "65536", "2147483647", "2147483648", "4294967295", "4294967296",
  "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999999999", "-1", "-2147483649", "0x7fffffffffffffff", "0f7F800000", "0fFFC00000", "0d7FF0000000000000", "1e9",
];
const BYTES: readonly string[] = [..."{}[]();,.:%@!|<>=+-*/&^~?\"'\\#\0\n\t $_0aFx9éU\u2028\ud800"];

interface Change {
  readonly what: string;
  readonly make: (source: Source, other: Source, pick: Pick) => string;
}

function among<T>(list: readonly T[], pick: Pick): T {
  return list[pick(list.length)]!;
}

/** Puts another token where one of a kind is: mostly one of the same kind from the same text. */
function exchange(source: Source, at: readonly number[], pick: Pick, replacement: (old: string) => string): string {
  if (at.length === 0) return source.text;
  const tokens = [...source.tokens];
  for (let n = 1 + pick(2); n > 0; n--) {
    const i = among(at, pick);
    tokens[i] = replacement(tokens[i]!);
  }
  return tokens.join("");
}

const changes: readonly Change[] = [
  { what: "bytes", make: ({ text }, _, pick) => {
    let out = text;
    for (let n = 1 + pick(4); n > 0; n--) {
      const i = pick(out.length + 1);
      out = out.slice(0, i) + (pick(3) === 0 ? "" : among(BYTES, pick)) + out.slice(i + pick(3));
    }
    return out;
  } },
  { what: "tokens", make: (source, other, pick) => {
    const tokens = [...source.tokens];
    for (let n = 1 + pick(3); n > 0; n--) {
      const [i, j] = [pick(tokens.length + 1), pick(tokens.length)];
      switch (pick(5)) {
        case 0: tokens.splice(i, 1 + pick(3)); break;
        case 1: tokens.splice(i, 0, among(other.tokens, pick)); break;
        case 2: tokens[j] = among(other.tokens, pick); break;
        case 3: tokens.splice(i, 0, ...tokens.slice(j, j + pick(20))); break;
        default: [tokens[j], tokens[i % tokens.length]] = [tokens[i % tokens.length]!, tokens[j]!];
      }
      if (tokens.length === 0) break;
    }
    return tokens.join("");
  } },
  { what: "lines", make: (source, other, pick) => {
    const lines = [...source.lines];
    for (let n = 1 + pick(3); n > 0; n--) {
      const [i, j] = [pick(lines.length), pick(lines.length)];
      switch (pick(4)) {
        case 0: lines.splice(i, 1 + pick(2)); break;
        case 1: lines.splice(i, 0, lines[j]!); break;
        case 2: lines.splice(i, 0, among(other.lines, pick)); break;
        default: [lines[i], lines[j]] = [lines[j]!, lines[i]!];
      }
      if (lines.length === 0) break;
    }
    return lines.join("\n");
  } },
  { what: "numbers", make: (source, _, pick) => exchange(source, source.numbers, pick, (old) => (pick(3) === 0 && /^\d{1,9}$/.test(old) ? String(Number(old) + pick(9) - 4) : among(NUMBERS, pick))) },
  { what: "registers", make: (source, _, pick) => exchange(source, source.registers, pick, () => source.tokens[among(source.registers, pick)]!) },
  { what: "types", make: (source, other, pick) => exchange(source, source.types, pick, (old) => {
    const pool = pick(2) === 0 || other.types.length === 0 ? source : other;
    return pool.types.length === 0 ? old : pool.tokens[among(pool.types, pick)]!;
  }) },
  { what: "truncated", make: ({ text }, _, pick) => (pick(8) === 0 ? text.slice(pick(text.length)) : text.slice(0, pick(text.length))) },
  { what: "spliced", make: (source, other, pick) => {
    const [i, j] = [pick(source.lines.length), pick(other.lines.length)];
    return [...source.lines.slice(0, i), ...other.lines.slice(j, j + 1 + pick(40)), ...source.lines.slice(pick(2) === 0 ? i : i + pick(40))].join("\n");
  } },
];

/** A changed text and what was done to it. */
export interface Mutant {
  readonly text: string;
  readonly what: string;
}

/** Mutant number `seed` of some sources. */
export function mutant(sources: readonly Source[], seed: number): Mutant {
  const pick = picker(seed);
  let source = among(sources, pick);
  const made: string[] = [];
  for (let n = pick(4) === 0 ? 2 : 1; n > 0; n--) {
    const { what, make } = among(changes, pick);
    made.push(what);
    const text = make(source, among(sources, pick), pick);
    source = n > 1 ? sourceOf(text) : { ...source, text };
  }
  return { text: source.text, what: made.join(", ") };
}

/** Leaves out lines as long as `fails` holds: a shorter text that shows the same. */
export function reduced(text: string, fails: (text: string) => boolean): string {
  let lines = text.split("\n");
  let tries = 2000;
  for (let size = lines.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < lines.length && tries-- > 0;) {
      const rest = [...lines.slice(0, at), ...lines.slice(at + size)];
      if (fails(rest.join("\n"))) lines = rest;
      else at += size;
    }
  }
  return lines.join("\n");
}
