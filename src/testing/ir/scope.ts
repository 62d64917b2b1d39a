import type { FnBuilder } from "../../compiler/ir/builder.ts";
import type { BlockId, ValueId } from "../../compiler/ir/ops.ts";
import type { Type } from "../../compiler/ir/types.ts";
import { linearId } from "./place.ts";
import type { FunctionSpec, UniformFunctionSpec } from "./spec.ts";

/** The mutable variables that every function of a generated program has. */
export const VARIABLES: readonly Type[] = ["i1", "i8", "i16", "i32", "i32", "i64", "i64", "f32", "f32", "f64", "f64"];

/** A block that still lacks its terminator, and the variables at its end. */
export interface Edge {
  readonly block: BlockId;
  readonly variables: readonly ValueId[];
}

/** What can be called from where, and the running line number. */
export interface ProgramScope {
  readonly functions: readonly FunctionSpec[];
  readonly uniformFunctions: readonly UniformFunctionSpec[];
  /** Some work-item may exit early. */
  readonly somebodyLeaves: boolean;
  line: number;
  usesRecursion: boolean;
  /** A program has one fault at most: with two, which comes first would be open. */
  hasFault: boolean;
}

/** One function while it is being lowered: the builder, what each variable is now, where `break` and `continue` go. */
export class Scope {
  readonly f: FnBuilder;
  readonly program: ProgramScope;
  /** First of the program's functions that may be called from here. */
  readonly firstCallee: number;
  /** Address of the work-item's slots. */
  readonly own: ValueId;
  variables: ValueId[];
  /** Nothing leads here any more. */
  dead: boolean = false;
  readonly loops: { readonly breaks: Edge[]; readonly continues: Edge[] }[] = [];
  /** What an early return does. */
  readonly leave: (scope: Scope) => void;
  /** In kernels: they alone may read parameters. */
  readonly isKernel: boolean;
  private array: number | null = null;
  /** Linear number of the work-item, where it is known in every block. */
  private readonly number: ValueId | null;

  constructor(f: FnBuilder, program: ProgramScope, options: { readonly firstCallee: number; readonly own: ValueId; readonly variables: readonly ValueId[]; readonly leave: (scope: Scope) => void; readonly isKernel: boolean; readonly linear: ValueId | null }) {
    this.f = f;
    this.program = program;
    this.firstCallee = options.firstCallee;
    this.own = options.own;
    this.variables = [...options.variables];
    this.leave = options.leave;
    this.isKernel = options.isKernel;
    this.number = options.linear;
  }

  /** Linear number of the work-item in the whole range. */
  linear(): ValueId {
    return this.number ?? linearId(this.f);
  }

  /** Position in `variables` of the variable that a number means, for a type. */
  slot(type: Type, index: number): number {
    const slots = [...VARIABLES.keys()].filter((i) => VARIABLES[i] === type);
    return slots[index % slots.length]!;
  }

  get(type: Type, index: number): ValueId {
    return this.variables[this.slot(type, index)]!;
  }

  set(type: Type, index: number, value: ValueId): void {
    this.variables[this.slot(type, index)] = value;
  }

  /** Index of the function's local array, made on first use. */
  localArray(size: number): number {
    this.array ??= this.f.local({ name: "array", size, align: 8 });
    return this.array;
  }

  get usesLocalArray(): boolean {
    return this.array !== null;
  }

  /** The current end of code as an edge; goes on nowhere. */
  edge(): Edge {
    return { block: this.f.here, variables: [...this.variables] };
  }

  /** Continues in a fresh block reached by the edges; with none, the rest is dead. */
  join(label: string, edges: readonly Edge[]): void {
    if (edges.length === 0) {
      this.dead = true;
      return;
    }
    this.dead = false;
    const target = this.f.block(label);
    for (const { block } of edges) this.f.at(block).emit({ op: "br", target });
    this.f.at(target);
    this.variables = VARIABLES.map((type, i) => {
      const first = edges[0]!.variables[i]!;
      if (edges.every((edge) => edge.variables[i] === first)) return first;
      const phi = this.f.phi(type, target);
      this.f.setPhi(target, phi, edges.map((edge) => [edge.block, edge.variables[i]!]));
      return phi;
    });
  }

  /** Lowers two alternatives of a condition and joins them. */
  branch(condition: ValueId, then: () => void, otherwise: () => void): void {
    const [a, b] = [this.f.block("then"), this.f.block("else")];
    this.f.emit({ op: "condbr", c: condition, then: a, else: b });
    const before = [...this.variables];
    const edges: Edge[] = [];
    for (const [block, lower] of [[a, then], [b, otherwise]] as const) {
      this.f.at(block);
      this.variables = [...before];
      this.dead = false;
      lower();
      if (!this.dead) edges.push(this.edge());
    }
    this.join("join", edges);
  }

  /** A loop header: every variable becomes a phi. `setPhi` by `closeLoop`. */
  openLoop(label: string): { readonly header: BlockId; readonly entry: Edge; readonly phis: readonly ValueId[] } {
    const entry = this.edge();
    const header = this.f.block(label);
    this.f.emit({ op: "br", target: header });
    this.f.at(header);
    const phis = VARIABLES.map((type) => this.f.phi(type, header));
    this.variables = [...phis];
    return { header, entry, phis };
  }

  /** Branches back to the header from here. */
  closeLoop({ header, entry, phis }: { readonly header: BlockId; readonly entry: Edge; readonly phis: readonly ValueId[] }, back: Edge): void {
    this.f.at(back.block).emit({ op: "br", target: header });
    phis.forEach((phi, i) => this.f.setPhi(header, phi, [[entry.block, entry.variables[i]!], [back.block, back.variables[i]!]]));
  }
}
