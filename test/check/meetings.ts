import * as fc from "fast-check";

/**
 * Small random kernels in which work-items meet, or do not: barriers that all come to or some, with one fence or another; lanes that shuffle; work-items that leave; atomics of one scope or another; and
 * what is wrong with them, worked out from the list of all accesses: an access has the number of its work-item's barriers before it, and nothing else is known.
 */

/** Who does a step. */
export type Who = { readonly kind: "all" | "below" | "is" | "warp"; readonly value: number };

/** Words from the beginning of the space, by the work-item's number in its group (t) and its group's (g). */
export type Where = { readonly form: "own" | "crossed" | "shifted" | "one" | "group"; readonly by: number };

export interface Access {
  readonly kind: "access";
  readonly how: "read" | "write" | "atomic";
  readonly space: "shared" | "global";
  /** Of atomics: all groups see them as such, or the own one. */
  readonly scope: "gpu" | "cta";
  readonly where: Where;
  readonly who: Who;
}

export type Step =
  | Access
  /** @param orders what it is to order: only OpenCL tells one from the other */
  | { readonly kind: "barrier"; readonly orders: "all" | "shared"; readonly who: Who }
  /** A shuffle, which all lanes of a warp come to. */
  | { readonly kind: "collective" }
  | { readonly kind: "leave"; readonly who: Who };

export interface Meeting {
  readonly groups: number;
  readonly items: number;
  readonly steps: readonly Step[];
}

/** Words of each space. */
export const WORDS = 256;
const WARP = 32;

const everybody: Who = { kind: "all", value: 0 };
const some = fc.record({ kind: fc.constantFrom("below", "is", "warp"), value: fc.constantFrom(0, 1, 5, 16, 32, 33, 40) }) as fc.Arbitrary<Who>;
const access: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("access" as const), how: fc.constantFrom("read", "read", "write", "write", "atomic") as fc.Arbitrary<"read">, space: fc.constantFrom("shared", "global") as fc.Arbitrary<"shared">,
  scope: fc.constantFrom("gpu", "gpu", "cta") as fc.Arbitrary<"gpu">,
  where: fc.record({ form: fc.constantFrom("own", "own", "own", "crossed", "shifted", "one", "group") as fc.Arbitrary<"own">, by: fc.constantFrom(1, 2, 33) }),
  who: fc.oneof({ weight: 3, arbitrary: fc.constant(everybody) }, { weight: 1, arbitrary: some }),
});
const barrier: fc.Arbitrary<Step> = fc.record({ kind: fc.constant("barrier" as const), orders: fc.constantFrom("all", "all", "shared") as fc.Arbitrary<"all">, who: fc.oneof({ weight: 3, arbitrary: fc.constant(everybody) }, { weight: 1, arbitrary: some }) });

/** Everybody writes a word of shared memory, or nobody does. */
const beginnings: readonly (readonly Step[])[] = [[], [
  { kind: "access", how: "write", space: "shared", scope: "gpu", where: { form: "own", by: 1 }, who: everybody }, { kind: "barrier", orders: "all", who: everybody },
]];

export const meetings: fc.Arbitrary<Meeting> = fc.record({
  groups: fc.constantFrom(1, 2, 3), items: fc.constantFrom(32, 48, 64), first: fc.constantFrom(...beginnings),
  more: fc.array(fc.oneof({ weight: 8, arbitrary: access }, { weight: 5, arbitrary: barrier }, { weight: 1, arbitrary: fc.record({ kind: fc.constant("collective" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), who: some }) }), { minLength: 2, maxLength: 7 }),
  careful: fc.constantFrom(true, false, false),
}).map(({ groups, items, first, more, careful }) => ({ groups, items, steps: careful ? [...beginnings[1]!, ...more.flatMap(carefully)] : [...first, ...more] }));

/** A step with which nothing is wrong behind a barrier. */
function carefully(step: Step): Step[] {
  if (step.kind === "leave" || step.kind === "barrier") return [];
  if (step.kind === "collective") return [step];
  const { form } = step.where;
  return [form === "own" || (form === "crossed" && step.where.by < 16) ? step : { ...step, where: { form: "own", by: 1 } }, { kind: "barrier", orders: "all", who: everybody }];
}

function takesPart({ kind, value }: Who, t: number): boolean {
  return kind === "all" || (kind === "below" ? t < value : kind === "is" ? t === value : Math.floor(t / WARP) === value % 2);
}

function wordOf({ form, by }: Where, t: number, g: number, space: string): number {
  const base = space === "global" ? 64 * g : 0;
  switch (form) {
    case "own": return base + t;
    case "crossed": return base + (t ^ by);
    case "shifted": return (base + t + by) % WORDS;
    case "one": return by;
    case "group": return g;
  }
}

/** An access by one work-item, and how many barriers it had come to; of these, how many order global memory. */
export interface Event {
  readonly step: number;
  readonly access: Access;
  readonly group: number;
  readonly item: number;
  readonly interval: number;
  readonly epoch: number;
  /** "shared:word:group" or "global:word". */
  readonly place: string;
}

/** What is wrong with a kernel. */
export interface Wrong {
  /** Places where accesses are not ordered. */
  readonly races: ReadonlyMap<string, ReadonlySet<number>>;
  /** Those of them that are found for certain, though of a word's history only the last accesses are known. */
  readonly certain: ReadonlySet<string>;
  /** Shared words that are read before anybody has written them, where no luck is in it. */
  readonly unwritten: ReadonlyMap<string, ReadonlySet<number>>;
  /** All such, also where it is a matter of luck. */
  readonly perhaps: ReadonlySet<string>;
  /** Barriers that not all come to: "step:group:work-item" of who waited first. */
  readonly diverged: ReadonlySet<string>;
  readonly events: readonly Event[];
}

/** @param flags whether barriers order what they say (OpenCL), or everything */
export function wrongWith({ groups, items, steps }: Meeting, flags: boolean): Wrong {
  const events: Event[] = [];
  const diverged = new Set<string>();
  const collective = steps.some(({ kind }) => kind === "collective");
  for (let group = 0; group < groups; group++) {
    /** Of each work-item: the barriers it comes to; and whether it leaves early. */
    const met: number[][] = [];
    for (let item = 0; item < items; item++) {
      const own: number[] = [];
      met.push(own);
      let epoch = 0;
      for (const [step, at] of steps.entries()) {
        if (at.kind === "collective" || (at.kind !== "leave" && !takesPart(at.who, item))) continue;
        if (at.kind === "leave") {
          if (takesPart(at.who, item)) break;
        } else if (at.kind === "barrier") {
          own.push(step);
          if (!flags || at.orders === "all") epoch++;
        } else {
          const word = wordOf(at.where, item, group, at.space);
          events.push({ step, access: at, group, item, interval: own.length, epoch, place: at.space === "shared" ? `shared:${word}:${group}` : `global:${word}` });
        }
      }
    }
    for (let n = 0; met.some((own) => own.length > n); n++) {
      const waits = met.findIndex((own) => own.length > n);
      const step = met[waits]![n]!;
      if (met.some((own) => own.length <= n || own[n] !== step)) diverged.add(`${step}:${group}:${waits}`);
    }
  }
  const places = new Map<string, Event[]>();
  for (const event of events) places.set(event.place, [...(places.get(event.place) ?? []), event]);
  const races = new Map<string, Set<number>>();
  const certain = new Set<string>();
  const unwritten = new Map<string, Set<number>>();
  const perhaps = new Set<string>();
  for (const [place, list] of places) {
    const found = new Set<number>();
    const shared = place.startsWith("shared");
    let luck = false;
    let plain = false;
    for (const [i, a] of list.entries()) {
      for (const b of list.slice(i + 1)) {
        const one = a.group === b.group;
        if (one && a.item === b.item) continue;
        if (one && (shared || !flags ? a.interval !== b.interval : a.epoch !== b.epoch)) continue;
        if (a.access.how === "read" && b.access.how === "read") continue;
        const atomics = a.access.how === "atomic" && b.access.how === "atomic";
        if (atomics && (one || (a.access.scope === "gpu" && b.access.scope === "gpu"))) continue;
        luck = true;
        // Lanes of a warp are taken to be ordered wherever there are collectives.
        if (collective && one && Math.floor(a.item / WARP) === Math.floor(b.item / WARP)) continue;
        found.add(a.step).add(b.step);
        plain ||= !atomics;
      }
    }
    if (found.size > 0) races.set(place, found);
    const doers = new Set(list.map(({ group, item }) => `${group}:${item}`)).size;
    const mixed = list.some(({ access: { how } }) => how === "atomic") && plain;
    // A barrier that orders shared memory only lets readers of global memory be forgotten, and one that not all come to makes intervals of some longer.
    const forgets = !shared && flags && steps.some((step) => step.kind === "barrier" && step.orders === "shared");
    if (found.size > 0 && !mixed && (!collective || doers === 2) && (!forgets || doers === 2)) certain.add(place);
    if (!shared) continue;
    let known = false;
    for (const { access: { how }, step } of list.toSorted((a, b) => a.interval - b.interval)) {
      if (how !== "write" && !known) {
        perhaps.add(place);
        if (!luck) unwritten.set(place, (unwritten.get(place) ?? new Set()).add(step));
      }
      known = true;
    }
    if (luck) perhaps.add(place);
  }
  return { races, certain, unwritten, perhaps, diverged, events };
}

function guardPtx({ kind, value }: Who, label: string): string {
  if (kind === "all") return "";
  if (kind === "below") return `setp.ge.u32 %p1, %r1, ${value}; @%p1 bra ${label};`;
  if (kind === "is") return `setp.ne.u32 %p1, %r1, ${value}; @%p1 bra ${label};`;
  return `shr.u32 %r20, %r1, 5; setp.ne.u32 %p1, %r20, ${value % 2}; @%p1 bra ${label};`;
}

function indexPtx({ form, by }: Where, space: string): string {
  const base = space === "global" ? "mad.lo.u32 %r5, %r2, 64, %r5;" : "";
  switch (form) {
    case "own": return `mov.u32 %r5, %r1; ${base}`;
    case "crossed": return `xor.b32 %r5, %r1, ${by}; ${base}`;
    case "shifted": return `add.u32 %r5, %r1, ${by}; ${base} and.b32 %r5, %r5, ${WORDS - 1};`;
    case "one": return `mov.u32 %r5, ${by};`;
    case "group": return "mov.u32 %r5, %r2;";
  }
}

/** As PTX, and the line of each step. Parameter: global memory. */
export function meetingPtx({ steps }: Meeting, name: string, slow: boolean): { readonly text: string; readonly lines: readonly number[] } {
  const out = [".version 8.0", ".target sm_80", ".address_size 64", `.visible .entry ${name}(.param .u64 a)`, "{", ".reg .pred %p<4>; .reg .b32 %r<30>; .reg .b64 %rd<30>;", `.shared .align 16 .b8 sh[${4 * WORDS}];`,
    "ld.param.u64 %rd1, [a]; mov.u32 %r1, %tid.x; mov.u32 %r2, %ctaid.x; mov.u32 %r4, sh; mov.u32 %r10, %r1; mov.u32 %r15, 0;", ...(slow ? ["mov.u64 %rd9, %clock64; setp.eq.u64 %p2, %rd9, 0x7fffffffffffffff; @%p2 trap;"] : [])];
  const lines: number[] = [];
  steps.forEach((step, i) => {
    if (step.kind === "collective") {
      lines.push(out.push("mov.u32 %r21, -1; shfl.sync.bfly.b32 %r10, %r10, 1, 0x1f, %r21;"));
      return;
    }
    out.push(guardPtx(step.who, `L${i}`));
    if (step.kind === "barrier") lines.push(out.push("bar.sync 0;"));
    else if (step.kind === "leave") lines.push(out.push("bra END;"));
    else {
      const { how, space, scope, where } = step;
      out.push(indexPtx(where, space), space === "shared" ? "mad.lo.u32 %r6, %r5, 4, %r4;" : "mul.wide.u32 %rd6, %r5, 4; add.u64 %rd6, %rd1, %rd6;");
      const place = space === "shared" ? "[%r6]" : "[%rd6]";
      lines.push(out.push(how === "read" ? `ld.${space}.u32 %r11, ${place};` : how === "write" ? `st.${space}.u32 ${place}, %r10;` : `atom.${scope}.${space}.add.u32 %r11, ${place}, 1;`));
      if (how === "read") out.push("xor.b32 %r15, %r15, %r11;");
    }
    out.push(`L${i}:`);
  });
  out.push("setp.ne.u32 %p3, %r15, 0x5a5a5a5b; @%p3 bra END; st.shared.u32 [sh], %r15;", "END:", "ret;", "}");
  return { text: `${out.join("\n")}\n`, lines };
}

/** As OpenCL C, and the line of each step. Parameters: global memory, and where nothing is ever written. */
export function meetingC({ steps }: Meeting): { readonly text: string; readonly lines: readonly number[] } {
  const out = ["__kernel void k(__global atomic_uint* a, __global uint* never) {", `  __local atomic_uint sh[${WORDS}];`, "  uint t = get_local_id(0), g = get_group_id(0), x = t, sum = 0;"];
  const lines: number[] = [];
  for (const step of steps) {
    if (step.kind === "collective") {
      lines.push(out.push("  x = sub_group_shuffle_xor(x, 1);"));
      continue;
    }
    const { kind, value } = step.who;
    const guard = kind === "all" ? "" : kind === "below" ? `if (t < ${value}) ` : kind === "is" ? `if (t == ${value}) ` : `if (t / 32 == ${value % 2}) `;
    if (step.kind === "barrier") lines.push(out.push(`  ${guard}barrier(${step.orders === "all" ? "CLK_GLOBAL_MEM_FENCE | " : ""}CLK_LOCAL_MEM_FENCE);`));
    else if (step.kind === "leave") lines.push(out.push(`  ${guard}return;`));
    else {
      const { how, space, scope, where: { form, by } } = step;
      const base = space === "global" ? "64 * g + " : "";
      const index = { own: `${base}t`, crossed: `${base}(t ^ ${by})`, shifted: `(${base}t + ${by}) % ${WORDS}`, one: String(by), group: "g" }[form];
      const place = `(${space === "shared" ? "sh" : "a"} + ${index})`;
      const plain = `*(${space === "shared" ? "__local" : "__global"} uint*)${place}`;
      lines.push(out.push(`  ${guard}${how === "read" ? `sum ^= ${plain}` : how === "write" ? `${plain} = x` : `atomic_fetch_add_explicit(${place}, 1, memory_order_relaxed, memory_scope_${scope === "gpu" ? "device" : "work_group"})`};`));
    }
  }
  out.push("  if (sum == 0x5a5a5a5b) *never = sum;", "}");
  return { text: `${out.join("\n")}\n`, lines };
}
