import type { Code } from "../asm/code.ts";
import { V128, type WasmType } from "../asm/opcodes.ts";
import type { Node } from "../graph/node.ts";

/** What writing needs of its surroundings. */
export interface VectorHost {
  readonly code: Code;
  /** Pushes one part of a value's four lanes. */
  vector(node: Node, part: number): void;
  temp<T>(type: WasmType, use: (local: number) => T): T;
  /** Whether all lanes have the same. */
  same(node: Node): boolean;
  /** Pushes the value of a node that all lanes have in common, as a scalar. */
  value(node: Node): void;
}

/** Moves the upper two words of the vector on the stack to its lower half. */
export function highHalf(host: VectorHost): void {
  host.temp(V128, (x) => host.code.tee(x).get(x).shuffle([8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]));
}

/** Lends `count` vector variables for the duration of `use`. */
export function vectorTemps(host: VectorHost, count: number, use: (locals: readonly number[]) => void, got: readonly number[] = []): void {
  if (got.length === count) use(got);
  else host.temp(V128, (local) => vectorTemps(host, count, use, [...got, local]));
}
