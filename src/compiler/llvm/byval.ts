import type { LBlock, LInstr, Operand } from "./ast.ts";
import { indexValue } from "./constants.ts";

/** Operands of an instruction that are local values. */
function locals(i: LInstr): string[] {
  const found: string[] = [];
  const see = (o: Operand | null): void => {
    if (o !== null && o.k === "local") found.push(o.name);
  };
  for (const value of Object.values(i) as unknown[]) {
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) {
        if (typeof item !== "object" || item === null) continue;
        if ("k" in item) see(item as Operand);
        else if ("value" in item) see((item as { value: Operand }).value);
      }
    } else if (typeof value === "object" && value !== null && "k" in value) see(value as Operand);
  }
  return found;
}

type Uses = ReadonlyMap<string, readonly LInstr[]>;

function usesOf(blocks: readonly LBlock[]): Uses {
  const uses = new Map<string, LInstr[]>();
  for (const block of blocks) for (const instr of block.instrs) for (const name of locals(instr)) {
    const list = uses.get(name);
    if (list === undefined) uses.set(name, [instr]);
    else list.push(instr);
  }
  return uses;
}

function intrinsic(i: LInstr, prefix: string): boolean {
  return i.op === "call" && i.callee.k === "global" && i.callee.name.startsWith(prefix);
}

/** Is memory behind the pointer only read, at places that are known? (An access at a computed place is cheaper in a copy.) Copies of the whole into another variable are collected. */
function onlyRead(uses: Uses, pointer: string, copies: string[] | null, copyInto: string | null): boolean {
  return (uses.get(pointer) ?? []).every((i) => {
    if (i.op === "load") return i.order === null;
    if (i.op === "gep") return i.ptr.k === "local" && i.ptr.name === pointer && i.indices.every((index) => indexValue(index) !== null) && onlyRead(uses, i.dst!, null, null);
    if (intrinsic(i, "llvm.lifetime.")) return true;
    if (i.op !== "call" || !intrinsic(i, "llvm.memcpy.")) return false;
    const [to, from] = i.args;
    const isSource = from?.k === "local" && from.name === pointer;
    if (copyInto !== null && to?.k === "local" && to.name === pointer) return from?.k === "local" && from.name === copyInto;
    if (!isSource) return false;
    if (copies !== null && to?.k === "local") copies.push(to.name);
    return true;
  });
}

/**
 * A kernel's structure parameter can be read where the launch put it if nothing writes to it. Clang copies it into a variable first,
 * which is the same when that variable is only read as well. Gives the names of such variables, or null when a real copy is needed.
 */
export function readOnlyCopies(blocks: readonly LBlock[], param: string): string[] | null {
  const uses = usesOf(blocks);
  const targets: string[] = [];
  if (!onlyRead(uses, param, targets, null)) return null;
  const allocas = new Set(blocks.flatMap((block) => block.instrs.flatMap((i) => (i.op === "alloca" && i.dst !== null ? [i.dst] : []))));
  return targets.filter((name) => allocas.has(name) && onlyRead(uses, name, null, param) && copiesInto(uses, name) === 1);
}

function copiesInto(uses: Uses, name: string): number {
  return (uses.get(name) ?? []).filter((i) => i.op === "call" && intrinsic(i, "llvm.memcpy.") && i.args[0]?.k === "local" && i.args[0].name === name).length;
}
