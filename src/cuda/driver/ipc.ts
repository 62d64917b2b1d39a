import type { Caller, StateKey } from "../../api/caller.ts";
import { stateKey } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import { Errno } from "../../kernel/errors.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUdeviceptr, CUevent, CUipcEventHandle, CUipcMemHandle } from "../abi/driver/types.ts";
import { anyEvent } from "./core/arguments.ts";
import type { Context } from "./core/context.ts";
import { enter } from "./core/enter.ts";
import { Event } from "./core/event.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import type { Allocation } from "./core/memory.ts";
import { nameMemory, openNamed } from "./core/sharing.ts";
import { SharedEvent } from "./core/shared-event.ts";
import { Mapping } from "./core/space.ts";
import { waitUsers } from "./memory.ts";

/** Memory Management: memory and events shared between processes. A handle is 64 bytes that any process may be told; it carries a GEM name, or whose descriptor to take. */

/** First bytes of every handle of memory, and of every one of an event. */
const MAGIC = 0x43504947;
const EVENT_MAGIC = 0x45504947;

/** An opened handle: one address for each context and object, counted. */
interface Opened {
  readonly key: string;
  readonly context: Context;
  readonly allocation: Allocation;
  uses: number;
}

const openedKey: StateKey<Map<string, Opened>> = stateKey<Map<string, Opened>>("cuda ipc", () => new Map());

/**
 * A handle for memory of cuMemAlloc, to be opened in another process. What shares a 2 MiB block with it is shared with it, as on real devices.
 * @param pHandle gets it
 * @returns INVALID_VALUE: pHandle NULL, not the beginning of memory of cuMemAlloc.
 */
export function cuIpcGetMemHandle(t: Caller, pHandle: Out<CUipcMemHandle> | null, dptr: CUdeviceptr): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pHandle === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pHandle must not be NULL");
  const allocation = context.driver.memory.find(dptr);
  if (allocation?.kind !== "device" || allocation.address !== dptr) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must be the beginning of memory of cuMemAlloc", { dptr });
  const mapping = allocation.mappings[0]!;
  const device = allocation.device!;
  const name = nameMemory(t, device, mapping.backing!);
  if (name < 0) return fail(t, errnoCode(name), errnoRule(name, "naming the memory"));
  const bytes = new Uint8Array(cu.CU_IPC_HANDLE_SIZE);
  const view = new DataView(bytes.buffer);
  [MAGIC, t.sys.pid, device.ordinal, name].forEach((word, i) => view.setUint32(4 * i, word, true));
  [dptr - mapping.address, allocation.size, mapping.bytes, allocation.id].forEach((number, i) => view.setFloat64(16 + 8 * i, number, true));
  pHandle.value = { reserved: bytes };
  return 0;
}

/**
 * Maps another process's memory into the current context. Opening a handle again in the same context gives the same address, with one more use.
 * @param pdptr gets the address, of any value
 * @param Flags must be CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS
 * @returns INVALID_VALUE: pdptr NULL, other flags, no handle. INVALID_CONTEXT: made by this process. INVALID_HANDLE: the memory is gone.
 */
export function cuIpcOpenMemHandle_v2(t: Caller, pdptr: Out<CUdeviceptr> | null, handle: In<CUipcMemHandle>, Flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pdptr === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pdptr must not be NULL");
  if (Flags !== cu.CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS", { Flags });
  const bytes = handle.reserved;
  const view = bytes === undefined || bytes.length !== cu.CU_IPC_HANDLE_SIZE ? null : new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view === null || view.getUint32(0, true) !== MAGIC) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "handle must be from cuIpcGetMemHandle");
  if (view.getUint32(4, true) === t.sys.pid) return fail(t, cu.CUDA_ERROR_INVALID_CONTEXT, "a handle cannot be opened by the process that made it");
  const device = context.driver.devices[view.getUint32(8, true)];
  const name = view.getUint32(12, true);
  const [offset, size, span, id] = [0, 1, 2, 3].map((i) => view.getFloat64(16 + 8 * i, true)) as [number, number, number, number];
  if (device === undefined) return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "the handle's device does not exist here");
  const state = t.processState(openedKey);
  const key = `${context.handle}/${view.getUint32(4, true)}/${name}/${id}`;
  const known = state.get(key);
  if (known !== undefined) {
    known.uses++;
    pdptr.value = known.allocation.address;
    return 0;
  }
  const backing = openNamed(t, device, name);
  if (backing === -Errno.ENOENT) return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "the memory behind the handle is gone", { name });
  if (typeof backing === "number") return fail(t, errnoCode(backing), errnoRule(backing, "opening the memory"));
  const address = t.sys.reserve(span, 65536);
  let error = address;
  if (address >= 0) {
    const mapping = new Mapping(address, span, backing);
    error = mapping.bind(t, context.space);
    if (error >= 0) {
      const allocation = context.driver.remember("ipc", address + offset, size, { context, device, mappings: [mapping] });
      state.set(key, { key, context, allocation, uses: 1 });
      pdptr.value = allocation.address;
      return 0;
    }
    t.sys.munmap(address, span);
  }
  backing.close(t);
  return fail(t, errnoCode(error), errnoRule(error, "mapping the memory"));
}

/**
 * Gives one use of an opened handle back; with the last one the memory is unmapped, after work that may use it. Blocks then.
 * @returns INVALID_VALUE: not an address of cuIpcOpenMemHandle.
 */
export function* cuIpcCloseMemHandle(t: Caller, dptr: CUdeviceptr): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const state = t.processState(openedKey);
  const opened = [...state.values()].find((entry) => entry.allocation.address === dptr && !entry.context.destroyed);
  if (opened === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must be from cuIpcOpenMemHandle", { dptr });
  if (--opened.uses > 0) return 0;
  state.delete(opened.key);
  yield* waitUsers(t, opened.context, opened.allocation.mappings);
  context.driver.memory.remove(opened.allocation);
  for (const mapping of opened.allocation.mappings) {
    mapping.unbindAll(t);
    t.sys.munmap(mapping.address, mapping.bytes);
    mapping.backing?.close(t);
  }
  return 0;
}

/**
 * A handle for an event, to be opened in another process.
 * @param pHandle gets it
 * @param hEvent made with CU_EVENT_INTERPROCESS
 * @returns INVALID_VALUE: pHandle NULL, an event without CU_EVENT_INTERPROCESS. INVALID_HANDLE: not an event.
 */
export function cuIpcGetEventHandle(t: Caller, pHandle: Out<CUipcEventHandle> | null, hEvent: CUevent | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pHandle === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pHandle must not be NULL");
  const event = anyEvent(t, context, hEvent);
  if (typeof event === "number") return event;
  if (event.shared === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the event must be made with CU_EVENT_INTERPROCESS", { hEvent });
  const fd = event.shared.export(t);
  if (fd < 0) return fail(t, errnoCode(fd), errnoRule(fd, "exporting the event"));
  const bytes = new Uint8Array(cu.CU_IPC_HANDLE_SIZE);
  const view = new DataView(bytes.buffer);
  [EVENT_MAGIC, t.sys.pid, event.shared.device.ordinal, fd].forEach((word, i) => view.setUint32(4 * i, word, true));
  pHandle.value = { reserved: bytes };
  return 0;
}

/**
 * Another process's event, as an event of the current context: both see the latest record, whoever made it. It takes no time stamps. cuEventDestroy gives it back.
 * @param phEvent gets it
 * @returns INVALID_VALUE: phEvent NULL, no handle of an event. INVALID_CONTEXT: made by this process. INVALID_HANDLE: the process or its event is gone, or belongs to another user.
 */
export function cuIpcOpenEventHandle(t: Caller, phEvent: Out<CUevent> | null, handle: In<CUipcEventHandle>): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (phEvent === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "phEvent must not be NULL");
  const bytes = handle.reserved;
  const view = bytes === undefined || bytes.length !== cu.CU_IPC_HANDLE_SIZE ? null : new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view === null || view.getUint32(0, true) !== EVENT_MAGIC) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "handle must be from cuIpcGetEventHandle");
  const pid = view.getUint32(4, true);
  if (pid === t.sys.pid) return fail(t, cu.CUDA_ERROR_INVALID_CONTEXT, "a handle cannot be opened by the process that made it");
  const shared = SharedEvent.open(t, context.device, pid, view.getUint32(12, true));
  if (typeof shared === "number") {
    const gone = [-Errno.ESRCH, -Errno.EBADF, -Errno.EPERM, -Errno.EINVAL].includes(shared);
    return gone ? fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "the event behind the handle is gone, or another user's", { pid }) : fail(t, errnoCode(shared), errnoRule(shared, "opening the event"));
  }
  const event = new Event(context, cu.CU_EVENT_DISABLE_TIMING | cu.CU_EVENT_INTERPROCESS, shared);
  event.handle = context.driver.events.add(event) as CUevent;
  context.events.add(event);
  phEvent.value = event.handle;
  return 0;
}
