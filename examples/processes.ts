// Two processes with a CUDA context each. The C of it, in both:
//
//   cuCtxCreate(&ctxA, CU_CTX_SCHED_AUTO, device);
//   cuCtxSetCurrent(ctxA);                          // of this thread, of this process
//
// What one of them has is nothing in the other, and the operating system's files show why.
//
// Run: glassgpu run examples/processes.ts
import { createMachine, out, type HostProcess } from "glassgpu";
import {
  CU_CTX_SCHED_AUTO, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS, cuCtxCreate, cuCtxGetCurrent, cuCtxSetCurrent, cuCtxSynchronize, cuDeviceGet, cuInit, cuIpcCloseMemHandle, cuIpcGetMemHandle,
  cuIpcOpenMemHandle, cuLaunchKernel, cuMemAlloc, cuMemcpyDtoH, cuMemsetD32, cuModuleGetFunction, cuModuleLoadData, type CUcontext, type CUdevice, type CUdeviceptr, type CUfunction,
  type CUipcMemHandle, type CUmodule,
} from "glassgpu/cuda12";
import { errnoName } from "glassgpu/kernel";
import { checker } from "./lib/check.ts";
import { kernelFile } from "./lib/files.ts";
import { cudaCode } from "./lib/names.ts";
import { shell } from "./lib/shell.ts";

const machine = createMachine();
const check = checker(machine);
const $ = shell(machine);
const [A, B] = [machine.process("A"), machine.process("B")];

/** What each process does at first: a context, memory with a number in it, and a kernel that reads one word from anywhere. */
function start(process: HostProcess, mebibytes: number, value: number): { ctx: CUcontext; memory: CUdeviceptr; peek: CUfunction; result: CUdeviceptr } {
  machine.use(process);
  check(cuInit(0));
  const device = out<CUdevice>();
  check(cuDeviceGet(device, 0));
  const ctx = out<CUcontext>();
  check(cuCtxCreate(ctx, CU_CTX_SCHED_AUTO, device.value));
  check(cuCtxSetCurrent(ctx.value));
  const [memory, result] = [out<CUdeviceptr>(), out<CUdeviceptr>()];
  check(cuMemAlloc(memory, mebibytes * 2 ** 20));
  check(cuMemAlloc(result, 4));
  check(cuMemsetD32(memory.value, value, mebibytes * 2 ** 18));
  const [module, peek] = [out<CUmodule>(), out<CUfunction>()];
  check(cuModuleLoadData(module, kernelFile("04_scenes.ptx")));
  check(cuModuleGetFunction(peek, module.value, "peek"));
  return { ctx: ctx.value, memory: memory.value, peek: peek.value, result: result.value };
}

const hex = (n: number): string => `0x${n.toString(16)}`;
const say = (call: string, result: string): void => console.log(`${call.padEnd(38)} ${result}`);
const a = start(A, 64, 0xaaaa);
const b = start(B, 32, 0xbbbb);
console.log(`A is pid ${A.pid}, its memory at ${hex(a.memory)}; B is pid ${B.pid}, its memory at ${hex(b.memory)}`);

console.log("\n-- handles: B tries what A got from the API");
machine.use(B);
const [current, word] = [out<CUcontext>(), new Uint32Array(1)];
say("B: cuCtxSetCurrent(ctxA)", cudaCode(cuCtxSetCurrent(a.ctx)));
check(cuCtxGetCurrent(current));
say("B: cuCtxGetCurrent(&ctx)", current.value === b.ctx ? "still ctxB" : "another context");
say("B: cuMemcpyDtoH(&word, memoryA, 4)", cudaCode(cuMemcpyDtoH(word, a.memory, 4)));

console.log("\n-- the system's view: each process has an open file of the driver, and everything hangs on that");
const account = /drm-(client-id|total-vram0|shared-vram0)/;
for (const { pid } of [A, B]) $(`cat /proc/${pid}/fdinfo/3`, account);
$("cat /sys/kernel/debug/dri/0/gem_info");
$("cat /sys/kernel/debug/dri/0/vm_info", /^vm|VRAM/);

console.log("\n-- GEM: a handle is a number of one open file");
const open = ({ sys }: HostProcess): number => sys.open("/dev/dri/renderD128", 2);
const [fdA, fdB] = [open(A), open(B)];
const errno = (code: number): string => (code < 0 ? errnoName(-code) : String(code));
const object = { size: 1 << 20, placement: "vram" as const, label: "A's object", handle: 0 };
A.sys.ioctl(fdA, "GLASS_GEM_CREATE", object);
say("A: GEM_CREATE", `handle ${object.handle}`);
say(`B: PRIME_HANDLE_TO_FD(${object.handle})`, errno(B.sys.ioctl(fdB, "DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle: object.handle, flags: 0, fd: 0 })));
say(`B: GEM_CLOSE(${object.handle})`, errno(B.sys.ioctl(fdB, "DRM_IOCTL_GEM_CLOSE", { handle: object.handle })));
say(`A: GEM_FLINK(${object.handle}), a name for all`, errno(A.sys.ioctl(fdA, "DRM_IOCTL_GEM_FLINK", { handle: object.handle, name: 0 })));
const offset = { handle: object.handle, offset: 0 };
A.sys.ioctl(fdA, "GLASS_GEM_MMAP_OFFSET", offset);
const mapping = (process: HostProcess, fd: number): string => {
  const address = process.sys.mmap(0, 1 << 20, 3, 1, fd, offset.offset);
  return address < 0 ? errno(address) : `mapped at ${hex(address)}`;
};
say("A: mmap(fdA, offset)", mapping(A, fdA));
say("B: mmap(fdB, the same offset)", mapping(B, fdB));
for (const [process, fd] of [[A, fdA], [B, fdB]] as const) process.sys.close(fd);

console.log("\n-- shared on purpose: A gives, B opens");
machine.use(A);
const ipc = out<CUipcMemHandle>();
check(cuIpcGetMemHandle(ipc, a.memory));
machine.use(B);
const theirs = out<CUdeviceptr>();
check(cuIpcOpenMemHandle(theirs, ipc.value, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
check(cuMemcpyDtoH(word, theirs.value, 4));
say("B: cuIpcOpenMemHandle(&ptr, handle)", `A's memory at ${hex(theirs.value)}, *ptr = ${hex(word[0]!)}`);
for (const { pid } of [A, B]) $(`cat /proc/${pid}/fdinfo/3`, account);
check(cuIpcCloseMemHandle(theirs.value));

console.log("\n-- pointers: a kernel of B reads at A's address all the same");
const peek = (who: typeof a): number => cuLaunchKernel(who.peek, 1, 1, 1, 1, 1, 1, 0, null, [a.memory, who.result], null);
check(peek(b));
say("B: peek<<<1, 1>>>(memoryA, &word)", cudaCode(cuCtxSynchronize()));
say("B: cuCtxSynchronize() again", cudaCode(cuCtxSynchronize()));
$("cat /sys/kernel/debug/dri/0/vm_info", /^vm|fault/);
$("dmesg", /Xid/);
machine.use(A);
check(peek(a));
check(cuMemcpyDtoH(word, a.result, 4));
say("A: peek<<<1, 1>>>(memoryA, &word)", `word = ${hex(word[0]!)}: A has not noticed`);

console.log("\n-- processes: what fork copies, and what kill -9 leaves");
let inChild = -1;
const child = A.fork(function* (p) {
  inChild = yield* p.cuda.cuCtxSetCurrent(a.ctx);
}, "A's child");
if (typeof child === "number") throw new Error(`fork: ${errno(child)}`);
A.run((self) => self.sys.waitpid(child.pid, { value: 0 }));
say("A's child: cuCtxSetCurrent(ctxA)", cudaCode(inChild));
const apps = "nvidia-smi --query-compute-apps=pid,name,used_memory --format=csv";
$(apps);
$(`kill -9 ${B.pid}`);
$(apps);
