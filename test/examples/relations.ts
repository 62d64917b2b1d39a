import { expect } from "vitest";

/** What must be so in the table of os-comparison, whatever things cost. */
function osComparison(text: string): void {
  const rows = new Map(text.split("\n").map((line) => line.split("|").map((cell) => cell.trim())).map(([name, ...cells]) => [name!, cells as [string, string]]));
  const of = (name: string): [number, number] => {
    const [windows, linux] = rows.get(name)!.map((cell) => [...cell.matchAll(/([\d.]+) (us|ms)/g)].map(([, value, unit]) => Number(value) * (unit === "ms" ? 1000 : 1)).at(-1) ?? NaN) as [number, number];
    return [windows, linux];
  };
  // Turns are about as long as the quantum, and both systems obey priorities.
  for (const turn of of("two programs of 19 ms: turns of")) expect(turn / 2000).toBeCloseTo(1, 0);
  expect(rows.get("kernels given low, medium, high begin")).toEqual(["L H H H M M M L L", "L H H H M M M L L"]);
  // The coarser a kernel can be stopped, the longer urgent work waits; but short work-groups end about as soon as their state would be saved.
  for (const i of [0, 1] as const) {
    const [instruction, group, dispatch, none] = ["instruction", "thread-group", "dispatch", "none"].map((where) => of(`stops at: ${where}; urgent work waits`)[i]);
    expect(group).toBeLessThan(2 * instruction!);
    expect(dispatch).toBeGreaterThan(5 * instruction!);
    expect(none).toBeGreaterThanOrEqual(dispatch!);
    expect(of("CL_QUEUE_PRIORITY_HIGH_KHR")[i]).toBeLessThan(of("equal priority: urgent work begins after")[i] / 3);
  }
  expect(rows.get("SCHED_FIFO for its host thread")).toEqual(rows.get("equal priority: urgent work begins after"));
  expect(of("managed, the second time")).toEqual(of("a kernel over 4 MiB of the GPU's memory"));
  expect(of("managed, written by the host: on demand")[1]).toBeGreaterThan(10 * of("managed, the second time")[1]);
  // Programs that leave room do not use each other's, but for MPS.
  expect(of("four of them")[1] / of("one program of small kernels")[1]).toBeCloseTo(4, 1);
  expect(of("four of them under MPS")[1]).toBe(of("one program of small kernels")[1]);
  expect(rows.get("one copies from another's pointer")).toEqual(["CUDA_ERROR_INVALID_VALUE", "CUDA_ERROR_INVALID_VALUE"]);
}

/** What each way of sharing must give. */
function gameAndInference(text: string): void {
  const [frames, memory] = text.trimEnd().split("\n\n").map((part) => part.split("\n")) as [string[], string[]];
  expect(frames[0]).toMatch(/^frame times, ms +best +median +worst +late +infer\.\/s$/);
  const rows = new Map(frames.slice(1).map((line) => [line.slice(0, 28).trimEnd(), line.slice(28).replaceAll(" %", "").trim().split(/ +/).map(Number)]));
  const of = (name: string): { best: number; median: number; worst: number; late: number; rate: number } => {
    const [best, median, worst, late, rate] = rows.get(name)! as [number, number, number, number, number];
    return { best, median, worst, late, rate };
  };
  for (const name of ["game alone", "OpenCL game alone"]) {
    expect(of(name).late).toBe(0);
    expect(of(name).best).toBe(of(name).worst);
  }
  const alone = of("game alone");
  // Taking turns costs frames time, and the longer the turns the more.
  expect(of("nothing: turns of 2 ms").median).toBeGreaterThan(1.5 * alone.median);
  expect(of("OpenCL, nothing").median).toBeGreaterThan(1.5 * of("OpenCL game alone").median);
  expect(of("turns of 16 ms").worst).toBeGreaterThan(of("nothing: turns of 2 ms").worst);
  expect(of("turns of 16 ms").late).toBeGreaterThan(0);
  // An urgent stream or queue hardly notices the rest of the GPU's work.
  expect(of("stream priority -1").worst).toBeLessThan(1.5 * alone.median);
  expect(of("CL_QUEUE_PRIORITY_HIGH_KHR").worst).toBeLessThan(1.5 * of("OpenCL game alone").median);
  // Instances and shares are steady, and as slow as they are small.
  const [half, quarter, shares] = [of("MIG 3g.20gb and 4g.20gb"), of("MIG 2g.10gb and 4g.20gb"), of("MPS, 40 % and 60 %")];
  expect(half.worst).toBe(half.best);
  expect(half.median).toBeGreaterThan(1.5 * alone.median);
  expect(half.median).toBeLessThan((108 / 42) * alone.median);
  expect([half.late, quarter.late, shares.late]).toEqual([0, 100, 0]);
  expect(shares.worst).toBeLessThan(1.2 * shares.median);
  // Sharing the multiprocessors is the only way in which the sum grows.
  expect(of("MPS").rate).toBeGreaterThan(1.2 * of("nothing: turns of 2 ms").rate);
  expect(of("MPS").median).toBeLessThan(of("nothing: turns of 2 ms").median);
  for (const [name, [, , , , rate]] of rows) if (!name.endsWith("game alone")) expect(rate).toBeLessThanOrEqual(of("inference alone").rate);
  expect(Math.abs(half.rate / of("inference alone").rate - 56 / 108)).toBeLessThan(0.1);
  expect(memory).toEqual([
    "memory for a server that wants 36 GiB, and a game that wants 8:", expect.stringMatching(/^ {2}no quota: inference got 36 GiB, game got [0-4] GiB$/),
    "  CUDA_MPS_PINNED_DEVICE_MEM_LIMIT=0=28G: inference got 28 GiB, game got 8 GiB", "  MIG 2g.10gb and 4g.20gb: inference got 19 GiB, game got 8 GiB",
  ]);
}

/** Where hardware can stop, and what that is worth to an urgent kernel: both tables of preemption. */
function preemption(text: string): void {
  for (const title of ["Windows:", "Linux:"]) {
    const table = text.slice(text.indexOf(title)).split("\n").slice(2, 7).map((line) => line.trim().split(/ +/));
    expect(table.map(([name]) => name)).toEqual(["none", "dma-buffer", "dispatch", "thread-group", "instruction"]);
    const waits = table.map(([, ns]) => Number(ns));
    for (let i = 1; i < waits.length; i++) expect(waits[i]!).toBeLessThanOrEqual(waits[i - 1]!);
    expect(waits[4]! * 4).toBeLessThan(waits[2]!);
    expect(table.map((cells) => cells.includes("44.3"))).toEqual([false, false, false, false, true]);
  }
  const [asked, polite] = [...text.matchAll(/urgent kernel +(\d+) us, preemptions/g)].map(([, ns]) => Number(ns)) as [number, number];
  expect(polite).toBeGreaterThan(5 * asked);
}

/** Zero-copy is for what is touched once, or hardly. */
function memory(text: string): void {
  const [once, often, hardly] = text.slice(text.indexOf("every word once:")).split(/^\S.*:\n/m).slice(1).map((part) => [...part.matchAll(/ (\d+) us, of which/g)].map(([, ns]) => Number(ns))) as [number[], number[], number[]];
  expect(once[0]! / once[1]!).toBeGreaterThan(2);
  expect(once[2]! / once[1]!).toBeCloseTo(1, 0);
  expect(often[2]! / often[1]!).toBeGreaterThan(4);
  expect(hardly[1]! / hardly[2]!).toBeGreaterThan(4);
}

/** What must hold of an example's figures, by its name. */
export const relations: Readonly<Record<string, (text: string) => void>> = { "os-comparison": osComparison, "game-and-inference": gameAndInference, memory, preemption };
