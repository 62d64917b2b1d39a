import type { ValueId } from "../../ir/ops.ts";
import { sizeOf } from "../../ir/types.ts";
import { lanesOf } from "./mangle.ts";
import { indexed, loadLanes, storeLanes, type Lowering, type Lowerings, type Site } from "./site.ts";
import { groupBarrier } from "./sync.ts";
import { pointee } from "./vectors.ts";
import { localLinearId, localLinearSize } from "./workitem.ts";

/**
 * Async copies (OpenCL C 3.0 section 6.15.11): the work-items of the group share the elements out among themselves, and
 * waiting for the event is a barrier. The copy is then complete earlier than it need be, never later.
 */

/** copy(dst, src, elements, [stride], event). `stepTo`/`stepFrom`: elements from one to the next. */
function copy(s: Site, count: ValueId, stepTo: ValueId, stepFrom: ValueId): void {
  const { k } = s;
  const type = pointee(s, 0);
  const target = s.params[0];
  const lanes = target?.k === "ptr" ? lanesOf(target.to) : 1;
  // Vectors of 3 take the room of 4.
  const size = sizeOf[type] * (lanes === 3 ? 4 : lanes);
  const to = s.place(0);
  const from = s.place(1);
  const width = k.conv("zext", "i64", localLinearSize(k));
  k.loop([k.conv("zext", "i64", localLinearId(k))], ([i]) => k.icmp("lt.u", i!, count), ([i]) => {
    const values = loadLanes(k, indexed(k, from, k.mul(i!, stepFrom), size), new Array<typeof type>(lanes).fill(type), size);
    storeLanes(k, indexed(k, to, k.mul(i!, stepTo), size), values, size);
    return [k.add(i!, width)];
  });
}

const contiguous: Lowering = (s) => {
  copy(s, s.args[2]![0]!, s.k.l(1), s.k.l(1));
  return [s.args[3]![0]!];
};

/** The stride is that of the global side: the source when copying to local memory. */
const strided: Lowering = (s) => {
  const stride = s.args[3]![0]!;
  const toLocal = s.params[0]?.k === "ptr" && s.params[0].space === 3;
  copy(s, s.args[2]![0]!, toLocal ? s.k.l(1) : stride, toLocal ? stride : s.k.l(1));
  return [s.args[4]![0]!];
};

/** Lowerings of the async copies, by name. */
export const asyncCopies: Lowerings = {
  async_work_group_copy: contiguous,
  async_work_group_strided_copy: strided,
  wait_group_events: (s) => {
    groupBarrier(s.k);
    return [];
  },
  prefetch: () => [],
};
