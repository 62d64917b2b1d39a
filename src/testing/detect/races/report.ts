import type { Finding } from "../../schedule/finding.ts";
import type { Access, Conflict, Doer } from "./shadow.ts";

const verbs = { read: "reads", write: "writes", free: "frees" } as const;

function place(site: string | null): string {
  return site === null ? "" : ` at ${site}`;
}

function line(access: Access, from: number, to: number): string {
  return `${access.doer.what} ${verbs[access.kind]} bytes ${access.start - from} to ${access.end - from} of it${place(access.doer.site())}${to < 0 ? "" : ""}`;
}

/** What is missing, in the words of the API that the second of the two uses. */
function advice(earlier: Doer, later: Doer): string {
  const opencl = later.call.startsWith("cl") || earlier.call.startsWith("cl");
  const runtime = later.call.startsWith("cuda") || earlier.call.startsWith("cuda");
  if (earlier.device && later.device) {
    if (earlier.line === later.line && opencl) return `nothing orders the two: ${later.line} is out of order, so the second needs the first's event in its wait list, or a barrier between them (clEnqueueBarrierWithWaitList)`;
    if (opencl) return `nothing orders ${earlier.line} and ${later.line}: put the first command's event into the second's wait list, or call clFinish on the first queue between them`;
    const [record, wait] = runtime ? ["cudaEventRecord", "cudaStreamWaitEvent"] : ["cuEventRecord", "cuStreamWaitEvent"];
    return `nothing orders ${earlier.line} and ${later.line}: record an event in the one after its work (${record}) and make the other wait for it (${wait})`;
  }
  if (earlier.device || later.device) {
    const device = earlier.device ? earlier : later;
    const how = opencl ? "clWaitForEvents on its event, clFinish, or a blocking call" : runtime ? "cudaStreamSynchronize, cudaEventSynchronize" : "cuStreamSynchronize, cuEventSynchronize";
    return `the host does not wait for ${device.line} in between: ${how}`;
  }
  return `nothing orders ${earlier.line} and ${later.line}: a lock, a join, or a message between them`;
}

/** A conflict as a finding. */
export function findingOf({ earlier, later }: Conflict): Finding {
  const from = Math.max(earlier.start, later.start);
  const to = Math.min(earlier.end, later.end);
  const freed = earlier.kind === "free" || later.kind === "free";
  const sites = [earlier, later].map(({ doer, kind }) => `${doer.call || doer.what} ${kind}${place(doer.site())}`).sort();
  return {
    kind: freed ? "lifetime" : "race",
    key: sites.join(" | "),
    message: [
      freed ? `memory is freed while it is in use: ${to - from} bytes` : `data race on ${to - from} bytes`,
      `   ${line(earlier, from, to)}`,
      `   ${line(later, from, to)}`,
      `   ${advice(earlier.doer, later.doer)}`,
    ].join("\n"),
  };
}
