import type { AccessKind, MemoryAccess } from "../abi.ts";
import { accessBytes } from "../ir/cost.ts";
import { LOCAL_WINDOW, PARAM_WINDOW, PARAM_WINDOW_SIZE, SHARED_WINDOW, WINDOW_SIZE, type Space } from "../ir/types.ts";
import type { Instr } from "../ir/ops.ts";
import type { Fn } from "../ir/module.ts";
import { EmulatorBug } from "../../kernel/errors.ts";
import type { WorkItem } from "./work-item.ts";

/** Memory as a work-item sees it: which bytes an access in a space means, or which fault. */

type Use = (view: DataView, at: number) => void;

/** How often the host may say "try again" to one access before we call it a bug. */
const MAX_RETRIES = 1000;

/** One access to memory, before it is translated. */
export interface Access {
  readonly space: Space;
  readonly address: bigint;
  readonly size: number;
  /** 1: any address will do. */
  readonly align: number;
  readonly kind: AccessKind;
}

/** Performs an access for the work-item: `use` gets the bytes. Throws the fault if there is one. Gives whether the bytes were in global or const space. */
export function access(item: WorkItem, request: Access, use: Use): boolean {
  const { space, address, size, align, kind } = request;
  const { launch } = item.group;
  if (space === "shared") return offset(item, request, item.group.shared, address, use);
  if (space === "local") return offset(item, request, item.local, address, use);
  if (address % BigInt(align) !== 0n) launch.fault(item, "misaligned", `needs a multiple of ${align}`, { address, size, kind });
  if (space === "generic") {
    if (inside(address, SHARED_WINDOW, WINDOW_SIZE)) return offset(item, request, item.group.shared, address - SHARED_WINDOW, use);
    if (inside(address, PARAM_WINDOW, PARAM_WINDOW_SIZE)) return parameters(item, request, use);
    if (inside(address, LOCAL_WINDOW, WINDOW_SIZE)) return offset(item, request, item.local, address - LOCAL_WINDOW, use);
  }
  if (space === "const" && inside(address, PARAM_WINDOW, PARAM_WINDOW_SIZE)) {
    parameters(item, request, use);
    return true;
  }
  translated(item, { address, size, kind }, use);
  return true;
}

function inside(address: bigint, start: bigint, size: bigint): boolean {
  return address >= start && address < start + size;
}

/** The fault names the offset in that memory, however the program addressed it. */
function offset(item: WorkItem, { size, kind }: Access, view: DataView, at: bigint, use: Use): false {
  if (at + BigInt(size) > BigInt(view.byteLength)) {
    const which = view === item.local ? "local" : "shared";
    item.group.launch.fault(item, "illegal-address", `outside the ${view.byteLength} bytes of ${which} memory`, { address: at, size, kind });
  }
  use(view, Number(at));
  return false;
}

function parameters(item: WorkItem, { address, size, kind }: Access, use: Use): false {
  const { launch } = item.group;
  if (kind !== "read") launch.fault(item, "write-protected", "kernel parameters cannot be written", { address, size, kind });
  const at = Number(address - PARAM_WINDOW);
  if (at + size > launch.info.paramBytes) launch.fault(item, "illegal-address", `outside the ${launch.info.paramBytes} parameter bytes`, { address, size, kind });
  use(launch.params, at);
  return false;
}

function translated(item: WorkItem, request: MemoryAccess, use: Use): void {
  const { launch } = item.group;
  for (let attempt = 0; attempt < MAX_RETRIES; attempt++) {
    const refusal = launch.pages.access(request.address, request.size, request.kind, use);
    if (refusal === null) return;
    if (!launch.hooks.fault(request, launch.site(item))) {
      launch.fault(item, refusal, refusal === "write-protected" ? "the page is read-only" : "nothing is mapped there", request);
    }
  }
  throw new EmulatorBug(`the fault hook allowed 0x${request.address.toString(16)} ${MAX_RETRIES} times and never made it accessible`);
}

type MemoryInstr = Extract<Instr, { readonly op: "load" | "store" | "atomic" | "cmpxchg" }>;

/** The access that a memory instruction makes, for the base address of one work-item. */
export function accessMaker(fn: Fn, instr: MemoryInstr): (base: bigint) => Access {
  const size = accessBytes(instr, fn.types);
  const atomic = instr.op === "atomic" || instr.op === "cmpxchg";
  const align = atomic ? size : instr.align;
  const kind: AccessKind = atomic ? "atomic" : instr.op === "load" ? "read" : "write";
  const { space } = instr;
  const displacement = BigInt(instr.offset);
  return (base) => ({ space, address: BigInt.asUintN(64, base + displacement), size, align, kind });
}

/** One byte at a generic address, for strings of printf and assert. */
export function readByte(item: WorkItem): (address: bigint) => number {
  return (address) => {
    let byte = 0;
    access(item, { space: "generic", address: BigInt.asUintN(64, address), size: 1, align: 1, kind: "read" }, (view, at) => (byte = view.getUint8(at)));
    return byte;
  };
}
