// Memory that a device reaches: I/O addresses, groups, an access with a mapping and without one, and memory that the GPU works in without a copy. The C of the last:
//
//   cudaHostAlloc(&hostPtr, size, cudaHostAllocMapped);
//   cudaHostGetDevicePointer(&devicePtr, hostPtr, 0);
//
// Run: glassgpu run examples/memory.ts
import { createMachine, out, type HostProcess, type Machine } from "glassgpu";
import {
  cudaDeviceSynchronize, cudaFreeHost, cudaHostAlloc, cudaHostAllocDefault, cudaHostAllocMapped, cudaHostGetDevicePointer, cudaLaunchKernel, cudaLibraryGetKernel, cudaLibraryLoadData,
  cudaMalloc, cudaMemcpy, cudaMemcpyDeviceToHost, cudaMemcpyHostToDevice, type cudaKernel_t, type cudaLibrary_t,
} from "glassgpu/cudart";
import { errnoName } from "glassgpu/kernel";
import { checker } from "./lib/check.ts";
import { kernelFile } from "./lib/files.ts";
import { shell } from "./lib/shell.ts";

const hex = (n: number): string => `0x${n.toString(16)}`;
const errno = (code: number): string => (code < 0 ? errnoName(-code) : "done");
const say = (what: string, result: string): void => console.log(`${what.padEnd(52)} ${result}`);
const us = (ns: number): string => `${(ns / 1000).toFixed(0).padStart(6)} us`;

/** A card that no driver of the kernel wants, so that a program may drive it (VFIO). */
const spareCard = {
  domain: 0, bus: 0x40, device: 0, function: 0, vendorId: 0x1234, deviceId: 0x11e8, subsystemId: 0, classCode: 0x00ff00, driver: null, link: { generation: 3, lanes: 4 }, bars: [2 ** 20],
} as const;

const machine = createMachine({ gpus: ["a100", "a100"], iommu: { functions: [spareCard] }, trace: true });
const p = machine.process("program");
const check = checker(machine);
const $ = shell(machine);

console.log("-- who can be told apart: one group each, because the root ports keep their slots apart");
for (const group of $("ls /sys/kernel/iommu_groups").trim().split("\n")) $(`ls /sys/kernel/iommu_groups/${group}/devices`);
$("lspci");
$("cat /sys/kernel/iommu_groups/0/type");
$("cat /sys/kernel/iommu_groups/0/reserved_regions");
const root = machine.process("sh").sys;
for (const [text, file] of [["0", "devices"], ["DMA-FQ", "type"], ["identity", "type"]] as const) {
  const result = root.writeFile(`/sys/kernel/iommu_groups/1/${file}`, text);
  console.log(`# echo ${text} > /sys/kernel/iommu_groups/1/${file}${result < 0 ? `: ${errno(result)}` : ""}`);
}
$("cat /sys/kernel/iommu_groups/1/type");
console.log("without access control in the ports (ACS) a card shares a group with its port:");
shell(createMachine({ iommu: { acs: false } }))("ls /sys/kernel/iommu_groups/0/devices");

console.log("\n-- pinning memory makes a mapping: cudaHostAlloc");
machine.use(p);
const size = 1 << 20;
const hostPtr = out<number>();
check(cudaHostAlloc(hostPtr, size, cudaHostAllocMapped));
say("CPU address, in the process's page table", hex(hostPtr.value));
$("cat /sys/kernel/debug/dri/0/vm_info", /userptr/);
for (const { name, fields } of machine.trace().filter((event) => event.name === "iommu:map")) say(`${name}: iova ${fields["iova"]}`, `paddr ${fields["paddr"]}, ${fields["size"]} bytes`);
$("cat /sys/kernel/debug/iommu/domains");
check(cudaFreeHost(hostPtr.value));
$("cat /sys/kernel/debug/iommu/domains", /group 0/);

console.log("\n-- a device's access, with a mapping and without: a program drives the spare card itself");
const { sys } = p;
const [iommufd, card] = [sys.open("/dev/iommu", 2), sys.open("/dev/vfio/devices/vfio0", 2)];
const page = 64 << 10;
const buffer = p.malloc(page);
p.view(buffer, 5).set([...("hello")].map((letter) => letter.charCodeAt(0)));
const [ioas, device] = [{ outIoasId: 0 }, { iommufd, outDevId: 0 }];
sys.ioctl(iommufd, "IOMMU_IOAS_ALLOC", ioas);
sys.ioctl(card, "VFIO_DEVICE_BIND_IOMMUFD", device);
sys.ioctl(card, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", { ptId: ioas.outIoasId });
const iova = 0x10_0000;
const dma = (write: boolean, text: string): string => {
  const data = new TextEncoder().encode(text);
  const result = sys.ioctl(card, "VFIO_DEVICE_DMA", { iova, write, data });
  return result < 0 ? errno(result) : write ? "done" : `"${new TextDecoder().decode(data)}"`;
};
say(`the card reads at ${hex(iova)}, nothing mapped`, dma(false, "....."));
const READABLE = 4;
const FIXED = 1;
sys.ioctl(iommufd, "IOMMU_IOAS_MAP", { ioasId: ioas.outIoasId, flags: READABLE | FIXED, userVa: buffer, length: page, iova });
say("the same, the program's buffer mapped there, to read", dma(false, "....."));
say("the card writes there", dma(true, "HELLO"));
sys.ioctl(iommufd, "IOMMU_IOAS_UNMAP", { ioasId: ioas.outIoasId, iova, length: page });
say("the card reads again, after the unmapping", dma(false, "....."));
say("what is in the buffer", `"${String.fromCharCode(...p.view(buffer, 5))}"`);
$("cat /sys/kernel/debug/iommu/faults");
$("dmesg", /DMAR: \[DMA/);

console.log("\n-- zero-copy: the GPU counts up words of the program's memory, 4 MiB of them");
const n = 1 << 20;
const [library, increment] = [out<cudaLibrary_t>(), out<cudaKernel_t>()];
check(cudaLibraryLoadData(library, kernelFile("04_scenes.ptx"), null, null, 0, null, null, 0));
check(cudaLibraryGetKernel(increment, library.value, "increment"));
const [deviceMemory, pinned, mapped, devicePtr] = [out<number>(), out<number>(), out<number>(), out<number>()];
check(cudaMalloc(deviceMemory, 4 * n));
const pageable = p.malloc(4 * n);
check(cudaHostAlloc(pinned, 4 * n, cudaHostAllocDefault));
check(cudaHostAlloc(mapped, 4 * n, cudaHostAllocMapped));
check(cudaHostGetDevicePointer(devicePtr, mapped.value, 0));

/** What the copy engines have worked for this process so far, ns. */
const copyNs = (): number => Number(/drm-engine-copy:\t(\d+)/.exec(String(sys.readFile(`/proc/${p.pid}/fdinfo/3`)))?.[1]);

/** The same work with memory at `host`: there, `passes` kernels over the first `count` words, and back; or in place. */
function timed(what: string, host: number, inPlace: boolean, passes: number, count: number): void {
  const words = p.view(host, n, Uint32Array);
  words.fill(42 - passes);
  const [from, copied] = [machine.now, copyNs()];
  const device = inPlace ? devicePtr.value : deviceMemory.value;
  if (!inPlace) check(cudaMemcpy(device, host, 4 * n, cudaMemcpyHostToDevice));
  for (let i = 0; i < passes; i++) check(cudaLaunchKernel(increment.value, { x: count / 256, y: 1, z: 1 }, { x: 256, y: 1, z: 1 }, [device, count], 0, 0));
  if (!inPlace) check(cudaMemcpy(host, device, 4 * n, cudaMemcpyDeviceToHost));
  check(cudaDeviceSynchronize());
  const [took, engines] = [machine.now - from, copyNs() - copied];
  const right = words.subarray(0, count).every((word) => word === 42) && words.subarray(count).every((word) => word === 42 - passes);
  console.log(`  ${what.padEnd(38)} ${us(took)}, of which copy engines ${us(engines)}  ${right ? "right" : "WRONG"}`);
}
timed("(warming up)", pageable, false, 1, n);
for (const [title, passes, count] of [["every word once", 1, n], ["every word eight times", 8, n], ["one word in sixteen, once", 1, n / 16]] as const) {
  console.log(`${title}:`);
  timed("malloc, and copies", pageable, false, passes, count);
  timed("cudaHostAlloc, and copies", pinned.value, false, passes, count);
  timed("cudaHostAllocMapped, in place", mapped.value, true, passes, count);
}

console.log("\n-- what the GPU's address of that memory is, by how the machine translates");
function ioAddress(other: Machine, process: HostProcess): string {
  const pointer = out<number>();
  checker(other)(process.cudart.cudaHostAlloc(pointer, size, cudaHostAllocMapped));
  const [, at] = /userptr(?: iova (\S+))?/.exec(other.exec("cat", ["/sys/kernel/debug/dri/0/vm_info"]).stdout) ?? [];
  checker(other)(process.cudart.cudaFreeHost(pointer.value));
  return at ?? "none";
}
for (const mode of ["strict", "lazy", "identity", "off"] as const) {
  const other = createMachine({ iommu: mode });
  const address = ioAddress(other, other.process("program"));
  const { stdout, stderr } = other.exec("cat", ["/sys/kernel/debug/iommu/domains"]);
  say(`${mode}: ${address}`, `freed again: ${(stdout || stderr).split("\n")[0]!}`);
}
