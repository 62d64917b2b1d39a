import { PAGE_SHIFT, type LaunchConfig } from "../../abi.ts";
import { dynamicSharedStart } from "../../ir/layout.ts";
import { PARAM_WINDOW, PARAM_WINDOW_SIZE, SHARED_WINDOW } from "../../ir/types.ts";
import { hasEffect, type Node } from "../graph/node.ts";
import { accessSize, type KernelProgram } from "../slow/program.ts";
import { Forms, rangeOf, stepsOf, type Affine, type Shape, type Step } from "./affine.ts";
import { limited } from "./limits.ts";

/**
 * Whether the work-groups of a launch are independent: none writes what another reads or writes. Then the order in which they run, or several at once, changes neither results nor
 * counts. It is proven before the launch, from its sizes and parameters, or not assumed: a program whose groups race keeps the one order it has always had.
 *
 * Every store must be to an address that `Forms` knows, so that no two groups come to the same bytes. Loads whose addresses are known are compared with the stores; those whose are
 * not (tables, inner loops) may go anywhere but to pages that are stored to, which is enforced: see `guard`.
 */
export interface Independence {
  /** Ranges of addresses that are stored to, first and end, not overlapping. */
  readonly written: readonly (readonly [number, number])[];
  /** Pages that are stored to must not be readable while groups run together: some loads may go anywhere. */
  readonly guard: boolean;
}

/** What has an effect, and none on other groups (a store is looked at for itself). */
const harmless: ReadonlySet<string> = new Set(["barrier", "barred", "warpsync", "shfl", "vote", "redux", "fence", "br", "condbr", "switch", "ret", "exit", "trap", "unreachable", "assertfail", "store"]);

/** Whether groups of the kernel could be independent, whatever the launch: it has nothing by which they speak to one another or to the host. */
export function mayBeIndependent(program: KernelProgram): boolean {
  if (program.regions === null || program.functions.length > 0 || program.facts.checks !== null) return false;
  return program.kernel.graph.blocks.every((block) => block.nodes.every((node) => {
    if (node.op === "yield") return Number(node.imm) !== 1;
    if (node.op === "atomic" || node.op === "cmpxchg") return node.access!.space === "shared" || node.access!.space === "local";
    // A register that does not float is a clock.
    return hasEffect(node) ? harmless.has(node.op) : node.op !== "sreg";
  }));
}

interface Site {
  readonly store: boolean;
  readonly form: Affine;
  readonly shape: Shape;
  readonly size: bigint;
  readonly low: bigint;
  readonly end: bigint;
}

/** Proves it for one launch; null: not proven. */
export function provenIndependent(program: KernelProgram, config: LaunchConfig, sharedBytes: number): Independence | null {
  const forms = new Forms(config, program.facts.symbols, dynamicSharedStart(sharedBytes));
  const sites = new Map<string, Site>();
  let anywhere = false;
  for (const block of program.kernel.graph.blocks) {
    for (const node of block.nodes) {
      if (node.access === null || node.access.space === "shared" || node.access.space === "local") continue;
      const site = siteOf(node, forms, limited(block, forms));
      if (site === "private") continue;
      if (site === null) {
        if (node.op !== "load") return null;
        anywhere = true;
        continue;
      }
      sites.set(`${site.store} ${site.form.at} ${site.form.by.join()} ${site.form.slack} ${site.size} ${site.shape.first.join()} ${site.shape.end.join()}`, site);
    }
  }
  const all = [...sites.values()];
  const stores = all.filter(({ store }) => store);
  const loads = all.filter((site) => !site.store && stores.some((other) => overlap(site, other)));
  if (!areApart(clusters([...stores, ...loads]))) return null;
  // A page that some loads must not see, and others read rightly, cannot be both.
  const written = clusters(stores).map((bundle) => [Number(bundle[0]!.low), Number(most(bundle.map(({ end }) => end)))] as const);
  if (anywhere && all.some((site) => !site.store && written.some(([low, end]) => samePage(site, low, end)))) return null;
  return { written, guard: anywhere };
}

function siteOf(node: Node, forms: Forms, shape: Shape): Site | "private" | null {
  const { offset, space } = node.access!;
  const address = forms.of(node.args[0]!);
  const form = forms.within(address === null ? null : { ...address, at: address.at + BigInt(offset) }, 64, 0n, shape);
  if (form === null) return null;
  const [low, high] = rangeOf(form, shape);
  const size = BigInt(accessSize(node));
  const end = high + size;
  if (space === "generic" && low < PARAM_WINDOW + PARAM_WINDOW_SIZE) return low >= SHARED_WINDOW && end <= PARAM_WINDOW ? "private" : null;
  // Parameters, which nobody writes.
  if (space === "const" && node.op === "load" && low >= PARAM_WINDOW && end <= PARAM_WINDOW + PARAM_WINDOW_SIZE) return "private";
  if (end > 1n << 53n) return null;
  return { store: node.op === "store", form, shape, size, low, end };
}

function overlap(a: Site, b: Site): boolean {
  return a.low < b.end && b.low < a.end;
}

function samePage(site: Site, low: number, end: number): boolean {
  const page = (at: number | bigint): bigint => BigInt(at) >> BigInt(PAGE_SHIFT);
  return page(site.low) <= page(end - 1) && page(low) <= page(site.end - 1n);
}

/** Sites in bundles whose ranges do not touch. */
function clusters(sites: readonly Site[]): Site[][] {
  const sorted = sites.toSorted((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
  const found: Site[][] = [];
  let end = -1n;
  for (const site of sorted) {
    if (site.low < end) found.at(-1)!.push(site);
    else found.push([site]);
    if (site.end > end) end = site.end;
  }
  return found;
}

function areApart(bundles: readonly (readonly Site[])[]): boolean {
  return bundles.every((sites) => !sites.some(({ store }) => store) || apartByItem(sites) || apartByGroup(sites));
}

function least(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (b < a ? b : a));
}

function most(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (b > a ? b : a));
}

/** The work-items that come to any of the sites. */
function together(sites: readonly Site[]): Shape {
  const { shape } = sites[0]!;
  const by = (pick: (values: readonly bigint[]) => bigint, of: (shape: Shape) => readonly bigint[]): bigint[] => [0, 1, 2].map((d) => pick(sites.map((site) => of(site.shape)[d]!)));
  return { ...shape, first: by(least, (one) => one.first), end: by(most, (one) => one.end) };
}

/** All sites step alike: bytes between the first and the last of them are one work-item's, and work-items of different groups have different ones. */
function apartByItem(sites: readonly Site[]): boolean {
  const { by } = sites[0]!.form;
  if (sites.some(({ form }) => form.by.some((one, i) => one !== by[i]))) return false;
  const width = most(sites.map(({ form, size }) => form.at + form.slack + size)) - least(sites.map(({ form }) => form.at));
  return separates(stepsOf(by, together(sites)), width);
}

/** All that the sites of one group touch lies between two addresses, and those of different groups are apart. */
function apartByGroup(sites: readonly Site[]): boolean {
  const by = sites[0]!.form.by.slice(0, 3);
  if (sites.some(({ form }) => by.some((one, i) => one !== form.by[i]))) return false;
  const ranges = sites.map(({ form, shape, size }) => {
    const [low, high] = rangeOf({ ...form, by: [0n, 0n, 0n, ...form.by.slice(3)] }, { ...shape, grid: [1n, 1n, 1n], first: [0n, 0n, 0n], end: shape.block });
    return [low, high + size] as const;
  });
  const width = most(ranges.map(([, end]) => end)) - least(ranges.map(([low]) => low));
  return separates(by.map((one, d) => ({ by: one, first: 0n, count: sites[0]!.shape.grid[d]!, group: true })), width);
}

/**
 * Whether sums of multiples of indices tell different groups apart, `width` bytes being touched at each: like digits of a number, each step is at least as long as all that
 * the shorter ones reach. Only steps shorter than those of every group's index may overlap one another.
 */
function separates(steps: readonly Step[], width: bigint): boolean {
  let reach = width;
  let groups = false;
  const sizes = steps.filter(({ count }) => count > 1n).map((step) => ({ ...step, by: step.by < 0n ? -step.by : step.by }));
  for (const { by, count, group } of sizes.sort((a, b) => (a.by < b.by ? -1 : a.by > b.by ? 1 : 0))) {
    if ((group || groups) && by < reach) return false;
    groups ||= group;
    reach += by * (count - 1n);
  }
  return true;
}
