import { describe, expect, test } from "vitest";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { fakeCode, launch } from "../../gpu/fake-code.ts";
import { MpsRig, type MpsProgram } from "./mps-rig.ts";

const code = fakeCode({ k: { instructions: 2e6 }, short: { instructions: 2e5 } });
const gpu = { ...tiny, multiprocessors: 8 };

/** Submits one launch for each program, runs, and gives [start, end] of each. */
function times(rig: MpsRig, programs: readonly MpsProgram[], blocks: number, kernel = "k"): [number, number][] {
  const stamps = programs.map(({ client }) => client.malloc(65536));
  programs.forEach(({ node, queue }, i) => node.exec(queue, launch(code, kernel, blocks, 1024), { timestamps: stamps[i]! }));
  rig.rig.run();
  return programs.map(({ client }, i) => [client.sys.load64(stamps[i]! + 8)!, client.sys.load64(stamps[i]! + 16)!]);
}

const overlap = ([a, b]: readonly [number, number][]): boolean => a![0] < b![1] && b![0] < a![1];

describe("clients' work", () => {
  test("runs side by side on free multiprocessors; without MPS contexts take turns", () => {
    const mps = new MpsRig({ gpus: [gpu] });
    const shared = times(mps, [mps.program() as MpsProgram, mps.program() as MpsProgram], 4);
    expect(overlap(shared)).toBe(true);
    expect(shared[0]![0]).toBe(shared[1]![0]);
    const none = new MpsRig({ gpus: [gpu], mps: false });
    const turns = times(none, [none.alone(), none.alone()], 4);
    expect(overlap(turns)).toBe(false);
    const total = (list: readonly [number, number][]): number => Math.max(...list.map(([, end]) => end)) - Math.min(...list.map(([start]) => start));
    expect(total(turns)).toBeGreaterThan(1.8 * total(shared));
  });

  test("a client with half of the multiprocessors leaves the other half free, and takes twice as long", () => {
    const mps = new MpsRig({ gpus: [gpu] });
    const half = mps.program({ percentage: 50 }) as MpsProgram;
    const [alone] = times(mps, [half], 8, "short");
    const whole = mps.program() as MpsProgram;
    const [full] = times(mps, [whole], 8, "short");
    expect((alone![1] - alone![0]) / (full![1] - full![0])).toBeCloseTo(2, 0);
    const [first, second] = times(mps, [half, mps.program({ percentage: 50 }) as MpsProgram], 8, "short");
    expect(first![0]).toBe(second![0]);
    expect((second![1] - second![0]) / (alone![1] - alone![0])).toBeCloseTo(1, 1);
  });

  test("a client at its ceiling keeps no other waiting", () => {
    const mps = new MpsRig({ gpus: [gpu] });
    const small = mps.program({ percentage: 13 }) as MpsProgram;
    const other = mps.program() as MpsProgram;
    const second = small.node.queue(small.context);
    small.node.exec(small.queue, launch(code, "k", 8, 1024));
    small.node.exec(second.queue, launch(code, "k", 8, 1024));
    const stamps = other.client.malloc(65536);
    other.node.exec(other.queue, launch(code, "k", 4, 1024), { timestamps: stamps });
    const submitted = mps.rig.kernel.clock.now;
    mps.rig.run();
    expect(other.client.sys.load64(stamps + 8)! - submitted).toBeLessThan(1e6);
  });

  test("a cooperative launch has its client's multiprocessors, not the GPU's", () => {
    const mps = new MpsRig({ gpus: [gpu] });
    const { node, queue } = mps.program({ percentage: 50 }) as MpsProgram;
    const most = 4 * 2;
    expect(node.raw("GLASS_EXEC", node.args(queue, launch(code, "k", most, 1024, [], { cooperative: true })))).toBe(0);
    expect(node.raw("GLASS_EXEC", node.args(queue, launch(code, "k", most + 1, 1024, [], { cooperative: true })))).toBe(-28);
  });

  test("below normal comes after normal, whatever the streams' priorities", () => {
    const mps = new MpsRig({ gpus: [gpu] });
    const low = mps.program({ priority: 1 }, 0, "low", -5) as MpsProgram;
    const normal = mps.program({ priority: 0 }, 0, "normal", 0) as MpsProgram;
    const order: string[] = [];
    const noting = fakeCode({ low: { instructions: 1e5, body: () => void order.push("low") }, normal: { instructions: 1e5, body: () => void order.push("normal") }, fill: { instructions: 1e5 } });
    const filler = mps.program() as MpsProgram;
    filler.node.exec(filler.queue, launch(noting, "fill", 16, 1024));
    low.node.exec(low.queue, launch(noting, "low", 16, 1024));
    normal.node.exec(normal.queue, launch(noting, "normal", 16, 1024));
    mps.rig.run();
    expect(order.slice(0, 16)).toEqual(Array(16).fill("normal"));
  });

  test("clients of a server take one turn together beside a program that is none", () => {
    const mps = new MpsRig({ gpus: [gpu] });
    const list = times(mps, [mps.program() as MpsProgram, mps.program() as MpsProgram, mps.alone()], 4);
    expect(overlap([list[0]!, list[1]!])).toBe(true);
    expect(overlap([list[0]!, list[2]!])).toBe(false);
  });
});
