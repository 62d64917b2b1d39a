import type { ProgramContext } from "../program.ts";

const NODES = "/sys/class/kfd/kfd/topology/nodes";

/** A node of the topology: a processor or a GPU. */
export interface TopologyNode {
  readonly index: number;
  readonly name: string;
  readonly gpuId: number;
  readonly properties: ReadonlyMap<string, number>;
  readonly banks: readonly ReadonlyMap<string, number>[];
  readonly caches: readonly ReadonlyMap<string, number>[];
}

function textOf(c: ProgramContext, path: string): string {
  const text = c.sys.readFile(path);
  return typeof text === "string" ? text : "";
}

/** "key value" lines. */
function table(c: ProgramContext, path: string): ReadonlyMap<string, number> {
  return new Map(textOf(c, path).split("\n").filter((line) => line.includes(" ")).map((line) => [line.slice(0, line.indexOf(" ")), Number(line.slice(line.indexOf(" ") + 1))]));
}

function children(c: ProgramContext, path: string): readonly string[] {
  const names = c.sys.readdir(path);
  return typeof names === "number" ? [] : names.toSorted((a, b) => Number(a) - Number(b));
}

/** All nodes in their order. */
export function topology(c: ProgramContext): TopologyNode[] {
  return children(c, NODES).map((index) => {
    const at = `${NODES}/${index}`;
    const below = (what: string): ReadonlyMap<string, number>[] => children(c, `${at}/${what}`).map((i) => table(c, `${at}/${what}/${i}/properties`));
    return { index: Number(index), name: textOf(c, `${at}/name`).trim(), gpuId: Number(textOf(c, `${at}/gpu_id`)), properties: table(c, `${at}/properties`), banks: below("mem_banks"), caches: below("caches") };
  });
}
