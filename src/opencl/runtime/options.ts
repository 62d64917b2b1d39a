/** What options of clBuildProgram, clCompileProgram or clLinkProgram ask for. API specification, 5.8.6 and 5.8.7. */
export interface BuildOptions {
  /** -D, in order: "NAME" or "NAME=value". */
  readonly defines: readonly string[];
  /** -I, in order. */
  readonly includes: readonly string[];
  /** "CL1.2" ...; null: not given. */
  readonly standard: string | null;
  /** Options for the compiler that are passed on as they are: -cl-*, -w, -Werror, -g. */
  readonly flags: readonly string[];
  readonly uniformGroups: boolean;
  readonly argInfo: boolean;
  readonly createLibrary: boolean;
}

/** Options that stand alone. */
const compilerFlags: ReadonlySet<string> = new Set([
  "-cl-single-precision-constant", "-cl-denorms-are-zero", "-cl-fp32-correctly-rounded-divide-sqrt", "-cl-opt-disable", "-cl-strict-aliasing", "-cl-uniform-work-group-size",
  "-cl-no-subgroup-ifp", "-cl-mad-enable", "-cl-no-signed-zeros", "-cl-unsafe-math-optimizations", "-cl-finite-math-only", "-cl-fast-relaxed-math", "-w", "-Werror",
  "-cl-kernel-arg-info", "-g",
]);
const linkerFlags: ReadonlySet<string> = new Set([
  "-create-library", "-enable-link-options", "-cl-denorms-are-zero", "-cl-no-signed-zeros", "-cl-unsafe-math-optimizations", "-cl-finite-math-only", "-cl-fast-relaxed-math", "-cl-no-subgroup-ifp",
]);
const standards: ReadonlySet<string> = new Set(["CL1.0", "CL1.1", "CL1.2", "CL2.0", "CL3.0"]);

/** Splits an option string at white space; double quotes keep it together and go. null: a quote is not closed. */
export function splitOptions(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quoted = false;
  for (const c of text) {
    if (c === '"') {
      quoted = !quoted;
      word ??= "";
    } else if (!quoted && /\s/.test(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + c;
  }
  if (word !== null) words.push(word);
  return quoted ? null : words;
}

/**
 * Reads an option string.
 * @param stage which options are allowed: those of a build are the compiler's
 * @returns the options, or the word that is wrong
 */
export function readOptions(text: string, stage: "compile" | "link", newest: "3.0" | "3.1"): BuildOptions | string {
  const words = splitOptions(text);
  if (words === null) return '"';
  const defines: string[] = [];
  const includes: string[] = [];
  const flags: string[] = [];
  let standard: string | null = null;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (stage === "link") {
      if (!linkerFlags.has(word)) return word;
      flags.push(word);
    } else if (word.startsWith("-D") || word.startsWith("-I")) {
      const value = word.length > 2 ? word.slice(2) : words[++i];
      if (value === undefined) return word;
      if (word.startsWith("-I")) includes.push(value);
      else if (!/^[A-Za-z_]\w*(=|$|\()/.test(value)) return `-D ${value}`;
      else defines.push(value);
    } else if (word.startsWith("-cl-std=")) {
      standard = word.slice(8);
      if (!standards.has(standard) && !(newest === "3.1" && standard === "CL3.1")) return word;
    } else if (compilerFlags.has(word)) flags.push(word);
    else return word;
  }
  if (flags.includes("-enable-link-options") && !flags.includes("-create-library")) return "-enable-link-options";
  return {
    defines, includes, standard, flags, uniformGroups: flags.includes("-cl-uniform-work-group-size"), argInfo: flags.includes("-cl-kernel-arg-info"), createLibrary: flags.includes("-create-library"),
  };
}

/** Whether programs of this language version may have work-groups of different sizes. */
export function allowsNonUniform(options: BuildOptions): boolean {
  return !options.uniformGroups && (options.standard === "CL2.0" || options.standard === "CL3.0" || options.standard === "CL3.1");
}
