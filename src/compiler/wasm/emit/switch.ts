import type { Code } from "../asm/code.ts";

/** Writes a jump by the number on the stack: 0 goes to the first target, and so on; a number beyond the last goes to the last. */
export function writeSwitch(code: Code, targets: readonly number[], go: (target: number) => void): void {
  if (targets.length === 1) {
    code.op(0x1a);
    go(targets[0]!);
    return;
  }
  // The number must be on the stack inside all blocks: it is kept in a variable on the way in.
  const number = code.local(0x7f);
  code.set(number);
  const labels = targets.map(() => code.block()).reverse();
  code.get(number).brTable(labels.slice(0, -1), labels[labels.length - 1]!);
  for (const target of targets) {
    code.end();
    go(target);
  }
}
