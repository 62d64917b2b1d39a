import type { ValueId } from "../../compiler/ir/ops.ts";
import { lowerExpression } from "./lower-expression.ts";
import { VARIABLES, type Edge, type Scope } from "./scope.ts";
import type { Statement } from "./spec.ts";

/**
 * A control-flow graph as drawn by chance: each block has every variable and the fuel as phis, does its assignments, burns
 * one unit of fuel and goes to one of its targets, or to the end when the fuel is spent. Blocks that nothing leads to are left out.
 */
export function lowerGraph(scope: Scope, graph: Extract<Statement, { readonly kind: "graph" }>): void {
  const { f } = scope;
  const count = graph.blocks.length;
  const targetsOf = (number: number): number[] => {
    const { targets, terminator } = graph.blocks[number]!;
    return targets.slice(0, { br: 1, condbr: 2, switch: 3 }[terminator]).map((target) => target % count);
  };
  const reached = new Set([0]);
  for (const number of reached) for (const target of targetsOf(number)) reached.add(target);

  const entry = scope.edge();
  const fuel = f.const("i32", graph.fuel);
  const zero = f.const("i32", 0);
  const ids = new Map([...reached].map((number) => [number, f.block(`g${number}`)]));
  f.emit({ op: "br", target: ids.get(0)! });
  const phis = new Map([...reached].map((number) => [number, { variables: VARIABLES.map((type) => f.phi(type, ids.get(number)!)), fuel: f.phi("i32", ids.get(number)!) }]));
  const incoming = new Map<number, { readonly edge: Edge; readonly fuel: ValueId }[]>([...reached].map((number) => [number, []]));
  incoming.get(0)!.push({ edge: entry, fuel });
  const exits: Edge[] = [];
  for (const number of reached) {
    const block = graph.blocks[number]!;
    f.at(ids.get(number)!);
    const own = phis.get(number)!;
    scope.variables = [...own.variables];
    for (const { variable, type, value } of block.body) scope.set(type, variable, lowerExpression(scope, value));
    const left = f.def("i32", { op: "sub", a: own.fuel, b: f.const("i32", 1) });
    const spent = f.def("i1", { op: "icmp", pred: "le.s", a: left, b: zero });
    const [out, go] = [f.block("spent"), f.block("go")];
    f.emit({ op: "condbr", c: spent, then: out, else: go });
    exits.push({ block: out, variables: [...scope.variables] });
    f.at(go);
    const selector = lowerExpression(scope, block.condition);
    const targets = targetsOf(number);
    const [a, b, c] = targets.map((target) => ids.get(target)!);
    if (block.terminator === "br") f.emit({ op: "br", target: a! });
    else if (block.terminator === "condbr") f.emit({ op: "condbr", c: f.def("i1", { op: "trunc", a: selector }), then: a!, else: b! });
    else f.emit({ op: "switch", a: selector, cases: [[0n, a!], [1n, b!], [-1n, a!]], default: c! });
    const edge: Edge = { block: go, variables: [...scope.variables] };
    for (const target of new Set(targets)) incoming.get(target)!.push({ edge, fuel: left });
  }
  for (const number of reached) {
    const own = phis.get(number)!;
    const edges = incoming.get(number)!;
    const id = ids.get(number)!;
    own.variables.forEach((phi, i) => f.setPhi(id, phi, edges.map(({ edge }) => [edge.block, edge.variables[i]!])));
    f.setPhi(id, own.fuel, edges.map(({ edge, fuel: value }) => [edge.block, value]));
  }
  scope.join("endgraph", exits);
}
