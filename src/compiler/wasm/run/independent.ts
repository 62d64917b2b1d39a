import { PAGE_SHIFT, type LaunchConfig } from "../../abi.ts";
import { dynamicSharedStart } from "../../ir/layout.ts";
import { PARAM_WINDOW, PARAM_WINDOW_SIZE, SHARED_WINDOW } from "../../ir/types.ts";
import { hasEffect, type Node } from "../graph/node.ts";
import { accessSize, type KernelProgram } from "../slow/program.ts";
import { Forms, rangeOf, type Affine } from "./affine.ts";

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
      const site = siteOf(node, forms);
      if (site === "private") continue;
      if (site === null) {
        if (node.op !== "load") return null;
        anywhere = true;
        continue;
      }
      sites.set(`${site.store} ${site.form.at} ${site.form.by.join()} ${site.form.slack} ${site.size}`, site);
    }
  }
  const all = [...sites.values()];
  const stores = all.filter(({ store }) => store);
  const loads = all.filter((site) => !site.store && stores.some((other) => overlap(site, other)));
  if (!areApart(clusters([...stores, ...loads]), forms.counts)) return null;
  // A page that some loads must not see, and others read rightly, cannot be both.
  if (anywhere && loads.length > 0) return null;
  const written = merged(stores);
  if (anywhere && all.some((site) => !site.store && written.some(([low, end]) => samePage(site, low, end)))) return null;
  return { written, guard: anywhere };
}

function siteOf(node: Node, forms: Forms): Site | "private" | null {
  const { offset, space } = node.access!;
  const address = forms.of(node.args[0]!);
  const form = forms.within(address === null ? null : { ...address, at: address.at + BigInt(offset) }, 64, 0n);
  if (form === null) return null;
  const [low, high] = rangeOf(form, forms.counts);
  const size = BigInt(accessSize(node));
  const end = high + size;
  if (space === "generic" && low < PARAM_WINDOW + PARAM_WINDOW_SIZE) return low >= SHARED_WINDOW && end <= PARAM_WINDOW ? "private" : null;
  // Parameters, which nobody writes.
  if (space === "const" && node.op === "load" && low >= PARAM_WINDOW && end <= PARAM_WINDOW + PARAM_WINDOW_SIZE) return "private";
  if (end > 1n << 53n) return null;
  return { store: node.op === "store", form, size, low, end };
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

function areApart(bundles: readonly (readonly Site[])[], counts: readonly bigint[]): boolean {
  return bundles.every((sites) => !sites.some(({ store }) => store) || apartByItem(sites, counts) || apartByGroup(sites, counts));
}

/** All sites step alike: bytes between the first and the last of them are one work-item's, and work-items of different groups have different ones. */
function apartByItem(sites: readonly Site[], counts: readonly bigint[]): boolean {
  const { by } = sites[0]!.form;
  if (sites.some(({ form }) => form.by.some((one, i) => one !== by[i]))) return false;
  const low = sites.reduce((least, { form }) => (form.at < least ? form.at : least), sites[0]!.form.at);
  const end = sites.reduce((most, { form, size }) => (form.at + form.slack + size > most ? form.at + form.slack + size : most), 0n);
  return separates(by.map((one, i) => [one < 0n ? -one : one, counts[i]!, i < 3] as const), end - low);
}

/** All that the sites of one group touch lies between two addresses, and those of different groups are apart. */
function apartByGroup(sites: readonly Site[], counts: readonly bigint[]): boolean {
  const by = sites[0]!.form.by.slice(0, 3);
  if (sites.some(({ form }) => by.some((one, i) => one !== form.by[i]))) return false;
  const ranges = sites.map(({ form, size }) => {
    const [low, high] = rangeOf({ ...form, by: form.by.map((one, i) => (i < 3 ? 0n : one)) }, counts);
    return [low, high + size] as const;
  });
  const low = ranges.reduce((least, [from]) => (from < least ? from : least), ranges[0]![0]);
  const end = ranges.reduce((most, [, to]) => (to > most ? to : most), ranges[0]![1]);
  return separates(by.map((one, i) => [one < 0n ? -one : one, counts[i]!, true] as const), end - low);
}

/**
 * Whether sums of multiples of indices tell different groups apart, `width` bytes being touched at each: like digits of a number, each step is at least as long as all that
 * the shorter ones reach. Only steps shorter than those of every group's index may overlap one another.
 */
function separates(steps: readonly (readonly [by: bigint, count: bigint, group: boolean])[], width: bigint): boolean {
  let reach = width;
  let groups = false;
  for (const [by, count, group] of steps.filter(([, count]) => count > 1n).toSorted((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))) {
    if ((group || groups) && by < reach) return false;
    groups ||= group;
    reach += by * (count - 1n);
  }
  return true;
}

function merged(stores: readonly Site[]): (readonly [number, number])[] {
  return clusters(stores).map((sites) => [Number(sites[0]!.low), Number(sites.reduce((most, { end }) => (end > most ? end : most), 0n))] as const);
}
