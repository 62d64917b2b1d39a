import { directory, text, type Directory } from "../drm/files/tree.ts";
import type { DmaBuf } from "./dma-buf.ts";
import type { DmaFence } from "./fence.ts";
import type { SyncFile } from "./sync-file.ts";
import { unwrap } from "./unwrap.ts";

/** What dma_buf/bufinfo tells of one dma-buf. */
export interface BufInfo {
  readonly dmaBuf: DmaBuf;
  /** Descriptors and other holders of its file. */
  readonly count: number;
  /** Devices that have imported it, by PCI name. */
  readonly attached: readonly string[];
}

function state(status: number): string {
  return status > 0 ? "signaled" : status === 0 ? "active" : "error";
}

function fenceLine(fence: DmaFence): string {
  const { timestamp } = fence;
  const at = timestamp < 0 ? "" : `@${Math.floor(timestamp / 1e9)}.${String(timestamp % 1e9).padStart(9, "0")}`;
  return `  ${fence.context.name}_fence ${state(fence.status)}${at}: ${fence.seqno}\n`;
}

/** /sys/kernel/debug/sync_file/info, in the layout of sync_debug.c. */
function syncInfo(files: Iterable<SyncFile>): string {
  const rows = [...files].map((file, i) => `[${i}] ${file.name}: ${state(file.fence.status)}\n${unwrap(file.fence).map(fenceLine).join("")}\n`);
  return `objs:\n--------------\nsyncs:\n--------------\n${rows.join("")}`;
}

/** /sys/kernel/debug/dma_buf/bufinfo, in the layout of dma_buf_debug_show. */
function bufInfo(buffers: readonly BufInfo[]): string {
  let total = 0;
  const rows = buffers.map(({ dmaBuf, count, attached }, i) => {
    total += dmaBuf.exporter.size;
    const head = `${String(dmaBuf.exporter.size).padStart(8, "0")}\t00000002\t00080007\t${String(count).padStart(8, "0")}\tglass\t${String(i + 1).padStart(8, "0")}\t<none>\n`;
    const fences = dmaBuf.exporter.resv.fences(3).map((f) => `\tkernel fence:${f.context.driver} ${f.context.name} seq ${f.seqno} ${state(f.status)}\n`);
    return `${head}${fences.join("")}\tAttached Devices:\n${attached.map((name) => `\t${name}\n`).join("")}Total ${attached.length} devices attached\n\n`;
  });
  return `\nDma-buf Objects:\nsize    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n${rows.join("")}\nTotal ${buffers.length} objects, ${total} bytes\n`;
}

/** What lies under /sys/kernel/debug/sync_file. */
export function syncFileTree(files: Iterable<SyncFile>): Directory {
  return directory(() => ({ info: text(() => syncInfo(files)) }));
}

/** What lies under /sys/kernel/debug/dma_buf. */
export function dmaBufTree(buffers: () => readonly BufInfo[]): Directory {
  return directory(() => ({ bufinfo: text(() => bufInfo(buffers())) }));
}
