/**
 * Build options as clBuildProgram, clCompileProgram and clLinkProgram take them (OpenCL 3.0 section 5.8.6). Anything else is
 * invalid: the caller answers CL_INVALID_BUILD_OPTIONS (_COMPILER_, _LINKER_).
 */
export type Phase = "build" | "compile" | "link";

/** What an options string asks for. */
export interface BuildOptions {
  /** `NAME` or `NAME=value`. */
  readonly defines: readonly string[];
  /** Directories of -I, in order. */
  readonly includes: readonly string[];
  /** "CL1.0" ... "CL3.0"; null when not given. */
  readonly std: string | null;
  readonly optimise: boolean;
  readonly warnings: "default" | "none" | "errors";
  readonly debug: boolean;
  /** Host-visible argument information was asked for. */
  readonly kernelArgInfo: boolean;
  /** -cl-* switches that go to the compiler as they are. */
  readonly switches: readonly string[];
  readonly createLibrary: boolean;
  readonly enableLinkOptions: boolean;
}

/** The options, or what is wrong with them, as the end of a sentence. */
export type ParsedOptions = { readonly ok: true; readonly options: BuildOptions } | { readonly ok: false; readonly message: string };

/** Switches, and whether a linker takes them too. */
const SWITCHES: ReadonlyMap<string, { readonly link: boolean }> = new Map([
  ["-cl-single-precision-constant", { link: false }],
  ["-cl-denorms-are-zero", { link: true }],
  ["-cl-fp32-correctly-rounded-divide-sqrt", { link: false }],
  ["-cl-strict-aliasing", { link: false }],
  ["-cl-uniform-work-group-size", { link: false }],
  ["-cl-no-subgroup-ifp", { link: true }],
  ["-cl-mad-enable", { link: false }],
  ["-cl-no-signed-zeros", { link: true }],
  ["-cl-unsafe-math-optimizations", { link: true }],
  ["-cl-finite-math-only", { link: true }],
  ["-cl-fast-relaxed-math", { link: true }],
]);

const STANDARDS = new Set(["CL1.0", "CL1.1", "CL1.2", "CL2.0", "CL3.0"]);

/** Words, separated by white space; quotes keep it, a backslash takes the next character as it is. Null for an open quote. */
export function splitOptions(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let n = 0; n < text.length; n++) {
    const c = text[n]!;
    if (c === "\\" && n + 1 < text.length && quote !== "'") word = (word ?? "") + text[++n]!;
    else if (quote !== "") {
      if (c === quote) quote = "";
      else word = (word ?? "") + c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= "";
    } else if (/\s/.test(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + c;
  }
  if (word !== null) words.push(word);
  return quote === "" ? words : null;
}

/**
 * Parses an options string.
 * @param phase which call it was given to: a linker knows fewer options, a compiler no linker's
 */
export function parseBuildOptions(text: string, phase: Phase = "build"): ParsedOptions {
  const words = splitOptions(text);
  if (words === null) return { ok: false, message: "a quote is not closed" };
  const defines: string[] = [];
  const includes: string[] = [];
  const switches: string[] = [];
  let std: string | null = null;
  let optimise = true;
  let warnings: BuildOptions["warnings"] = "default";
  let debug = false;
  let kernelArgInfo = false;
  let createLibrary = false;
  let enableLinkOptions = false;
  const refuse = (message: string): ParsedOptions => ({ ok: false, message });
  for (let n = 0; n < words.length; n++) {
    const word = words[n]!;
    const known = SWITCHES.get(word);
    if (known !== undefined) {
      if (phase === "link" && !known.link) return refuse(`${word} is no linker option`);
      switches.push(word);
      continue;
    }
    if (phase === "link") {
      // OpenCL 1.2 spells it so for linkers, and only for them.
      if (word === "-cl-no-signed-zeroes") switches.push("-cl-no-signed-zeros");
      else if (word === "-create-library") createLibrary = true;
      else if (word === "-enable-link-options") enableLinkOptions = true;
      else return refuse(`unknown linker option ${word}`);
      continue;
    }
    if (word === "-D" || word === "-I") {
      const value = words[++n];
      if (value === undefined || value === "") return refuse(`${word} needs a value`);
      if (word === "-D" && !/^[A-Za-z_]\w*(\(|=|$)/.test(value)) return refuse(`-D ${value} names no macro`);
      (word === "-D" ? defines : includes).push(value);
    } else if (word.startsWith("-D")) {
      if (!/^[A-Za-z_]\w*(\(|=|$)/.test(word.slice(2))) return refuse(`${word} names no macro`);
      defines.push(word.slice(2));
    } else if (word.startsWith("-I")) includes.push(word.slice(2));
    else if (word.startsWith("-cl-std=")) {
      std = word.slice("-cl-std=".length);
      if (!STANDARDS.has(std)) return refuse(`unknown language version ${std}`);
    } else if (word === "-cl-opt-disable") optimise = false;
    else if (word === "-cl-kernel-arg-info") kernelArgInfo = true;
    else if (word === "-w") warnings = "none";
    else if (word === "-Werror") warnings = warnings === "none" ? "none" : "errors"; // without warnings none is left to become an error
    else if (word === "-g") debug = true;
    else return refuse(`unknown option ${word}`);
  }
  if (createLibrary === false && enableLinkOptions) return refuse("-enable-link-options needs -create-library");
  return {
    ok: true,
    options: { defines, includes, std, optimise, warnings, debug, kernelArgInfo, switches, createLibrary, enableLinkOptions },
  };
}
