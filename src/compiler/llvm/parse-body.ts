import type { LBlock, LInstr } from "./ast.ts";
import type { Lexer } from "./lexer.ts";
import { parseInstr } from "./parse-instr.ts";
import type { NamedTypes } from "./parse-type.ts";

/** Parses the blocks of one function; the lexer stands behind "{". */
export function parseBody(lx: Lexer, types: NamedTypes, unnamedParams: number): LBlock[] {
  const blocks: LBlock[] = [];
  // Unnamed values and blocks are numbered in one sequence, after unnamed parameters.
  let implicit = unnamedParams;
  let block: LBlock | null = null;
  while (!lx.is("}")) {
    const label = takeLabel(lx);
    if (label !== null || block === null) {
      const name: string = label ?? String(implicit++);
      if (label !== null && label === String(implicit)) implicit++;
      block = { name, instrs: [] };
      blocks.push(block);
      continue;
    }
    // Debug records stand alone on their line: #dbg_value(...).
    if (lx.has("attr")) {
      lx.next();
      lx.skipBalanced();
      continue;
    }
    const at = lx.start;
    let dst: string | null = null;
    if (lx.has("local")) {
      dst = lx.take("local");
      lx.expect("=");
      if (dst === String(implicit)) implicit++;
    }
    const bare = parseInstr(lx, types);
    const dbg = parseTrailer(lx);
    block.instrs.push({ ...bare, dst, dbg, at } as LInstr);
  }
  return blocks;
}

function takeLabel(lx: Lexer): string | null {
  if ((!lx.has("word") && !lx.has("int") && !lx.has("string")) || lx.src.charCodeAt(lx.pos) !== 58) return null;
  const { text } = lx;
  lx.next();
  lx.expect(":");
  return text;
}

/** `, !kind !n` behind an instruction; gives the number of !dbg. */
function parseTrailer(lx: Lexer): number {
  let dbg = -1;
  while (lx.is(",")) {
    lx.next();
    const kind = lx.take("meta");
    const node = lx.has("meta") ? Number(lx.take("meta")) : -1;
    if (node === -1) {
      lx.expect("!");
      lx.skipBalanced();
    } else if (kind === "dbg") dbg = node;
  }
  return dbg;
}
