import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatDiagnostic, type Diagnostic } from "glassgpu";
import { CL_MEM_READ_WRITE } from "glassgpu/opencl";
import { RED_ZONE } from "../../src/check/checker.ts";
import { MAX_REPORTS, reportPolicy } from "../../src/check/reports.ts";
import { Cl, classes, Cuda, found } from "./host.ts";

// Memory that ends: between launches, in the order of a stream, with a graph, while a kernel runs, and in kernels themselves.

/** Kernels of one parameter, by name: work-items read, write or do nothing but keep a pointer. */
const module = `.version 8.0\n.target sm_80\n.address_size 64\n${[
  ["load", "ld.global.u32 %r2, [%rd3]; st.global.u32 [%rd4], %r2;"], ["store", "st.global.u32 [%rd3], %r1;"],
].flatMap(([name, access]) => [["", ""], ["kept_", "ld.global.u64 %rd1, [%rd1];"]].map(([how, fetch]) => `.visible .entry ${how}${name}(.param .u64 a, .param .u64 b, .param .u32 o)\n{ .reg .b32 %r<9>; .reg .b64 %rd<9>;\nld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; ld.param.u32 %r3, [o]; mov.u32 %r1, %tid.x; mul.wide.u32 %rd5, %r1, 4; add.u64 %rd4, %rd2, %rd5;\n`
  + `${fetch} cvt.u64.u32 %rd6, %r3; add.u64 %rd3, %rd1, %rd5; add.u64 %rd3, %rd3, %rd6;\n${access}\nret;\n}\n`)).join("")}`;

/** A CUDA process with those kernels, a stream, and memory for results. */
class World extends Cuda {
  readonly stream: number;
  readonly results: number;
  private readonly fn: ReadonlyMap<string, number>;

  constructor() {
    super();
    const { cuda } = this.process.throwing;
    const code = cuda.cuModuleLoadData(module);
    this.fn = new Map(["load", "store", "kept_load", "kept_store"].map((name) => [name, cuda.cuModuleGetFunction(code, name) as number]));
    this.stream = cuda.cuStreamCreate(0) as number;
    this.results = this.alloc(4096);
  }

  launch(name: string, pointer: number, offset = 0, items = 1, stream: number = this.stream): void {
    this.process.cuda.cuLaunchKernel(this.fn.get(name)! as never, 1, 1, 1, items, 1, 1, 0, stream as never, [pointer, this.results, offset], null);
  }

  kernel(name: string, pointer: number): { func: never; gridDimX: 1; gridDimY: 1; gridDimZ: 1; blockDimX: 1; blockDimY: 1; blockDimZ: 1; kernelParams: readonly number[] } {
    return { func: this.fn.get(name)! as never, gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 1, blockDimY: 1, blockDimZ: 1, kernelParams: [pointer, this.results, 0] };
  }
}

describe("in stream order", () => {
  test("what comes before a free may use the memory, what comes after may not", () => {
    const h = new World();
    const { cuda } = h.process.throwing;
    // Its neighbour keeps the page mapped.
    const [p] = [cuda.cuMemAllocAsync(64, h.stream as never) as number, cuda.cuMemAllocAsync(64, h.stream as never)];
    h.launch("store", p);
    h.launch("load", p);
    cuda.cuMemFreeAsync(p as never, h.stream as never);
    cuda.cuStreamSynchronize(h.stream as never);
    expect(found(h.machine)).toEqual([]);
    h.launch("load", p);
    cuda.cuStreamSynchronize(h.stream as never);
    expect(classes(h.machine)).toEqual(["lifetime"]);
    expect(found(h.machine)[0]!.message).toMatch(/of memory that was freed: it was byte 0 of cuMemAllocAsync #\d+ \(64 bytes/);
  });

  test("memory that is given out again is new from then on, and the old one's until then", () => {
    const h = new World();
    const { cuda } = h.process.throwing;
    const p = cuda.cuMemAllocAsync(64, h.stream as never) as number;
    h.launch("store", p);
    h.launch("load", p);
    cuda.cuMemFreeAsync(p as never, h.stream as never);
    expect(cuda.cuMemAllocAsync(64, h.stream as never)).toBe(p);
    h.launch("load", p);
    h.launch("store", p);
    h.launch("load", p);
    cuda.cuStreamSynchronize(h.stream as never);
    expect(classes(h.machine)).toEqual(["uninitialised"]);
  });

  test("what a copy writes after the free is the new memory's", () => {
    const h = new World();
    const { cuda } = h.process.throwing;
    const p = cuda.cuMemAllocAsync(64, h.stream as never) as number;
    h.launch("store", p);
    cuda.cuMemFreeAsync(p as never, h.stream as never);
    cuda.cuMemAllocAsync(64, h.stream as never);
    cuda.cuMemsetD32Async(p as never, 7, 16, h.stream as never);
    h.launch("load", p, 0, 16);
    cuda.cuStreamSynchronize(h.stream as never);
    expect(found(h.machine)).toEqual([]);
  });

  test("cuMemFree of such memory waits, and is a free", () => {
    const h = new World();
    const { cuda } = h.process.throwing;
    const [p] = [cuda.cuMemAllocAsync(64, h.stream as never) as number, cuda.cuMemAllocAsync(64, h.stream as never)];
    h.launch("store", p);
    cuda.cuMemFree(p as never);
    h.launch("store", p);
    cuda.cuStreamSynchronize(h.stream as never);
    expect(classes(h.machine)).toEqual(["lifetime"]);
  });
});

describe("memory of a graph's nodes", () => {
  /** A graph that allocates, stores, loads and perhaps frees. */
  function graph(h: World, kernels: readonly string[], frees: boolean, after: readonly string[] = []): { readonly run: () => void; readonly address: number } {
    const { cuda } = h.process.throwing;
    const made = cuda.cuGraphCreate(0);
    const params = { poolProps: { allocType: 1, location: { type: 1, id: 0 } }, bytesize: 64, dptr: 0 };
    let last = cuda.cuGraphAddMemAllocNode(made, null, 0, params as never);
    const address = Number((cuda.cuGraphMemAllocNodeGetParams(last) as unknown as { dptr: number }).dptr);
    for (const name of kernels) last = cuda.cuGraphAddKernelNode(made, [last], 1, h.kernel(name, address) as never);
    if (frees) last = cuda.cuGraphAddMemFreeNode(made, [last], 1, address as never);
    for (const name of after) last = cuda.cuGraphAddKernelNode(made, [last], 1, h.kernel(name, address) as never);
    const exec = cuda.cuGraphInstantiate(made, 0);
    return { run: () => { cuda.cuGraphLaunch(exec, h.stream as never); cuda.cuStreamSynchronize(h.stream as never); }, address };
  }

  test("is new in each launch", () => {
    const h = new World();
    const { run } = graph(h, ["store", "load"], true);
    for (let i = 0; i < 3; i++) run();
    expect(found(h.machine)).toEqual([]);
    const other = new World();
    const reads = graph(other, ["load"], true);
    for (let i = 0; i < 2; i++) reads.run();
    expect(classes(other.machine)).toEqual(["uninitialised", "uninitialised"]);
  });

  test("is nobody's before a launch and after its free", () => {
    const h = new World();
    const { run, address } = graph(h, ["store"], true);
    h.launch("store", address);
    h.process.cuda.cuStreamSynchronize(h.stream as never);
    expect(classes(h.machine)).toEqual(["lifetime"]);
    run();
    expect(classes(h.machine)).toEqual(["lifetime"]);
    h.launch("store", address);
    h.process.cuda.cuStreamSynchronize(h.stream as never);
    expect(classes(h.machine)).toEqual(["lifetime", "lifetime"]);
    expect(found(h.machine)[1]!.message).toContain("byte 0 of memory of a graph's node");
  });

  test("a node behind the free", () => {
    const h = new World();
    graph(h, ["store"], true, ["load"]).run();
    expect(classes(h.machine)).toEqual(["lifetime"]);
  });

  test("is the program's after a launch that does not free it, until a stream does", () => {
    const h = new World();
    const { run, address } = graph(h, ["store"], false);
    run();
    h.launch("load", address);
    h.process.cuda.cuMemFreeAsync(address as never, h.stream as never);
    h.process.cuda.cuStreamSynchronize(h.stream as never);
    expect(found(h.machine)).toEqual([]);
    h.launch("load", address);
    h.process.cuda.cuStreamSynchronize(h.stream as never);
    expect(classes(h.machine)).toEqual(["lifetime"]);
  });
});

describe("memory that the CPU sees too", () => {
  test("SVM, through a pointer kept in memory", () => {
    const h = new Cl("__kernel void k(__global ulong* keep, __global int* n) {\n  ((__global int*)*keep)[get_global_id(0) + *n] = 1;\n}\n");
    const cl = h.process.throwing.opencl;
    const p = cl.clSVMAlloc(h.context, CL_MEM_READ_WRITE, 100, 0) as number;
    const keep = h.buffer(new BigUint64Array([BigInt(p)]));
    const n = (value: number) => h.buffer(new Uint32Array([value]));
    h.run([keep, n(0)], 25, 25);
    expect(found(h.machine)).toEqual([]);
    h.run([keep, n(1)], 25, 25);
    expect(classes(h.machine)).toEqual(["bounds"]);
    expect(found(h.machine)[0]!.message).toContain("0 bytes past the end of clSVMAlloc #1 (100 bytes");
    cl.clSVMFree(h.context, p);
    h.run([keep, n(0)], 1, 1);
    expect(classes(h.machine)).toEqual(["bounds", "lifetime"]);
    expect(found(h.machine)[1]!.message).toContain("it was byte 0 of clSVMAlloc #1");
  });

  test.each(["cuMemAllocManaged", "cuMemAllocHost"] as const)("%s: to the last byte and not further, also where pages move; freed, it is gone", (call) => {
    const h = new World();
    const { cuda } = h.process.throwing;
    const bytes = 200_000;
    const p = (call === "cuMemAllocManaged" ? cuda.cuMemAllocManaged(bytes, 1) : cuda.cuMemAllocHost(bytes)) as number;
    const rounds = (): void => {
      for (let at = 0; at < bytes; at += 4096) h.launch("load", p, at, 32);
      for (let at = 0; at < bytes; at += 50_000) h.launch("store", p, at, 32);
      h.process.cuda.cuCtxSynchronize();
      h.process.view(p, bytes).fill(3);
    };
    rounds();
    rounds();
    expect(found(h.machine)).toEqual([]);
    h.launch("load", p, bytes - 124, 32);
    h.process.cuda.cuCtxSynchronize();
    expect(classes(h.machine)).toEqual(["bounds"]);
    expect(found(h.machine)[0]!.message).toContain(`0 bytes past the end of ${call} #`);
    if (call === "cuMemAllocManaged") cuda.cuMemFree(p as never);
    else cuda.cuMemFreeHost(p);
    h.launch("load", p);
    expect(h.process.cuda.cuCtxSynchronize()).not.toBe(0);
    expect(classes(h.machine)).toEqual(["bounds", "lifetime"]);
  });
});

test("clSVMFree while a kernel waits for a flag of the host", () => {
  const h = new Cl("__kernel void k(__global ulong* keep, __global int* n) {\n  volatile __global int* flag = (volatile __global int*)keep[1];\n  while (*flag == 0);\n  ((__global int*)keep[0])[get_global_id(0)] = *n;\n}\n");
  const cl = h.process.throwing.opencl;
  const [p, flag] = [0, 1].map(() => cl.clSVMAlloc(h.context, CL_MEM_READ_WRITE, 100, 0) as number) as [number, number];
  const keep = h.buffer(new BigUint64Array([BigInt(p), BigInt(flag)]));
  h.process.view(flag, 4).fill(0);
  h.launch("k", [keep, h.buffer(new Uint32Array(1))], [1], [1], 8, () => {
    cl.clSVMFree(h.context, p);
    h.process.view(flag, 4).fill(1);
  });
  expect(classes(h.machine)).toEqual(["lifetime"]);
  expect(found(h.machine)[0]!.message).toMatch(/write of 4 bytes of memory that was freed: it was byte 0 of clSVMAlloc #1 .* in line 4$/);
});

test("malloc and free in kernels raise no alarm, whoever allocates what whom freed", () => {
  const h = new Cuda();
  const text = ".version 8.0\n.target sm_80\n.address_size 64\n.extern .func (.param .b64 r) malloc (.param .b64 s);\n.extern .func free (.param .b64 s);\n.visible .entry k(.param .u64 a)\n{ .reg .pred %p<3>; .reg .b32 %r<9>; .reg .b64 %rd<9>; .param .b64 s; .param .b64 r;\n"
    + "mov.u32 %r1, 0;\nAGAIN:\nst.param.b64 [s], 64; call (r), malloc, (s); ld.param.b64 %rd1, [r];\nst.u32 [%rd1], %r1; st.u32 [%rd1+60], %r1; ld.u32 %r2, [%rd1];\nst.param.b64 [s], %rd1; call free, (s);\nadd.u32 %r1, %r1, 1; setp.lt.u32 %p1, %r1, 5; @%p1 bra AGAIN;\nret;\n}\n";
  const { cuda } = h.process.throwing;
  cuda.cuLaunchKernel(cuda.cuModuleGetFunction(cuda.cuModuleLoadData(text), "k"), 4, 1, 1, 16, 1, 1, 0, null, [0], null);
  cuda.cuCtxSynchronize();
  expect(found(h.machine)).toEqual([]);
});

// Random programs.

type Op =
  | { readonly kind: "alloc"; readonly bytes: number; readonly async: boolean }
  | { readonly kind: "free"; readonly which: number }
  | { readonly kind: "copy"; readonly which: number }
  | { readonly kind: "launch"; readonly which: number; readonly name: "load" | "store"; readonly kept: boolean; readonly items: 1 | 16; readonly offset: number; readonly wait: boolean };

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("alloc" as const), bytes: fc.constantFrom(64, 64, 100, 1000), async: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("free" as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("copy" as const), which: fc.nat(9) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("launch" as const), which: fc.nat(9), name: fc.constantFrom("load", "store") as fc.Arbitrary<"load">, kept: fc.boolean(), items: fc.constantFrom(1, 16) as fc.Arbitrary<1>, offset: fc.constantFrom(0, 0, 0, 4, 36, 60, 100), wait: fc.boolean() }) },
);

/** An allocation as the model knows it. */
interface Piece {
  readonly address: number;
  readonly bytes: number;
  readonly async: boolean;
  readonly since: number;
  until: number | null;
  readonly written: Set<number>;
}

/** "class address" of what an access of four bytes does wrong; null: nothing. */
function judge(pieces: readonly Piece[], at: number, write: boolean): string | null {
  const holds = (piece: Piece, byte: number): boolean => byte >= piece.address && byte < piece.address + piece.bytes;
  const byte = [0, 1, 2, 3].map((i) => at + i).find((one) => !pieces.some((piece) => piece.until === null && holds(piece, one)));
  if (byte !== undefined) {
    const old = pieces.filter((piece) => piece.until !== null && holds(piece, byte)).toSorted((a, b) => a.until! - b.until!).at(-1);
    const before = pieces.find((piece) => piece.until === null && byte >= piece.address && byte < piece.address + piece.bytes + RED_ZONE);
    return `${old === undefined || (before !== undefined && old.until! <= before.since) ? "bounds" : "lifetime"} ${byte}`;
  }
  const piece = pieces.find((one) => one.until === null && holds(one, at))!;
  const words = [0, 1, 2, 3].map((i) => at + i);
  const unknown = !write && words.some((one) => !piece.written.has(one));
  if (write || unknown) for (const one of words) piece.written.add(one);
  return unknown ? `uninitialised ${at}` : null;
}

describe("random programs", () => {
  beforeAll(() => {
    reportPolicy.most = Infinity;
  });
  afterAll(() => {
    reportPolicy.most = MAX_REPORTS;
  });

  test("of allocations, frees, copies and launches: what is found is what a list of all of them says", () => {
    const seen: Record<string, number> = { bounds: 0, lifetime: 0, uninitialised: 0, none: 0 };
    fc.assert(fc.property(fc.array(op, { minLength: 4, maxLength: 30 }), fc.boolean(), (ops, ordered) => {
      const h = new World();
      const { cuda } = h.process.throwing;
      const pieces: Piece[] = [];
      // Where everything is in the order of one stream nobody waits; else each launch is waited for.
      const keeps = Array.from({ length: 10 }, () => h.alloc(8));
      const guards = [h.alloc(64), cuda.cuMemAllocAsync(64, h.stream as never) as number];
      for (const address of [h.results, ...keeps, ...guards]) pieces.push({ address, bytes: address === h.results ? 4096 : keeps.includes(address) ? 8 : 64, async: false, since: 0, until: null, written: new Set() });
      const own = pieces.length;
      let time = 1;
      const expected: string[] = [];
      for (const at of ops) {
        time++;
        const named = "which" in at && pieces.length > own ? own + (at.which % (pieces.length - own)) : -1;
        const piece = pieces[named];
        if (at.kind === "alloc") {
          const async = ordered || at.async;
          const address = (async ? cuda.cuMemAllocAsync(at.bytes, h.stream as never) : cuda.cuMemAlloc(at.bytes)) as number;
          pieces.push({ address, bytes: at.bytes, async, since: time, until: null, written: new Set() });
          // Pointers are kept in memory.
          const slot = keeps[(pieces.length - 1 - own) % keeps.length]!;
          if (!ordered) cuda.cuMemcpyHtoD(slot as never, new BigUint64Array([BigInt(address)]), 8);
        } else if (piece === undefined) continue;
        else if (at.kind === "free" && piece.until === null) {
          if (piece.async && (ordered || at.which % 2 === 0)) cuda.cuMemFreeAsync(piece.address as never, h.stream as never);
          else cuda.cuMemFree(piece.address as never);
          if (!ordered) cuda.cuStreamSynchronize(h.stream as never);
          piece.until = time;
        } else if (at.kind === "copy" && piece.until === null) {
          cuda.cuMemsetD8Async(piece.address as never, 1, 64, h.stream as never);
          for (let i = 0; i < 64; i++) piece.written.add(piece.address + i);
        } else if (at.kind === "launch") {
          const recent = pieces.length - named <= keeps.length;
          const kept = !ordered && at.kept && recent;
          h.launch(`${kept ? "kept_" : ""}${at.name}`, kept ? keeps[(named - own) % keeps.length]! : piece.address, at.offset, at.items);
          if (!ordered && at.wait) cuda.cuStreamSynchronize(h.stream as never);
          if (!ordered) cuda.cuCtxSynchronize();
          for (let i = 0; i < at.items; i++) {
            const wrong = judge(pieces, piece.address + at.offset + 4 * i, at.name === "store");
            if (wrong !== null) expected.push(wrong);
          }
        }
      }
      h.process.cuda.cuCtxSynchronize();
      const all = found(h.machine);
      const told = (d: Diagnostic): string => `${d.codeName} ${Number(d.values["address"])}`;
      expect(all.map(told).sort(), `${JSON.stringify(ops)} ${ordered}\n${all.map(formatDiagnostic).join("\n")}`).toEqual(expected.sort());
      for (const kind of new Set(all.map(({ codeName }) => codeName))) seen[kind]!++;
      seen["none"]! += all.length === 0 ? 1 : 0;
      h.machine.dispose();
    }), { seed: Number(process.env["CHECK_SEED"] ?? 21), numRuns: Number(process.env["CHECK_RUNS"] ?? 60) });
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(2);
  });
});
