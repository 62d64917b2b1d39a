import type { ProgramFacts } from "../emit/device.ts";
import { rootEntry } from "../checked/roots.ts";
import type { Site } from "../../abi.ts";
import { access as flag } from "../checked/layout.ts";
import { launch, slot } from "../lower/layout.ts";
import type { KernelProgram } from "../slow/program.ts";
import { piecesOfSpread } from "./access.ts";
import type { Run } from "./context.ts";

/** Checked mode, on the side that runs in JavaScript: carries what checked code meets to the launch's checker. */

/** Code is about to run: what its launch block says of the memory that its pointers lead to may be out of date. */
export function resumeChecked(run: Run, { roots, params }: ProgramFacts): void {
  const { checked, views } = run;
  if (checked === null) return;
  checked.resume();
  // What is staged between pages is not looked at there.
  checked.opaque(run.launch + launch.bounce, launch.bounceBytes);
  if (roots === null || roots.list.length === 0) return;
  views.refresh();
  const { i32 } = views;
  const word = (at: number): number => i32[at >> 2]! >>> 0;
  // A pointer need not be aligned in the parameter block, though compilers align it: then nothing is known of it.
  const address = (at: number): number => ((at & 3) !== 0 ? 0 : word(at) + word(at + 4) * 2 ** 32);
  const reaches = checked.roots(roots.list.map(({ param, written }) => ({ address: address(run.launch + params + param), written })), roots.closed);
  reaches.forEach(({ low, high, open }, i) => {
    const at = run.launch + roots.table + rootEntry.bytes * i;
    writeWide(i32, at + rootEntry.low, low);
    writeWide(i32, at + rootEntry.high, high);
    i32[(at + rootEntry.open) >> 2] = open ? 1 : 0;
  });
}

function writeWide(i32: Int32Array, at: number, value: number): void {
  i32[at >> 2] = value;
  i32[(at + 4) >> 2] = Math.floor(value / 2 ** 32);
}

/** Import `check`: an access that the code could not settle by itself. */
export function checkAccess(run: Run, linear: number, size: number, what: number, line: number, s: number, item: number): void {
  run.slot = s;
  const tag = (run.views.i32[(s + slot.interval) >> 2]! | item) >>> 0;
  const site = (): Site => run.site(line, item);
  if (linear >>> 0 !== run.launch + launch.bounce) {
    run.checked!.access(linear >>> 0, size, what, tag, s, line, site);
    return;
  }
  // It lies in two pages.
  const used = (what >>> flag.usedShift) & 0xffff;
  for (const piece of piecesOfSpread()) {
    run.checked!.access(piece.linear, piece.size, (what & ~(0xffff << flag.usedShift)) | ((used >>> (piece.offset >> 2)) << flag.usedShift), tag, s, line, site);
  }
}

/** Import `checkGroup`: a work-group begins in the slot. Does nothing on a launch that nobody checks. */
export function beginGroup(run: Run, s: number): void {
  if (run.checked === null) return;
  const { i32 } = run.views;
  const localBytes = i32[(s + slot.items) >> 2]! * i32[(run.launch + launch.localBytes) >> 2]!;
  const tag = run.checked.group(s, i32[(s + slot.group) >> 2]!, i32[(s + slot.shared) >> 2]!, i32[(run.launch + launch.sharedBytes) >> 2]!, i32[(s + slot.local) >> 2]!, localBytes);
  // Its shadow may have made the memory grow.
  run.views.refresh();
  run.views.i32[(s + slot.interval) >> 2] = tag;
  run.views.i32[(s + slot.groupBase) >> 2] = tag;
}

/** Import `checkBarrier`: the slot's group is past a barrier. @param sharedOnly it is to order accesses to shared memory only */
export function passBarrier(run: Run, s: number, sharedOnly: boolean): void {
  if (run.checked !== null) run.views.i32[(s + slot.interval) >> 2] = run.checked.barrier(s, sharedOnly);
}

/** Tells the checker of a barrier that not all come to, when barriers are checked. */
export function reportDivergence(run: Run, line: number | null, item: number, detail: string): void {
  run.checked?.diverged(run.site(line ?? 0, item), detail);
}

/**
 * Whether some work-items could come to no barrier of a kernel, or warps to different ones, so that the fast path would run past it unseen. (It takes no kernel whose work-items may come to different
 * barriers: see `analyseUniformity`.)
 */
export function hidesDivergence({ regions, kernel: { graph } }: KernelProgram): boolean {
  if (regions === null) return false;
  const barriers = graph.blocks.flatMap(({ nodes }) => nodes).filter(({ op }) => op === "barrier" || op === "barred").length;
  return barriers > 0 && (regions.flow.someExit || (regions.levels.team.warp && barriers > 1));
}
