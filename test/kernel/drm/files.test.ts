import { expect, test } from "vitest";
import { a100Pcie40 } from "../../../src/gpu/profiles/a100.ts";
import { mi250xDie } from "../../../src/gpu/profiles/mi250x.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import { fakeCode, launch } from "../../gpu/fake-code.ts";
import { fill, Rig } from "./rig.ts";

const P = 65536;

test("PCI devices: ids, link, class, and the links to DRM nodes and IOMMU group", () => {
  const rig = new Rig({ gpus: [a100Pcie40, mi250xDie] });
  const { sys } = rig.process();
  expect(sys.readdir("/sys/bus/pci/devices")).toEqual(["0000:00:01.0", "0000:00:02.0", "0000:01:00.0", "0000:02:00.0"]);
  const read = (name: string): string | number => sys.readFile(`/sys/bus/pci/devices/0000:01:00.0/${name}`);
  expect(read("vendor")).toBe("0x10de\n");
  expect(read("device")).toBe("0x20f1\n");
  expect(read("subsystem_device")).toBe("0x145f\n");
  expect(read("class")).toBe("0x030200\n");
  expect(read("current_link_speed")).toBe("16.0 GT/s PCIe\n");
  expect(read("uevent")).toBe("DRIVER=nvidia-drm\nPCI_CLASS=30200\nPCI_ID=10DE:20F1\nPCI_SUBSYS_ID=10DE:145F\nPCI_SLOT_NAME=0000:01:00.0\nMODALIAS=pci:v000010DEd000020F1sv000010DEsd0000145Fbc03sc02i00\n");
  expect(read("nonsense")).toBe(-Errno.ENOENT);
  expect(sys.readdir("/sys/bus/pci/devices/0000:02:00.0/drm")).toEqual(["card1", "renderD129"]);
  expect(sys.readFile("/sys/bus/pci/devices/0000:02:00.0/drm/card1/device/vendor")).toBe("0x1002\n");
  expect(sys.readFile("/sys/bus/pci/devices/0000:02:00.0/mem_info_vram_total")).toBe(`${64 * 2 ** 30}\n`);
  expect(sys.readFile("/sys/bus/pci/devices/0000:02:00.0/iommu_group/type")).toBe("DMA\n");
});

test("DRM class and IOMMU groups", () => {
  const { sys } = new Rig({ gpus: [a100Pcie40, mi250xDie] }).process();
  expect(sys.readdir("/sys/class/drm")).toEqual(["card0", "card1", "renderD128", "renderD129", "version"]);
  expect(sys.readFile("/sys/class/drm/renderD129/dev")).toBe("226:129\n");
  expect(sys.readdir("/dev/dri")).toEqual(["card0", "card1", "renderD128", "renderD129"]);
  expect(sys.readdir("/sys/kernel/iommu_groups/1/devices")).toEqual(["0000:02:00.0"]);
  expect(sys.writeFile("/sys/kernel/iommu_groups/1/type", "identity")).toBe(-Errno.EBUSY);
  expect(sys.writeFile("/sys/kernel/iommu_groups/1/devices", "1")).toBe(-Errno.EISDIR);
});

test("fdinfo counts memory and engine time of the file", () => {
  const rig = new Rig();
  const client = rig.process();
  const node = client.open();
  const vm = node.vm();
  const b = node.buffer(vm, P);
  node.gem(2 * P, "system");
  const q = node.queue(node.context(vm));
  node.exec(q.queue, launch(fakeCode({ k: { instructions: 1e6 } }), "k", 4, 1024));
  node.exec(q.queue, fill(b.address, P, [1]));
  node.wait([{ syncobj: q.timeline, point: 2 }]);
  const text = client.sys.readFile(`/proc/self/fdinfo/${node.fd}`) as string;
  const value = (key: string): string | undefined => new RegExp(`^${key}:\t(.*)$`, "m").exec(text)?.[1];
  expect(value("drm-driver")).toBe("nvidia-drm");
  expect(value("drm-pdev")).toBe("0000:01:00.0");
  expect(value("drm-client-id")).toBe("1");
  expect(value("drm-total-vram0")).toBe("64 KiB");
  expect(value("drm-total-gtt")).toBe("128 KiB");
  expect(Number(value("drm-engine-compute")!.split(" ")[0])).toBeGreaterThan(1e6 / 64);
  expect(Number(value("drm-engine-copy")!.split(" ")[0])).toBeGreaterThan(0);
});

test("debugfs: name, clients, flink names, objects, fences", () => {
  const rig = new Rig({ gpus: [mi250xDie] });
  const client = rig.process("python");
  const node = client.open(0, "primary");
  const handle = node.gem(P);
  node.do("DRM_IOCTL_GEM_FLINK", { handle, name: 0 });
  const q = node.queue(node.context(node.vm()));
  node.exec(q.queue, { kind: "marker" });
  node.wait([{ syncobj: q.timeline, point: 1 }]);
  const read = (name: string): string => client.sys.readFile(`/sys/kernel/debug/dri/0/${name}`) as string;
  expect(read("name")).toBe("amdgpu dev=0000:01:00.0 unique=0000:01:00.0\n");
  expect(read("clients").split("\n")[0]).toBe("             command  tgid dev master a   uid      magic                                  name id");
  expect(read("clients").split("\n")[1]).toMatch(new RegExp(`^ +python +${client.process.pid} +0 +y +y +0 +0 +<unset> 1$`));
  expect(read("gem_names")).toBe("  name     size handles refcount\n     1    65536       1        1\n");
  expect(read("amdgpu_gem_info")).toBe(`pid ${String(client.process.pid).padStart(8)} command python:\n\t0x00000001: ${"65536".padStart(12)} byte VRAM bo\n`);
  expect(read("amdgpu_fence_info")).toContain("--- ring 2 (marker) ---\nLast signaled fence 0x00000001\nLast emitted        0x00000001\n");
  expect(read("amdgpu_gpu_recovery")).toMatch(/^preempt_count=0\navg_delay=0us\n(.+\n)*reset_count=0\n/);
  expect(client.sys.readFile("/sys/kernel/debug/dri/0000:01:00.0/name")).toBe(read("name"));
});

test("preemptions show in the recovery file", () => {
  const rig = new Rig();
  const nodes = [rig.process("a").open(), rig.process("b").open()];
  const waits = nodes.map((node) => {
    const q = node.queue(node.context(node.vm()));
    node.exec(q.queue, launch(fakeCode({ k: { instructions: 2 ** 20 } }), "k", 2000, 1024));
    return q;
  });
  nodes.forEach((node, i) => node.wait([{ syncobj: waits[i]!.timeline, point: 1 }]));
  const text = nodes[0]!.client.sys.readFile("/sys/kernel/debug/dri/0/gpu_recovery") as string;
  expect(text).toMatch(/^preempt_count=[1-9]\d*\navg_delay=[1-9]\d*us\n/);
});
