import type { Alternative, Strategy } from "../../kernel/choices.ts";
import { beginStep, Footprint, setHostSharing, type HostSharing } from "../../kernel/footprint.ts";
import type { Search } from "./search.ts";

/** The caller goes on: an alternative like the others, under a number that no event has. */
const CALLER = -1;

/** One choice point on the way to the present run. */
interface Node {
  readonly n: number;
  /** Numbers of the alternatives; null: a choice that is no step of its own, such as which of several jobs an engine takes. */
  readonly names: readonly number[] | null;
  chosen: number;
  /** Steps that need not be tried here, because a run that has them first was seen; with what they touched. */
  readonly asleep: Map<number, Footprint>;
  /** What the chosen step touched, in all runs so far that took it. */
  footprint: Footprint;
}

/** How much to leave out. */
export interface ExhaustiveOptions {
  /** Leave out runs that differ from a seen one only in the order of steps that touch nothing in common. Default true. */
  readonly reduce?: boolean;
  /**
   * Which host threads share JavaScript variables: "all" (default), those of one "process", "none". Steps of threads that share them count as dependent, since nobody sees
   * what they do to a variable; a wrong promise here loses schedules.
   */
  readonly sharing?: HostSharing;
}

/**
 * Every schedule, depth first; of those that differ only in the order of independent steps one (sleep sets, Godefroid: Partial-Order Methods for the Verification of Concurrent Systems, 1996; independence is
 * what the steps really touched).
 */
export function exhaustiveSearch(options: ExhaustiveOptions = {}): Search & { readonly redundant: boolean } {
  const reduce = options.reduce ?? true;
  const stack: Node[] = [];
  let depth = 0;
  let started = false;
  let redundant = false;
  /** The last node that is a step; what is touched is its. */
  let step: Node | null = null;

  const open = (n: number, among: readonly Alternative[] | undefined): Node => {
    const asleep = new Map<number, Footprint>();
    if (among === undefined || !reduce) return { n, names: null, chosen: 0, asleep, footprint: new Footprint() };
    const names = [...Array<number>(n - among.length).fill(CALLER), ...among.map((a) => a.seq)];
    if (step !== null) for (const [name, footprint] of step.asleep) if (name !== step.names![step.chosen] && !footprint.meets(step.footprint)) asleep.set(name, footprint);
    let chosen = names.findIndex((name) => !asleep.has(name));
    if (chosen < 0) {
      // Whatever happens next, a run with it was seen.
      redundant = true;
      chosen = 0;
    }
    return { n, names, chosen, asleep, footprint: new Footprint() };
  };

  const strategy: Strategy = {
    pick(n, _label, among) {
      if (redundant) return 0;
      const known = stack[depth];
      const node = known ?? open(n, among);
      if (redundant) return 0;
      if (known === undefined) stack.push(node);
      depth++;
      if (node.names !== null) {
        step = node;
        beginStep(node.footprint);
      }
      return node.chosen;
    },
  };

  /** Goes on to the next alternative of a node. False: there is none. */
  const advance = (node: Node): boolean => {
    if (node.names === null) return ++node.chosen < node.n;
    node.asleep.set(node.names[node.chosen]!, node.footprint);
    node.footprint = new Footprint();
    node.chosen = node.names.findIndex((name) => !node.asleep.has(name));
    return node.chosen >= 0;
  };

  return {
    name: "exhaustive",
    get redundant() {
      return redundant;
    },
    next() {
      if (started) {
        while (stack.length > 0 && !advance(stack.at(-1)!)) stack.pop();
        if (stack.length === 0) return null;
      }
      started = true;
      redundant = false;
      setHostSharing(options.sharing ?? "all");
      depth = 0;
      step = null;
      return strategy;
    },
    ended() {
      beginStep(null);
      setHostSharing("all");
    },
  };
}
