import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUgraphNode } from "../../../src/cuda/abi/driver/types.ts";
import { addOp, apply, makeRig, putOp, touched, WORDS, type Op, type Rig } from "./graph-program.ts";

const word = fc.nat(WORDS - 1);
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ op: fc.constant("add" as const), word, value: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ op: fc.constant("set" as const), word, value: fc.nat(99) }),
  fc.record({ op: fc.constant("copy" as const), from: word, to: word }).filter(({ from, to }) => from !== to),
);

/** A graph: operations, and for each the earlier ones that it depends on (as bits). */
const dag = fc.array(fc.record({ op, before: fc.nat(63) }), { minLength: 1, maxLength: 6 });
type Dag = readonly { readonly op: Op; readonly before: number }[];

const dependsOn = (nodes: Dag, i: number): number[] => nodes.flatMap((_, j) => (j < i && ((nodes[i]!.before >> j) & 1) === 1 ? [j] : []));

/** Results of all sequential executions that the edges allow, from each start. */
function outcomes(nodes: Dag, starts: readonly (readonly number[])[]): Set<string> {
  const found = new Set<string>();
  const visit = (done: ReadonlySet<number>, words: readonly number[]): void => {
    if (done.size === nodes.length) found.add(words.join());
    for (let i = 0; i < nodes.length; i++) if (!done.has(i) && dependsOn(nodes, i).every((j) => done.has(j))) visit(new Set([...done, i]), apply(words, nodes[i]!.op));
  };
  for (const start of starts) visit(new Set(), start);
  return found;
}

function build(rig: Rig, nodes: Dag) {
  const graph = rig.easy.cuGraphCreate(0);
  const handles: CUgraphNode[] = [];
  for (const [i, node] of nodes.entries()) handles.push(addOp(rig, graph, node.op, dependsOn(nodes, i).map((j) => handles[j]!)));
  return graph;
}

describe("graphs", () => {
  test("a launch does what some sequential execution along the edges does, and so does each launch after it", () => {
    fc.assert(fc.property(dag, fc.integer({ min: 0, max: 1e6 }), fc.constantFrom("any" as const, "timed" as const), (nodes, seed, order) => {
      const rig = makeRig(seed, order);
      const exec = rig.easy.cuGraphInstantiate(build(rig, nodes), 0);
      let starts: readonly (readonly number[])[] = [[0, 0, 0]];
      for (let launch = 0; launch < 2; launch++) {
        rig.easy.cuGraphLaunch(exec, rig.streams[launch]!);
        rig.easy.cuStreamSynchronize(rig.streams[launch]!);
        const words = rig.read();
        expect([...outcomes(nodes, starts)]).toContain(words.join());
        starts = [words];
      }
      rig.machine.kernel.checkInvariants();
    }), { seed: 21, numRuns: 60 });
  });

  test("launches of one executable graph in different streams follow each other, also unobserved", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
      const rig = makeRig(seed, "any");
      const chain: Dag = [{ op: { op: "add", word: 0, value: 1 }, before: 0 }, { op: { op: "copy", from: 0, to: 1 }, before: 1 }, { op: { op: "add", word: 1, value: 100 }, before: 2 }];
      const exec = rig.easy.cuGraphInstantiate(build(rig, chain), 0);
      for (let i = 0; i < 9; i++) rig.easy.cuGraphLaunch(exec, rig.streams[i % 3]!);
      rig.easy.cuGraphExecDestroy(exec);
      rig.easy.cuCtxSynchronize();
      expect(rig.read()).toEqual([9, 109, 0]);
    }), { seed: 22, numRuns: 25 });
  });

  test("independent nodes run in every order, dependent ones in theirs; what comes before and after in the stream stays there", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 150 && seen.size < 6; seed++) {
      const rig = makeRig(seed, "any");
      const graph = rig.easy.cuGraphCreate(0);
      const mark = (id: number) => ({ func: rig.mark, gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 1, blockDimY: 1, blockDimZ: 1, kernelParams: [rig.log, rig.log + 4, id] });
      for (const id of [1, 2, 3]) rig.easy.cuGraphAddKernelNode(graph, null, 0, mark(id));
      const exec = rig.easy.cuGraphInstantiate(graph, 0);
      const [stream] = rig.streams;
      const put = (id: number): void => rig.easy.cuLaunchKernel(rig.mark, 1, 1, 1, 1, 1, 1, 0, stream!, [rig.log, rig.log + 4, id], null);
      put(7);
      rig.easy.cuGraphLaunch(exec, stream!);
      put(8);
      rig.easy.cuCtxSynchronize();
      const order = rig.order();
      expect([order[0], order[4]]).toEqual([7, 8]);
      seen.add(order.slice(1, 4).join());
    }
    expect([...seen].sort()).toEqual(["1,2,3", "1,3,2", "2,1,3", "2,3,1", "3,1,2", "3,2,1"]);
  });

  test("a graph may go while it runs, and other processes see nothing of it", () => {
    fc.assert(fc.property(dag, fc.integer({ min: 0, max: 1e6 }), (nodes, seed) => {
      const rig = makeRig(seed, "any");
      const neighbour = makeRig(seed, "any", rig.machine);
      const graph = build(rig, nodes);
      const exec = rig.easy.cuGraphInstantiate(graph, 0);
      expect([neighbour.cuda.cuGraphLaunch(exec, neighbour.streams[0]!), neighbour.cuda.cuGraphDestroy(graph)]).toEqual([cu.CUDA_ERROR_INVALID_VALUE, cu.CUDA_ERROR_INVALID_VALUE]);
      putOp(neighbour, neighbour.streams[0]!, { op: "set", word: 0, value: 5 });
      rig.easy.cuGraphLaunch(exec, rig.streams[0]!);
      rig.easy.cuGraphExecDestroy(exec);
      rig.easy.cuGraphDestroy(graph);
      neighbour.easy.cuCtxSynchronize();
      rig.easy.cuCtxSynchronize();
      expect(neighbour.read()).toEqual([5, 0, 0]);
      expect([...outcomes(nodes, [[0, 0, 0]])]).toContain(rig.read().join());
    }), { seed: 23, numRuns: 25 });
  });
});

/** Operations in streams, ordered by events wherever they touch the same words: their result is the sequential one. */
const program = fc.array(fc.record({ op, stream: fc.nat(2) }), { minLength: 1, maxLength: 10 });

function play(rig: Rig, steps: readonly { readonly op: Op; readonly stream: number }[]): void {
  const { easy, streams } = rig;
  const event = (): number => easy.cuEventCreate(cu.CU_EVENT_DISABLE_TIMING);
  const order = (from: number, to: number): void => {
    const e = event() as 0;
    easy.cuEventRecord(e, streams[from]!);
    easy.cuStreamWaitEvent(streams[to]!, e, 0);
  };
  for (const other of [1, 2]) order(0, other);
  for (const [i, step] of steps.entries()) {
    const conflicting = new Set(steps.slice(0, i).filter((past) => past.stream !== step.stream && touched(past.op).some((w) => touched(step.op).includes(w))).map((past) => past.stream));
    for (const stream of conflicting) order(stream, step.stream);
    putOp(rig, streams[step.stream]!, step.op);
  }
  for (const other of [1, 2]) order(other, 0);
}

describe("capture", () => {
  test("a program that is captured and launched does what it does directly, as often as it is launched", () => {
    fc.assert(fc.property(program, fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(0, 1, 2) as fc.Arbitrary<0 | 1 | 2>, (steps, seed, mode) => {
      const direct = makeRig(seed, "any");
      const captured = makeRig(seed + 1, "any");
      const [origin] = captured.streams;
      captured.easy.cuStreamBeginCapture(origin!, mode);
      play(captured, steps);
      const exec = captured.easy.cuGraphInstantiate(captured.easy.cuStreamEndCapture(origin!), 0);
      expect(captured.read()).toEqual([0, 0, 0]);
      let words: readonly number[] = [0, 0, 0];
      for (let i = 0; i < 3; i++) {
        play(direct, steps);
        captured.easy.cuGraphLaunch(exec, origin!);
        for (const step of steps) words = apply(words, step.op);
      }
      for (const rig of [direct, captured]) rig.easy.cuCtxSynchronize();
      expect(direct.read()).toEqual(words);
      expect(captured.read()).toEqual(words);
    }), { seed: 24, numRuns: 40 });
  });

  test("a graph launched into a capture is a child of what is captured", () => {
    const rig = makeRig(1, "any");
    const { easy, streams: [stream] } = rig;
    const inner = easy.cuGraphInstantiate(build(rig, [{ op: { op: "add", word: 0, value: 3 }, before: 0 }]), 0);
    easy.cuStreamBeginCapture(stream!, 0);
    easy.cuGraphLaunch(inner, stream!);
    putOp(rig, stream!, { op: "copy", from: 0, to: 1 });
    const graph = easy.cuStreamEndCapture(stream!);
    expect(easy.cuGraphNodeGetType(easy.cuGraphGetNodes(graph)[0][0]!)).toBe(cu.CU_GRAPH_NODE_TYPE_GRAPH);
    easy.cuGraphExecDestroy(inner);
    easy.cuGraphLaunch(easy.cuGraphInstantiate(graph, 0), stream!);
    easy.cuStreamSynchronize(stream!);
    expect(rig.read()).toEqual([3, 3, 0]);
  });
});
