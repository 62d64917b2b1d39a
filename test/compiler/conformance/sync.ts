import { describe, expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { Bench, kernel, OWN_SLOT } from "./kernel-bench.ts";
import type { Compile } from "./op-bench.ts";

const iota = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const FUNC = "bytes=0 linkage=local";

/** Barriers, warp collectives, activemask. */
export function syncConformance(compile: Compile): void {
  const bench = new Bench(compile);

  describe("barriers", () => {
    /** Each work-item leaves its number in shared memory and takes its neighbour's after `barrier`. */
    const exchange = (barrier: string): string => kernel(`${OWN_SLOT}
      %s:i64 = sharedaddr "s"
      %mine:i64 = add %s %bytes
      store (%tid) shared %mine 0 4
      ${barrier}
      %n:i32 = sreg ntid.x
      %one:i32 = const 1
      %t1:i32 = add %tid %one
      %other:i32 = rem.u %t1 %n
      %other64:i64 = zext %other
      %ob:i64 = mul %other64 %four64
      %oa:i64 = add %s %ob
      %v:i32 = load shared %oa 0 4
      store (%v) global %slot 0 4
      ret ()`, { before: 'shared "s" size=4096 align=4' });

    test.each([1, 2, 31, 32, 33, 100])("hold all of %i work-items back", (n) => {
      const rotated = iota(n).map((i) => (i + 1) % n);
      expect(bench.words(exchange("barrier sync _ _"), n, { block: [n, 1, 1] })).toEqual(rotated);
      expect(bench.words(exchange("%id:i32 = const 15\nbarrier sync %id _"), n, { block: [n, 1, 1] })).toEqual(rotated);
    });

    test("in different branches meet by id", () => {
      const text = exchange(`
        %five:i32 = const 5
        %c:i1 = icmp lt.u %tid %five
        condbr %c ^a ^b
      ^a:
        barrier sync _ _
        br ^j
      ^b:
        barrier sync _ _
        br ^j
      ^j:`);
      expect(bench.words(text, 12, { block: [12, 1, 1] })).toEqual(iota(12).map((i) => (i + 1) % 12));
    });

    test("do not wait for those who have exited", () => {
      const text = kernel(`${OWN_SLOT}
        %three:i32 = const 3
        %c:i1 = icmp lt.u %tid %three
        condbr %c ^gone ^stay
      ^gone:
        ret ()
      ^stay:
        barrier sync _ _
        store (%tid) global %slot 0 4
        ret ()`);
      expect(bench.words(text, 6, { block: [6, 1, 1] })).toEqual([0, 0, 0, 3, 4, 5]);
    });

    test("in a loop with as many turns for all", () => {
      const text = kernel(`${OWN_SLOT}
        %s:i64 = sharedaddr "s"
        %zero:i32 = const 0
        %one:i32 = const 1
        %ten:i32 = const 10
        br ^loop
      ^loop:
        %i:i32 = phi (^entry %zero, ^loop %i1)
        %old:i32 = atomic add shared %s 0 %tid relaxed workgroup
        barrier sync _ _
        %i1:i32 = add %i %one
        %c:i1 = icmp lt.u %i1 %ten
        %v:i32 = load shared %s 0 4
        barrier sync _ _
        condbr %c ^loop ^done
      ^done:
        store (%v) global %slot 0 4
        ret ()`, { before: 'shared "s" size=4 align=4' });
      expect(bench.words(text, 8, { block: [8, 1, 1] })).toEqual(iota(8).map(() => 280));
    });

    test("with a count let a part of the group meet, and arrive does not wait", () => {
      // Warp 0 produces and only arrives; warp 1 consumes.
      const text = kernel(`${OWN_SLOT}
        %s:i64 = sharedaddr "s"
        %id:i32 = const 3
        %count:i32 = const 64
        %w:i32 = sreg warp
        %lane:i32 = sreg lane
        %consumer:i1 = trunc %w
        %lane64:i64 = zext %lane
        %lb:i64 = mul %lane64 %four64
        %la:i64 = add %s %lb
        condbr %consumer ^take ^give
      ^give:
        store (%tid) shared %la 0 4
        barrier arrive %id %count
        store (%count) global %slot 0 4
        ret ()
      ^take:
        barrier sync %id %count
        %v:i32 = load shared %la 0 4
        store (%v) global %slot 0 4
        ret ()`, { before: 'shared "s" size=128 align=4' });
      expect(bench.words(text, 64, { block: [64, 1, 1] })).toEqual([...iota(32).map(() => 64), ...iota(32)]);
    });

    test("with a count count the missing lanes of a partial warp", () => {
      const text = exchange("%count:i32 = const 64\nbarrier sync _ %count");
      expect(bench.words(text, 40, { block: [40, 1, 1] })).toEqual(iota(40).map((i) => (i + 1) % 40));
    });

    test("reduce: and, or, popc", () => {
      const text = kernel(`${OWN_SLOT}
        %limit:i32 = const 37
        %c:i1 = icmp lt.u %tid %limit
        %yes:i1 = const 1
        %a:i1 = barred and _ _ %c
        %o:i1 = barred or _ _ %c
        %p:i32 = barred popc _ _ %c
        %all:i1 = barred and _ _ %yes
        %a32:i32 = zext %a
        %o32:i32 = zext %o
        %all32:i32 = zext %all
        %s1:i32 = const 8
        %s2:i32 = const 9
        %s3:i32 = const 10
        %x1:i32 = shl %a32 %s1
        %x2:i32 = shl %o32 %s2
        %x3:i32 = shl %all32 %s3
        %y1:i32 = or %p %x1
        %y2:i32 = or %y1 %x2
        %y3:i32 = or %y2 %x3
        store (%y3) global %slot 0 4
        ret ()`);
      expect(bench.words(text, 50, { block: [50, 1, 1] })).toEqual(iota(50).map(() => 37 + 512 + 1024));
      expect(bench.words(text, 5, { block: [5, 1, 1] })).toEqual(iota(5).map(() => 5 + 256 + 512 + 1024));
    });

    test("that some never reach are a divergence, blamed on the lowest that waits", () => {
      const text = kernel(`
        %t:i32 = sreg tid.x
        %two:i32 = const 2
        %zero:i32 = const 0
        %one:i32 = const 1
        %c:i1 = icmp lt.u %t %two
        condbr %c ^a ^b
      ^a:
        barrier sync %zero _ !7
        ret ()
      ^b:
        barrier sync %one _ !8
        ret ()`);
      expect(bench.fault(text, packParams(0n), { block: [4, 1, 1] })).toMatchObject({ kind: "barrier-divergence", access: null, site: { line: 7, thread: [0, 0, 0] } });
    });

    test.each([["id 16", "%id:i32 = const 16\nbarrier sync %id _ !2"], ["count 0", "%n:i32 = const 0\nbarrier sync _ %n !2"], ["count 33", "%n:i32 = const 33\nbarrier sync _ %n !2"]])("with %s are illegal", (_, body) => {
      expect(bench.fault(kernel(`${body}\nret ()`), packParams(0n))).toMatchObject({ kind: "illegal-instruction", site: { line: 2 } });
    });
  });

  describe("warp collectives", () => {
    /** One expression in every lane of two warps, the second partial (40 work-items); `%mine` is lane * 3 + 1. */
    const collective = (body: string, options: { readonly warpSize?: number; readonly n?: number } = {}): number[] => bench.words(kernel(`${OWN_SLOT}
      %lane:i32 = sreg lane
      %k1:i32 = const 1
      %k3:i32 = const 3
      %times:i32 = mul %lane %k3
      %mine:i32 = add %times %k1
      ${body}
      store (%r) global %slot 0 4
      ret ()`), options.n ?? 40, { block: [options.n ?? 40, 1, 1], warpSize: options.warpSize ?? 32 });

    /** The lanes of each work-item's warp. */
    const warps = (n: number, warpSize: number): number[][] => iota(n).map((i) => iota(n).filter((j) => Math.floor(i / warpSize) === Math.floor(j / warpSize)).map((j) => j % warpSize));

    /** shfl as the pseudocode of the PTX ISA states it. */
    const shfl = (mode: string, lane: number, b: number, c: number, active: readonly number[]): { lane: number; ok: boolean } => {
      const [bval, cval, mask] = [b & 31, c & 31, (c >> 8) & 31];
      const maxLane = (lane & mask) | (cval & ~mask & 31);
      const minLane = lane & mask;
      const j = { up: lane - bval, down: lane + bval, bfly: lane ^ bval, idx: minLane | (bval & ~mask & 31) }[mode]!;
      const ok = mode === "up" ? j >= maxLane : j <= maxLane;
      const from = ok ? j : lane;
      return { lane: active.includes(from) ? from : lane, ok };
    };

    test.each(["up", "down", "bfly", "idx"].flatMap((mode) => [[0, 0], [1, 0x1f], [1, 0], [3, 0x181f], [5, 0x1007], [31, 0x1f], [33, 0x1f], [16, 0x1c03]].map(([b, c]) => [mode, b!, c!] as const)))("shfl %s by %i with %i", (mode, b, c) => {
      const active = warps(40, 32);
      const values = collective(`%b:i32 = const ${b}\n%c:i32 = const ${c}\n%r:i32, %ok:i1 = shfl ${mode} %mine %b %c _`);
      expect(values).toEqual(iota(40).map((i) => shfl(mode, i % 32, b, c, active[i]!).lane * 3 + 1));
      const oks = collective(`%b:i32 = const ${b}\n%c:i32 = const ${c}\n%v:i32, %ok:i1 = shfl ${mode} %mine %b %c _\n%r:i32 = zext %ok`);
      expect(oks).toEqual(iota(40).map((i) => Number(shfl(mode, i % 32, b, c, active[i]!).ok)));
    });

    test("shfl reads by each lane's own operands", () => {
      const values = collective("%c:i32 = const 31\n%seven:i32 = const 7\n%b:i32 = mul %lane %seven\n%r:i32, _ = shfl idx %mine %b %c _", { n: 32 });
      expect(values).toEqual(iota(32).map((i) => ((i * 7) % 32) * 3 + 1));
    });

    const masked = `
      %half:i32 = const 10
      %low:i1 = icmp lt.u %lane %half
      %mlow:i32 = const 0x3ff
      %mhigh:i32 = const 0xfffffc00
      %mask:i32 = select %low %mlow %mhigh`;

    test("votes", () => {
      const limit = "%limit:i32 = const 12\n%p:i1 = icmp lt.u %lane %limit\n";
      const bits = (lanes: readonly number[]): number => lanes.reduce((mask, lane) => (mask | (1 << lane)) >>> 0, 0);
      const active = warps(40, 32);
      expect(collective(`${limit}%r:i32 = vote ballot %p _`)).toEqual(active.map((lanes) => bits(lanes.filter((lane) => lane < 12))));
      for (const [mode, holds] of [["all", (yes: number, all: number) => yes === all], ["any", (yes: number) => yes > 0], ["uni", (yes: number, all: number) => yes === 0 || yes === all]] as const) {
        expect([mode, collective(`${limit}%v:i1 = vote ${mode} %p _\n%r:i32 = zext %v`)]).toEqual([mode, active.map((lanes) => Number(holds(lanes.filter((lane) => lane < 12).length, lanes.length)))]);
        const half = (i: number): number[] => active[i]!.filter((lane) => lane < 10 === i % 32 < 10);
        expect([mode, collective(`${limit}${masked}\n%v:i1 = vote ${mode} %p %mask\n%r:i32 = zext %v`)]).toEqual([mode, iota(40).map((i) => Number(holds(half(i).filter((lane) => lane < 12).length, half(i).length)))]);
      }
      expect(collective(`${limit}${masked}\n%r:i32 = vote ballot %p %mask`)).toEqual(iota(40).map((i) => bits(active[i]!.filter((lane) => lane < 10 === i % 32 < 10 && lane < 12))));
    });

    test("match", () => {
      const key = "%four:i32 = const 4\n%key:i32 = rem.u %lane %four\n";
      const active = warps(40, 32);
      const bits = (lanes: readonly number[]): number => lanes.reduce((mask, lane) => (mask | (1 << lane)) >>> 0, 0);
      expect(collective(`${key}%r:i32, _ = match any %key _`)).toEqual(iota(40).map((i) => bits(active[i]!.filter((lane) => lane % 4 === (i % 32) % 4))));
      expect(collective(`${key}%wide:i64 = sext %key\n%r:i32, _ = match any %wide _`)).toEqual(iota(40).map((i) => bits(active[i]!.filter((lane) => lane % 4 === (i % 32) % 4))));
      expect(collective(`${key}%r:i32, %ok:i1 = match all %key _`)).toEqual(iota(40).map(() => 0));
      expect(collective(`%r:i32, %ok:i1 = match all %k3 _`)).toEqual(active.map(bits));
      expect(collective(`%v:i32, %ok:i1 = match all %k3 _\n%r:i32 = zext %ok`)).toEqual(iota(40).map(() => 1));
    });

    test.each([["add", (a: number, b: number) => (a + b) >>> 0], ["min.s", (a: number, b: number) => Math.min(a | 0, b | 0) >>> 0], ["max.s", (a: number, b: number) => Math.max(a | 0, b | 0) >>> 0],
      ["min.u", Math.min], ["max.u", Math.max], ["and", (a: number, b: number) => (a & b) >>> 0], ["or", (a: number, b: number) => (a | b) >>> 0], ["xor", (a: number, b: number) => (a ^ b) >>> 0]] as const)("redux %s", (red, combine) => {
      const key = "%big:i32 = const 0x9e3779b9\n%key:i32 = mul %mine %big\n";
      const value = (lane: number): number => Math.imul(lane * 3 + 1, 0x9e3779b9) >>> 0;
      const active = warps(40, 32);
      expect(collective(`${key}%r:i32 = redux ${red} %key _`)).toEqual(active.map((lanes) => lanes.map(value).reduce((a, b) => combine(a, b))));
      expect(collective(`${key}${masked}\n%r:i32 = redux ${red} %key %mask`)).toEqual(iota(40).map((i) => active[i]!.filter((lane) => lane < 10 === i % 32 < 10).map(value).reduce((a, b) => combine(a, b))));
    });

    test("of a lane outside its own mask act on that lane alone", () => {
      expect(collective("%m:i32 = const 0\n%r:i32 = redux add %mine %m")).toEqual(iota(40).map((i) => (i % 32) * 3 + 1));
      expect(collective("%m:i32 = const 0\n%p:i1 = const 1\n%r:i32 = vote ballot %p %m")).toEqual(iota(40).map((i) => (1 << i % 32) >>> 0));
      expect(collective("%m:i32 = const 0\n%b:i32 = const 1\n%c:i32 = const 31\n%r:i32, _ = shfl bfly %mine %b %c %m")).toEqual(iota(40).map((i) => (i % 32) * 3 + 1));
    });

    test("meet across branches when operation, mode and mask agree", () => {
      const text = `
        %one:i32 = const 1
        %odd32:i32 = and %lane %one
        %odd:i1 = trunc %odd32
        condbr %odd ^a ^b
      ^a:
        %x:i32 = redux add %mine _
        br ^j
      ^b:
        %y:i32 = redux add %k1 _
        br ^j
      ^j:
        %r:i32 = phi (^a %x, ^b %y)`;
      expect(collective(text, { n: 8 })).toEqual(iota(8).map(() => 4 + [1, 3, 5, 7].reduce((sum, lane) => sum + lane * 3 + 1, 0)));
    });

    test("inside a branch with the branch's mask", () => {
      const text = `
        %one:i32 = const 1
        %odd32:i32 = and %lane %one
        %odd:i1 = trunc %odd32
        %m:i32 = vote ballot %odd _
        %mn:i32 = not %m
        condbr %odd ^a ^b
      ^a:
        %x:i32 = redux add %mine %m
        br ^j
      ^b:
        warpsync %mn
        %y:i32 = redux max.u %mine %mn
        br ^j
      ^j:
        %r:i32 = phi (^a %x, ^b %y)`;
      expect(collective(text, { n: 8 })).toEqual(iota(8).map((i) => (i % 2 === 1 ? 4 + 10 + 16 + 22 : 19)));
    });

    test("do not wait for exited lanes, but do for the others", () => {
      const text = kernel(`${OWN_SLOT}
        %lane:i32 = sreg lane
        %two:i32 = const 2
        %gone:i1 = icmp lt.u %lane %two
        condbr %gone ^leave ^stay
      ^leave:
        ret ()
      ^stay:
        %all:i32 = const -1
        %yes:i1 = const 1
        %r:i32 = vote ballot %yes %all
        store (%r) global %slot 0 4
        ret ()`);
      expect(bench.words(text, 6, { block: [6, 1, 1] })).toEqual([0, 0, 60, 60, 60, 60]);
    });

    test("that a lane of the mask never reaches are a divergence", () => {
      const text = kernel(`
        %lane:i32 = sreg lane
        %two:i32 = const 2
        %m:i32 = const 7
        %c:i1 = icmp eq %lane %two
        condbr %c ^away ^stay
      ^away:
        barrier sync _ _ !4
        ret ()
      ^stay:
        warpsync %m !5
        ret ()`);
      expect(bench.fault(text, packParams(0n), { block: [3, 1, 1] })).toMatchObject({ kind: "barrier-divergence", site: { line: 5, thread: [0, 0, 0] } });
    });

    test.each([4, 8, 16])("work in warps of %i", (warpSize) => {
      const sums = collective("%r:i32 = redux add %mine _", { warpSize, n: 21 });
      expect(sums).toEqual(warps(21, warpSize).map((lanes) => lanes.reduce((sum, lane) => sum + lane * 3 + 1, 0)));
    });
  });

  test("warps of 64: lane numbers have one bit more, masks name lanes 0 to 31", () => {
    const wide = (body: string): number[] => bench.words(kernel(`${OWN_SLOT}
      %lane:i32 = sreg lane
      ${body}
      store (%r) global %slot 0 4
      ret ()`), 100, { block: [100, 1, 1], warpSize: 64 });
    const warp = (i: number): number[] => (i < 64 ? iota(64) : iota(36));
    expect(wide("%r:i32 = redux add %lane _")).toEqual(iota(100).map((i) => warp(i).reduce((a, b) => a + b)));
    expect(wide("%b:i32 = const 33\n%c:i32 = const 63\n%r:i32, _ = shfl bfly %lane %b %c _")).toEqual(iota(100).map((i) => (warp(i).includes((i % 64) ^ 33) ? (i % 64) ^ 33 : i % 64)));
    expect(wide("%b:i32 = const 40\n%c:i32 = const 63\n%v:i32, %ok:i1 = shfl down %lane %b %c _\n%r:i32 = zext %ok")).toEqual(iota(100).map((i) => Number((i % 64) + 40 < 64)));
    expect(wide("%k:i32 = const 3\n%m:i32 = and %lane %k\n%z:i32 = const 0\n%p:i1 = icmp eq %m %z\n%r:i32 = vote ballot %p _")).toEqual(iota(100).map(() => 0x11111111));
    expect(wide("%all:i32 = const -1\n%r:i32 = redux max.u %lane %all")).toEqual(iota(100).map((i) => (i % 64 < 32 ? 31 : i % 64)));
  });

  describe("activemask", () => {
    const branches = kernel(`${OWN_SLOT}
      %lane:i32 = sreg lane
      %three:i32 = const 3
      %k:i32 = rem.u %lane %three
      switch %k (0n ^a, 1n ^b) ^c
    ^a:
      %x:i32 = activemask
      br ^j
    ^b:
      %y:i32 = activemask
      br ^j
    ^c:
      br ^j
    ^j:
      %r:i32 = phi (^a %x, ^b %y, ^c %k)
      %s:i32 = activemask
      %p:i32 = add %r %s
      store (%p) global %slot 0 4
      ret ()`);

    test("names the lanes that are at the same instruction when none can go on", () => {
      // Lanes 0 and 3 go on first (mask 9), then 1 and 4 (18), whose activemask comes before the second one, at which 2 and 5 wait: there all meet.
      expect(bench.words(branches, 6, { block: [6, 1, 1] })).toEqual([9 + 63, 18 + 63, 2 + 63, 9 + 63, 18 + 63, 2 + 63]);
    });

    test("tells lanes apart that come to it through different calls", () => {
      const text = `func "mask" params=() results=(i32) ${FUNC} {
      ^entry:
        %m:i32 = activemask
        ret (%m)
      }
      func "outer" params=() results=(i32) ${FUNC} {
      ^entry:
        %m:i32 = call "mask" ()
        ret (%m)
      }` + kernel(`${OWN_SLOT}
        %lane:i32 = sreg lane
        %one:i32 = const 1
        %zero:i32 = const 0
        %bit:i32 = and %lane %one
        %odd:i1 = icmp eq %bit %one
        condbr %odd ^a ^j
      ^a:
        %x:i32 = call "outer" ()
        br ^j
      ^j:
        %r:i32 = phi (^entry %zero, ^a %x)
        %s:i32 = call "outer" ()
        %p:i32 = add %r %s
        store (%p) global %slot 0 4
        ret ()`);
      expect(bench.words(text, 6, { block: [6, 1, 1] })).toEqual([63, 42 + 63, 63, 42 + 63, 63, 42 + 63]);
    });

    test("does not count exited lanes, nor wait for those at a barrier", () => {
      const text = kernel(`${OWN_SLOT}
        %lane:i32 = sreg lane
        switch %lane (0n ^gone, 1n ^wait) ^mask
      ^gone:
        ret ()
      ^wait:
        barrier sync _ _
        br ^end
      ^mask:
        %m:i32 = activemask
        barrier sync _ _
        br ^end
      ^end:
        %r:i32 = phi (^wait %lane, ^mask %m)
        store (%r) global %slot 0 4
        ret ()`);
      expect(bench.words(text, 5, { block: [5, 1, 1] })).toEqual([0, 1, 28, 28, 28]);
    });

    test("goes on although another lane spins on its result", () => {
      const text = kernel(`${OWN_SLOT}
        %lane:i32 = sreg lane
        %one:i32 = const 1
        %first:i1 = icmp eq %lane %one
        condbr %first ^give ^spin
      ^give:
        %m:i32 = activemask
        store (%m) global %out 0 4 volatile=true
        ret ()
      ^spin:
        %v:i32 = load global %out 0 4 volatile=true
        %zero:i32 = const 0
        %still:i1 = icmp eq %v %zero
        condbr %still ^spin ^end
      ^end:
        ret ()`);
      expect(bench.words(text, 1, { block: [3, 1, 1] })).toEqual([2]);
    });
  });
}
