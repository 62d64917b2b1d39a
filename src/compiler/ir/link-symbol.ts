import type { Fn, GlobalVar, SharedVar } from "./module.ts";

/** One of the modules that are linked. */
export interface LinkInput {
  /** For messages; need not be unique. */
  readonly name: string;
}

/** What a linker must know of a name that several modules may use. */
export interface LinkSymbol {
  readonly name: string;
  readonly linkage: "visible" | "extern" | "weak" | "common";
  /** Kernels and functions are different things of the same space. */
  readonly space: "kernel" | "func" | "global" | "const" | "shared";
  /** Bytes of a variable; 0: open, or a function. */
  readonly size: number;
  readonly align: number;
  readonly managed: boolean;
  readonly initialised: boolean;
  /** Parameter and result types of a function, as text; the type of a reference. */
  readonly prototype: string;
  readonly input: LinkInput;
}

/** Why modules cannot be linked. */
export interface LinkProblem {
  readonly kind: "duplicate" | "space" | "size" | "managed" | "prototype" | "kernel" | "common-size" | "undefined";
  readonly symbol: string;
  /** The input at fault. */
  readonly input: string;
  /** The input with the first definition or declaration; null when there is none. */
  readonly first: string | null;
}

/** The symbol of a function; null when its module keeps it to itself. */
export function functionSymbol(fn: Fn, input: LinkInput): LinkSymbol | null {
  if (fn.linkage === "local") return null;
  const linkage = fn.blocks.length === 0 ? "extern" : fn.linkage;
  const prototype = fn.kind === "kernel" ? "" : `(${fn.params.join()})->(${fn.results.join()})`;
  return { name: fn.name, linkage, space: fn.kind, size: 0, align: 0, managed: false, initialised: true, prototype, input };
}

/** The symbol of a variable; null when its module keeps it to itself. */
export function variableSymbol(variable: GlobalVar, input: LinkInput): LinkSymbol | null {
  const { name, linkage, space, size, align, managed, opaque } = variable;
  if (linkage === "local") return null;
  const initialised = variable.init !== null || variable.relocs.length > 0 || Object.keys(opaque?.members ?? {}).length > 0;
  return { name, linkage, space, size, align, managed, initialised, prototype: opaque === undefined ? "" : `.${opaque.kind}`, input };
}

/** The symbol of a shared variable; null when its module keeps it to itself. */
export function sharedSymbol({ name, size, align, linkage }: SharedVar, input: LinkInput): LinkSymbol | null {
  return linkage === undefined ? null : { name, linkage, space: "shared", size, align, managed: false, initialised: false, prototype: "", input };
}

/** What is wrong with a second symbol of a name. */
export function symbolProblems(first: LinkSymbol, second: LinkSymbol): LinkProblem[] {
  const problems: LinkProblem[] = [];
  const say = (kind: LinkProblem["kind"]): void => void problems.push({ kind, symbol: second.name, input: second.input.name, first: first.input.name });
  const callable = (s: LinkSymbol): boolean => s.space === "kernel" || s.space === "func";
  if (first.space !== second.space) say(callable(first) && callable(second) ? "kernel" : "space");
  else if (first.prototype !== second.prototype) say("prototype");
  if (first.managed !== second.managed && first.space === second.space) say("managed");
  const [common, other] = first.linkage === "common" ? [first, second] : [second, first];
  if (common.linkage === "common" && other.linkage !== "extern") {
    if (other.linkage !== "common" && other.initialised && common.size > other.size) problems.push({ kind: "common-size", symbol: common.name, input: common.input.name, first: other.input.name });
  } else if (first.size !== second.size && first.size > 0 && second.size > 0) say("size");
  if (first.linkage === "visible" && second.linkage === "visible") say("duplicate");
  return problems;
}

const ranks = { visible: 3, weak: 2, common: 1, extern: 0 } as const;

/** Which of two symbols that go together stays: a definition before a declaration, a strong one before a weak, any other before a common, the larger common; else the first. Aligned as both ask. */
export function stronger(first: LinkSymbol, second: LinkSymbol): LinkSymbol {
  const rank = ranks[second.linkage] - ranks[first.linkage];
  const winner = rank > 0 || (rank === 0 && first.linkage === "common" && second.size > first.size) ? second : first;
  const align = Math.max(first.align, second.align);
  return winner.align === align ? winner : { ...winner, align };
}
