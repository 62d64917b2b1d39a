import type { Caller } from "../../../api/caller.ts";
import type { Context } from "./context.ts";

/** Takes what a kernel prints. The buffer is a ring: what does not fit pushes out the oldest. */
export function collectPrintf(context: Context): (text: string) => void {
  return (text) => {
    const all = context.printf + text;
    context.printf = all.length > context.printfLimit ? all.slice(all.length - context.printfLimit) : all;
  };
}

/** Writes what kernels printed to the process's standard output. Happens where the host synchronises, never by itself. */
export function flushPrintf(t: Caller, context: Context): void {
  if (context.printf === "") return;
  const text = context.printf;
  context.printf = "";
  t.sys.write(1, text);
}
