import * as fc from "fast-check";

/** Small random kernels with the accesses that they make, and what is wrong with them: worked out from the list of all accesses, word by word, with no shadow at all. */

/** Number of an element, made of the work-item's number in its group (t), its group's (g), and the round of the loop around (j). */
export interface Index {
  readonly form: "linear" | "crossed" | "scattered" | "looked up";
  readonly byItem: number;
  readonly byGroup: number;
  readonly byRound: number;
  readonly more: number;
  /** It is cut to the buffer's size; else, it is that and something more. */
  readonly inside: boolean;
}

export type Guard = { readonly kind: "below" | "is" | "every" | "group"; readonly value: number } | null;

/** One statement: an access, or a barrier. */
export type Step = "barrier" | { readonly how: "read" | "write" | "atomic"; readonly space: number; readonly unit: 1 | 4 | 16; readonly index: Index; readonly guard: Guard };

export interface Program {
  readonly items: number;
  readonly groups: number;
  readonly rounds: number;
  readonly steps: readonly Step[];
  /** Words of each buffer, of which that many at the beginning are written before. */
  readonly buffers: readonly { readonly words: number; readonly written: number }[];
  /** The second buffer's pointer leads into the first one. */
  readonly alias: boolean;
  /** A clock keeps the kernel on the slow path. */
  readonly slow: boolean;
}

/** Space number of shared memory. */
export const SHARED = 3;
export const SHARED_WORDS = 128;
/** Contents of the table by which elements are looked up. */
export const TABLE: Uint32Array = Uint32Array.from({ length: 64 }, (_, i) => (i * 37 + 11) & 63);

const index = fc.record({
  form: fc.constantFrom("linear", "linear", "linear", "crossed", "scattered", "looked up") as fc.Arbitrary<Index["form"]>,
  byItem: fc.constantFrom(1, 1, 1, 0, 2, 4), byGroup: fc.constantFrom(0, 32, 64, 64, 1), byRound: fc.constantFrom(0, 0, 1, 64), more: fc.constantFrom(0, 0, 0, 1, 3, 64), inside: fc.constantFrom(true, true, true, true, false),
});
const guard: fc.Arbitrary<Guard> = fc.oneof({ weight: 3, arbitrary: fc.constant(null) },
  fc.record({ kind: fc.constantFrom("below", "is", "every", "group") as fc.Arbitrary<"below">, value: fc.integer({ min: 0, max: 40 }) }));
const step: fc.Arbitrary<Step> = fc.oneof({ weight: 1, arbitrary: fc.constant("barrier" as const) }, {
  weight: 3, arbitrary: fc.record({
    how: fc.constantFrom("read", "read", "write", "write", "atomic") as fc.Arbitrary<"read">, space: fc.constantFrom(0, 1, 2, SHARED, SHARED), unit: fc.constantFrom(4, 4, 4, 4, 1, 16) as fc.Arbitrary<4>, index, guard,
  }),
});

export const programs: fc.Arbitrary<Program> = fc.record({
  items: fc.constantFrom(32, 64, 20), groups: fc.constantFrom(1, 2, 3), rounds: fc.constantFrom(1, 1, 2, 3), steps: fc.array(step, { minLength: 1, maxLength: 7 }),
  buffers: fc.tuple(...[0, 1, 2].map(() => fc.constantFrom({ words: 256, written: 256 }, { words: 256, written: 256 }, { words: 256, written: 100 }, { words: 256, written: 0 }, { words: 70, written: 70 }, { words: 64, written: 64 }))),
  alias: fc.constantFrom(false, false, false, true), slow: fc.constantFrom(false, false, false, false, true),
});

/** Words that an index may be cut to: the largest power of two in the space. */
function room(program: Program, space: number): number {
  const words = space === SHARED ? SHARED_WORDS : program.buffers[program.alias && space === 1 ? 0 : space]!.words - (program.alias && space === 1 ? 16 : 0);
  return 2 ** Math.floor(Math.log2(words));
}

/** Elements by which those that are not cut to the buffer come to lie further behind: less than there is between two allocations. */
const BEYOND: Readonly<Record<1 | 4 | 16, number>> = { 1: 40, 4: 16, 16: 8 };

/** The offset in bytes that a work-item comes to, of an access of so many bytes. */
function offsetOf(program: Program, at: Exclude<Step, "barrier">, t: number, g: number, j: number): number {
  const { form, byItem, byGroup, byRound, more, inside } = at.index;
  const rest = g * byGroup + j * byRound + more;
  let element = byItem * t + rest;
  if (form === "crossed") element = (t ^ (more & 7)) + g * byGroup;
  if (form === "scattered") element = ((t * 29) & 63) + rest;
  if (form === "looked up") element = TABLE[(t + more) & 63]! + g * byGroup;
  return ((element & ((room(program, at.space) * 4) / at.unit - 1)) + (inside ? 0 : BEYOND[at.unit])) * at.unit;
}

function takesPart(guard: Guard, t: number, g: number): boolean {
  if (guard === null) return true;
  switch (guard.kind) {
    case "below": return t < guard.value;
    case "is": return t === guard.value;
    case "every": return t % 4 === guard.value % 4;
    case "group": return g === guard.value % 2;
  }
}

/** One access by one work-item. */
export interface Event {
  readonly step: number;
  readonly how: "read" | "write" | "atomic";
  readonly group: number;
  readonly item: number;
  /** Barriers of the group before it. */
  readonly interval: number;
  /** Buffer, or `SHARED`; and there, the first byte and how many. */
  readonly space: number;
  readonly at: number;
  readonly size: number;
}

/** All accesses, in the order in which one work-item after the other makes them between barriers. */
export function eventsOf(program: Program): Event[] {
  const found: Event[] = [];
  for (let group = 0; group < program.groups; group++) {
    for (let item = 0; item < program.items; item++) {
      let interval = 0;
      for (let round = 0; round < program.rounds; round++) {
        program.steps.forEach((at, step) => {
          if (at === "barrier") interval++;
          else if (takesPart(at.guard, item, group)) {
            const aliased = program.alias && at.space === 1;
            found.push({ step, how: at.how, group, item, interval, space: aliased ? 0 : at.space, at: offsetOf(program, at.how === "atomic" ? { ...at, unit: 4 } : at, item, group, round) + (aliased ? 64 : 0), size: at.how === "atomic" ? 4 : at.unit });
          }
        });
        if (program.rounds > 1) interval++;
      }
    }
  }
  return found;
}

/** What is wrong with a program. Places are "space:word", of shared memory "space:word:group"; steps are those that take part in it. */
export interface Faults {
  /** Accesses that are not in their buffer. */
  readonly outside: readonly Event[];
  readonly races: ReadonlyMap<string, ReadonlySet<number>>;
  /** Those that a checker which knows the last writer only finds for certain. */
  readonly certain: ReadonlySet<string>;
  /** Places that accesses to several words come to, which are reported once. */
  readonly wide: ReadonlySet<string>;
  /** Reads of words that nobody wrote, where no race makes that a matter of luck. */
  readonly unwritten: ReadonlyMap<string, ReadonlySet<number>>;
}

export function faultsOf(program: Program): Faults {
  const outside: Event[] = [];
  const words = new Map<string, { readonly event: Event; readonly part: boolean; readonly low: number; readonly high: number }[]>();
  for (const event of eventsOf(program)) {
    const bytes = event.space === SHARED ? SHARED_WORDS * 4 : program.buffers[event.space]!.words * 4;
    if (event.at < 0 || event.at + event.size > bytes) {
      outside.push(event);
      continue;
    }
    for (let word = event.at & ~3; word < event.at + event.size; word += 4) {
      const key = `${event.space}:${word / 4}${event.space === SHARED ? `:${event.group}` : ""}`;
      const low = Math.max(event.at, word) - word;
      words.set(key, [...(words.get(key) ?? []), { event, part: event.size < 4, low, high: Math.min(4, event.at + event.size - word) }]);
    }
  }
  const races = new Map<string, Set<number>>();
  const unwritten = new Map<string, Set<number>>();
  const certain = new Set<string>();
  const wide = new Set([...words].flatMap(([key, list]) => (list.some(({ event }) => event.size > 4) ? [key] : [])));
  for (const [key, list] of words) {
    const steps = new Set<number>();
    for (let i = 0; i < list.length; i++) {
      for (let k = i + 1; k < list.length; k++) {
        const [a, b] = [list[i]!, list[k]!];
        const [x, y] = [a.event, b.event];
        if (x.group === y.group && (x.item === y.item || x.interval !== y.interval)) continue;
        if ((x.how === "read" && y.how === "read") || (x.how === "atomic" && y.how === "atomic") || (a.part && b.part)) continue;
        steps.add(x.step).add(y.step);
        if (x.how !== "atomic" && y.how !== "atomic" && !a.part && !b.part) certain.add(key);
      }
    }
    if (steps.size > 0) {
      races.set(key, steps);
      continue;
    }
    const [space, word] = key.split(":").map(Number) as [number, number];
    const known = [0, 1, 2, 3].map(() => space !== SHARED && word < program.buffers[space]!.written);
    // Between barriers only its own writes come before a work-item's read; races are none of our business here.
    for (const { event, low, high } of list.toSorted((a, b) => a.event.group - b.event.group || a.event.interval - b.event.interval)) {
      for (let byte = low; byte < high; byte++) {
        if (event.how !== "write" && !known[byte]) unwritten.set(key, (unwritten.get(key) ?? new Set()).add(event.step));
        known[byte] = true;
      }
    }
  }
  return { outside, races, certain, wide, unwritten };
}

/** The kernel as PTX, and the line of each step's access. Parameters: table, three buffers, and where a clock goes. */
export function writePtx(program: Program, name: string): { readonly text: string; readonly lines: readonly number[] } {
  const out: string[] = [".version 8.0", ".target sm_80", ".address_size 64", `.visible .entry ${name}(.param .u64 a, .param .u64 b, .param .u64 c, .param .u64 d)`, "{",
    ".reg .pred %p<4>; .reg .b16 %h<4>; .reg .b32 %r<30>; .reg .b64 %rd<30>;", `.shared .align 16 .b8 sh[${SHARED_WORDS * 4}];`,
    "ld.param.u64 %rd0, [a]; ld.param.u64 %rd1, [b]; ld.param.u64 %rd2, [c]; ld.param.u64 %rd3, [d];", "mov.u32 %r1, %tid.x; mov.u32 %r2, %ctaid.x; mov.u32 %r3, 0; mov.u32 %r4, sh;"];
  if (program.slow) out.push("mov.u64 %rd9, %clock64; setp.eq.u64 %p2, %rd9, 0x7fffffffffffffff; @%p2 trap;");
  out.push("LOOP:");
  const lines: number[] = [];
  program.steps.forEach((step, i) => {
    const at = step === "barrier" || step.how !== "atomic" ? step : { ...step, unit: 4 as const };
    if (at === "barrier") {
      lines.push(out.push("bar.sync 0;"));
      return;
    }
    const { form, byItem, byGroup, byRound, more, inside } = at.index;
    if (at.guard !== null) {
      const { kind, value } = at.guard;
      if (kind === "below") out.push(`setp.ge.u32 %p1, %r1, ${value};`);
      else if (kind === "is") out.push(`setp.ne.u32 %p1, %r1, ${value};`);
      else if (kind === "every") out.push(`and.b32 %r20, %r1, 3; setp.ne.u32 %p1, %r20, ${value % 4};`);
      else out.push(`setp.ne.u32 %p1, %r2, ${value % 2};`);
      out.push(`@%p1 bra L${i};`);
    }
    if (form === "linear") out.push(`mul.lo.u32 %r5, %r1, ${byItem}; add.u32 %r5, %r5, ${more}; mad.lo.u32 %r5, %r2, ${byGroup}, %r5; mad.lo.u32 %r5, %r3, ${byRound}, %r5;`);
    else if (form === "crossed") out.push(`xor.b32 %r5, %r1, ${more & 7}; mad.lo.u32 %r5, %r2, ${byGroup}, %r5;`);
    else if (form === "scattered") out.push(`mul.lo.u32 %r5, %r1, 29; and.b32 %r5, %r5, 63; add.u32 %r5, %r5, ${more}; mad.lo.u32 %r5, %r2, ${byGroup}, %r5; mad.lo.u32 %r5, %r3, ${byRound}, %r5;`);
    else out.push(`add.u32 %r5, %r1, ${more}; and.b32 %r5, %r5, 63; mul.wide.u32 %rd5, %r5, 4; add.u64 %rd5, %rd0, %rd5; ld.global.u32 %r5, [%rd5]; mad.lo.u32 %r5, %r2, ${byGroup}, %r5;`);
    out.push(`and.b32 %r5, %r5, ${(room(program, at.space) * 4) / at.unit - 1};`);
    if (!inside) out.push(`add.u32 %r5, %r5, ${BEYOND[at.unit]};`);
    let place: string;
    if (at.space === SHARED) {
      out.push(`mad.lo.u32 %r6, %r5, ${at.unit}, %r4;`);
      place = "[%r6]";
    } else {
      out.push(`mul.wide.u32 %rd6, %r5, ${at.unit}; add.u64 %rd6, %rd${at.space + 1}, %rd6;`);
      place = "[%rd6]";
    }
    const space = at.space === SHARED ? "shared" : "global";
    const many = at.unit === 16 ? ".v4" : "";
    const type = at.unit === 1 ? "u8" : "u32";
    const value = at.unit === 1 ? "%h1" : at.unit === 16 ? "{%r10, %r11, %r12, %r13}" : "%r10";
    // Of an atomic whose old value nobody wants, work-items may take part together.
    if (at.how === "atomic") lines.push(out.push(byItem === 0 ? `red.${space}.add.u32 ${place}, 1;` : `atom.${space}.add.u32 %r10, ${place}, 1;`));
    else if (at.how === "read") lines.push(out.push(`ld.${space}${many}.${type} ${value}, ${place};`));
    else lines.push(out.push(`st.${space}${many}.${type} ${place}, ${value};`));
    // What is read is used: all of it goes into the word that the end depends on.
    if (at.how === "read") out.push(at.unit === 1 ? "cvt.u32.u16 %r10, %h1; xor.b32 %r15, %r15, %r10;" : at.unit === 16 ? "xor.b32 %r15, %r15, %r10; xor.b32 %r15, %r15, %r11; xor.b32 %r15, %r15, %r12; xor.b32 %r15, %r15, %r13;" : "xor.b32 %r15, %r15, %r10;");
    if (at.guard !== null) out.push(`L${i}:`);
  });
  if (program.rounds > 1) out.push("bar.sync 0;", `add.u32 %r3, %r3, 1; setp.lt.u32 %p2, %r3, ${program.rounds}; @%p2 bra LOOP;`);
  // Nobody knows that this never happens.
  out.push("setp.ne.u32 %p3, %r15, 0x5a5a5a5b; @%p3 bra END; st.shared.u32 [sh], %r15;", "END:", "ret;", "}");
  return { text: `${out.join("\n").replace("LOOP:", "mov.u32 %r15, 0; mov.u32 %r10, %r1; mov.u32 %r11, %r1; mov.u32 %r12, %r1; mov.u32 %r13, %r1; cvt.u16.u32 %h1, %r1;\nLOOP:")}\n`, lines: lines.map((line) => line + (line > out.indexOf("LOOP:") ? 1 : 0)) };
}
