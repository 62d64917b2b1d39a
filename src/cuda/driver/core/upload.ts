import type { Caller } from "../../../api/caller.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import type { Context } from "./context.ts";
import { LARGE_STAGE } from "./staging.ts";
import { submit } from "./submit.ts";
import { waitPoints } from "./wait.ts";

/** Writes bytes of the driver's to device memory. Blocks until they are there. @returns 0 or a negative errno. */
export function* upload(t: Caller, context: Context, address: number, bytes: Uint8Array): Blocking<number> {
  const stream = context.internal;
  if (bytes.length === 0) return 0;
  for (let at = 0; at < bytes.length; at += LARGE_STAGE) {
    const part = bytes.subarray(at, Math.min(bytes.length, at + LARGE_STAGE));
    const stage = yield* context.staging.take(t, part.length);
    if (typeof stage === "number") return stage;
    t.sys.memory(stage.address, part.length, true)!.set(part);
    const error = submit(t, stream, "copy", {
      kind: "copy", dst: address + at, src: stage.address, extent: { width: part.length, height: 1, depth: 1 },
      dstPitch: part.length, dstSlicePitch: part.length, srcPitch: part.length, srcSlicePitch: part.length,
    }, "module data");
    if (error < 0) return error;
    stage.timeline = stream.tail;
    stage.point = stream.tailPoint;
  }
  return yield* waitPoints(t, context.device, [{ syncobj: stream.tail, point: stream.tailPoint }]);
}
