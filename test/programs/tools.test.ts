import { createMachine, type Machine } from "glassgpu";
import { describe, expect, test } from "vitest";
import { userCredentials } from "../../src/kernel/process/cred.ts";
import { expectGolden } from "./golden.ts";
import { launch, worker } from "./workload.ts";

function run(machine: Machine, line: string, stdin: string = ""): readonly [number, string, string] {
  const [name = "", ...args] = line.split(" ");
  const { code, stdout, stderr } = machine.exec(name, args, { stdin });
  return [code, stdout, stderr];
}

const collapsed = (text: string): string => text.replaceAll(/ +/g, " ");

describe("rocminfo", () => {
  test("an MI250X: every line", () => {
    expectGolden("rocminfo", run(createMachine({ gpus: ["mi250x"] }), "rocminfo")[1]);
  });

  test("agents by number; GPUs of others are not seen", () => {
    const text = run(createMachine({ gpus: ["a100", "mi250x", "mi250x"] }), "rocminfo")[1];
    expect(text.match(/^Agent \d+/gm)).toEqual(["Agent 1", "Agent 2", "Agent 3"]);
    expect(text.match(/^ {2}BDFID: +(\d+)/gm)!.map((line) => Number(line.split(/ +/)[2]))).toEqual([0, 512, 768]);
  });

  test("no driver; no right", () => {
    expect(run(createMachine(), "rocminfo")).toEqual([1, "ROCk module is NOT loaded, possibly no GPU devices\n", ""]);
    const { code, stdout } = createMachine({ gpus: ["mi250x"] }).exec("rocminfo", [], { cred: { ...userCredentials(1000), groups: [] } });
    expect([code, stdout.split("\n").slice(0, 2)]).toEqual([1, ["ROCk module version 6.12.12 is loaded", "Unable to open /dev/kfd read-write: Permission denied"]]);
    expect(stdout).toContain('user1000 is not member of "render" group, the default DRM access group.');
  });
});

describe("clinfo", () => {
  const machine = createMachine({ gpus: ["a100", "mi250x"] });

  test("-l", () => {
    expect(run(machine, "clinfo -l")).toEqual([0, "Platform #0: glassgpu\n +-- Device #0: NVIDIA A100-PCIE-40GB\n `-- Device #1: AMD Instinct MI250X\n", ""]);
  });

  test("everything: no query fails, values begin in one column", () => {
    const [code, text] = run(machine, "clinfo");
    expect([code, text.includes("<error>"), text.includes("undefined")]).toEqual([0, false, false]);
    for (const line of text.split("\n")) if (/^ {0,4}\S/.test(line) && line.length > 50) expect(line.slice(49, 51), line).toMatch(/^ ./);
    const wanted = [
      "Number of platforms                               1", "  Device Vendor ID                                0x1002", "  Device Topology (KHR)                           PCI-E, 0000:02:00.0",
      "  Max work item sizes                             1024x1024x64", "  Global memory size                              42949672960 (40GiB)", "    Fine-grained buffer sharing                   Yes",
      "  Alignment of base address                       1024 bits (128 bytes)", "    Max 3D image size                             2048x2048x2048 pixels", "  Local memory size                               65536 (64KiB)",
      "    double                                               1 / 1        (cl_khr_fp64)", "  Device Numeric Version                          0xc00000 (3.0.0)",
    ];
    expect(wanted.filter((line) => !text.split("\n").includes(line))).toEqual([]);
  });

  test("--version, --help, what it does not know", () => {
    expect(run(machine, "clinfo --version")[1]).toMatch(/^clinfo version /);
    expect(run(machine, "clinfo -h")[1]).toContain("-l, --list");
    expect(run(machine, "clinfo -l --loud")[2]).toBe("ignoring unknown command-line parameter --loud\n");
  });
});

describe("drm_info", () => {
  const machine = createMachine({ gpus: ["a100", "mi250x"] });

  test("the tree, and JSON", () => {
    expectGolden("drm-info", run(machine, "drm_info")[1]);
    const json = JSON.parse(run(machine, "drm_info -j")[1]) as Record<string, { driver: { name: string; caps: Record<string, number | null> }; device: object }>;
    expect(Object.keys(json)).toEqual(["/dev/dri/card0", "/dev/dri/card1"]);
    expect(json["/dev/dri/card1"]).toMatchObject({ driver: { name: "amdgpu", caps: { SYNCOBJ_TIMELINE: 1, CURSOR_WIDTH: null } }, device: { available_nodes: 5, device_data: { vendor: 0x1002, device: 0x7408 } } });
  });

  test("one node; none; bad options", () => {
    expect(run(machine, "drm_info /dev/dri/renderD129")[1]).toMatch(/^Node: \/dev\/dri\/renderD129\n├───Driver: amdgpu \(AMD GPU\) version 3\.64\.0/);
    expect(run(machine, "drm_info /dev/dri/card7")).toEqual([1, "", "Failed to open /dev/dri/card7: No such file or directory\n"]);
    expect(run(machine, "drm_info --all")).toEqual([1, "", "usage: drm_info [-j] [-i] [--] [path]...\n"]);
  });
});

describe("lspci", () => {
  const machine = createMachine({ gpus: ["h100", "mi250x"] });

  test.each([
    ["lspci", "00:01.0 PCI bridge: Intel Corporation Ice Lake PCI Express Root Port A (rev a1)\n00:02.0 PCI bridge: Intel Corporation Ice Lake PCI Express Root Port A (rev a1)\n01:00.0 3D controller: NVIDIA Corporation GH100 [H100 SXM5 80GB] (rev a1)\n02:00.0 Display controller: Advanced Micro Devices, Inc. [AMD/ATI] Aldebaran/MI200 [Instinct MI250X] (rev a1)\n"],
    ["lspci -nn -d 10de:", "01:00.0 3D controller [0302]: NVIDIA Corporation GH100 [H100 SXM5 80GB] [10de:2330] (rev a1)\n"],
    ["lspci -n -D -d ::0380", "0000:02:00.0 0380: 1002:7408 (rev a1)\n"],
    ["lspci -k -s 01:00.0", "01:00.0 3D controller: NVIDIA Corporation GH100 [H100 SXM5 80GB] (rev a1)\n\tKernel driver in use: nvidia\n"],
    ["lspci -d 8086:1234", ""],
  ])("%s", (line, text) => {
    expect(run(machine, line)).toEqual([0, text, ""]);
  });

  test("a card of no known maker", () => {
    const card = { domain: 0, bus: 0x40, device: 0, function: 0, vendorId: 0x1234, deviceId: 0x11e8, subsystemId: 0, classCode: 0x00ff00, driver: null, link: { generation: 3, lanes: 4 }, bars: [] };
    expect(run(createMachine({ gpus: [], iommu: { functions: [card] } }), "lspci -s 40:00.0")[1]).toMatch(/^40:00.0 Class \[00ff\]: Device 1234:11e8/);
  });

  test("bad arguments", () => {
    expect(run(machine, "lspci -d nvidia")).toEqual([1, "", "lspci: -d: Invalid vendor ID, device ID or class\n"]);
    expect(run(machine, "lspci -z")[0]).toBe(1);
  });
});

describe("perf", () => {
  function recorded(): Machine {
    const machine = createMachine({ gpus: ["a100"] });
    const w = worker(machine, "train", 1);
    machine.spawn("later", function* (p) {
      yield* p.sleep(1e6);
      launch(w, 100);
    });
    expect(run(machine, "perf record -e gpu_scheduler:*,dma_fence:dma_fence_signaled -o /tmp/perf.data -a -- sleep 5ms")[2]).toMatch(/^\[ perf record: Woken up 1 times to write data \]\n\[ perf record: Captured and wrote 0\.\d{3} MB tmp\/perf\.data \(\d+ samples\) \]\n$/);
    return machine;
  }

  test("record and script: the path of a job through the scheduler, in perf's columns", () => {
    const text = run(recorded(), "perf script -i /tmp/perf.data")[1];
    expect(text.split("\n").filter((line) => line !== "" && !/^.{16} +\d+ \[000\] +\d+\.\d{6}: +\w+:\w+: /.test(line))).toEqual([]);
    const steps = [...collapsed(text).matchAll(/gpu_scheduler:(\w+): (.*)/g)].map((match) => [match[1], match[2]]);
    expect(steps.map(([name]) => name)).toEqual(["drm_sched_job_queue", "drm_sched_job_run", "drm_sched_job_done"]);
    expect(steps[0]![1]).toMatch(/^dev=0000:01:00\.0, fence=\d+:\d+, ring=compute, job count:1, hw job count:0, client_id:\d+$/);
    expect(steps[2]![1]).toMatch(/^fence=\d+:\d+ signaled$/);
    expect(collapsed(text)).toMatch(/dma_fence:dma_fence_signaled: driver=\S+ timeline=.+ context=\d+ seqno=\d+\n/);
  });

  test("perf leaves nothing on: no buffer, no events, the machine's own record untouched", () => {
    const machine = recorded();
    expect(run(machine, "ls /sys/kernel/tracing/instances")[1]).toBe("");
    expect([machine.kernel.trace.enabled, machine.trace().length]).toEqual([false, 0]);
  });

  test("stat counts", () => {
    const text = run(createMachine(), "perf stat -e sched:sched_switch,sched:sched_process_exit sleep 1ms")[2];
    expect(collapsed(text)).toMatch(/^\n Performance counter stats for 'sleep 1ms':\n\n 1 sched:sched_process_exit \n [3-9] sched:sched_switch \n\n 0\.00\d+ seconds time elapsed\n\n$/);
  });

  test("the child's exit code is perf's; errors", () => {
    const machine = createMachine();
    expect(run(machine, "perf record cat /nowhere")[0]).toBe(1);
    expect(run(machine, "perf record -e nope:nothing sleep 1")).toEqual([129, "", "event syntax error: 'nope:nothing'\n                     \\___ unknown tracepoint\n\nRun 'perf list' for a list of valid events\n"]);
    expect(run(machine, "perf record vi")[0]).toBe(127);
    expect(run(machine, "perf record")[0]).toBe(129);
    expect(run(machine, "perf script -i /nix")).toEqual([255, "", "failed to open nix: No such file or directory  (try 'perf record' first)\n"]);
    expect(run(machine, "perf script -i /tmp/x")[0]).toBe(255);
    expect(run(machine, "perf top")).toEqual([1, "", "perf: 'top' is not a perf-command. See 'perf --help'.\n"]);
    expect(run(machine, "perf stat -e")).toEqual([129, "", "  Error: switch `e' requires a value\n"]);
    expect(run(machine, "perf list")[1]).toContain("  gpu_scheduler:drm_sched_job_run                    [Tracepoint event]\n");
    const { code } = machine.exec("perf", ["record", "sleep", "1"], { cred: userCredentials(1000) });
    expect(code).not.toBe(0);
  });
});

describe("tracefs by hand", () => {
  test("events are switched on by files, seen in trace, read from trace_pipe", () => {
    const machine = createMachine();
    const p = machine.process("root");
    const write = (name: string, text: string): number => p.sys.writeFile(`/sys/kernel/tracing/${name}`, text);
    expect(write("events/sched/enable", "1")).toBe(1);
    expect(p.sys.readFile("/sys/kernel/tracing/events/enable")).toBe("X\n");
    run(machine, "sleep 1ms");
    const trace = p.sys.readFile("/sys/kernel/tracing/trace") as string;
    expect(trace).toMatch(/^# tracer: nop\n#\n# entries-in-buffer\/entries-written: (\d+)\/\1 /);
    expect(trace).toMatch(/\n {11}sleep-1001 {4}\[000\] \.{5} +0\.00\d{4}: sched_process_exit: comm=sleep pid=1001 prio=120 group_dead=true\n/);
    const fd = p.sys.open("/sys/kernel/tracing/trace_pipe", 0);
    const line = new Uint8Array(4096);
    const n = p.run((own) => own.sys.read(fd, line));
    expect(new TextDecoder().decode(line.subarray(0, n))).toContain("sched_switch: prev_comm=swapper");
    expect(write("tracing_on", "0")).toBe(1);
    expect(write("trace", "\n")).toBe(1);
    run(machine, "sleep 1ms");
    expect(p.sys.readFile("/sys/kernel/tracing/trace")).toContain("entries-in-buffer/entries-written: 0/0");
    expect(write("set_event", "!sched:sched_switch")).toBeGreaterThan(0);
    expect(p.sys.readFile("/sys/kernel/tracing/events/sched/sched_switch/enable")).toBe("0\n");
    expect(write("set_event", "no_such_event")).toBe(-22);
    expect(write("tracing_on", "perhaps")).toBe(-22);
    write("set_event", "");
    expect(machine.kernel.trace.enabled).toBe(false);
  });

  test("instances are made and removed like directories", () => {
    const p = createMachine().process("root");
    expect(p.sys.mkdir("/sys/kernel/tracing/instances/mine")).toBe(0);
    expect(p.sys.mkdir("/sys/kernel/tracing/instances/mine")).toBe(-17);
    expect(p.sys.mkdir("/sys/kernel/tracing/elsewhere")).toBe(-1);
    expect(p.sys.readdir("/sys/kernel/tracing/instances/mine")).toContain("set_event");
    expect(p.sys.rmdir("/sys/kernel/tracing/instances/mine")).toBe(0);
    expect(p.sys.rmdir("/sys/kernel/tracing/instances/mine")).toBe(-2);
  });
});

describe("dmesg", () => {
  test("a program that is killed in the middle of a kernel leaves Xid 45, one that is killed at rest nothing", () => {
    const machine = createMachine({ gpus: ["a100"] });
    const [resting, working] = [worker(machine, "resting", 1), worker(machine, "working", 1)];
    launch(working, 4e6);
    run(machine, `kill -9 ${resting.process.pid}`);
    expect(run(machine, "dmesg -l err")[1]).toBe("");
    run(machine, `kill -9 ${working.process.pid}`);
    expect(run(machine, "dmesg -l err -t")[1]).toMatch(new RegExp(`^NVRM: Xid \\(PCI:0000:01:00\\): 45, pid=${working.process.pid}, name=working, Ch [0-9a-f]{8}\n$`));
  });

  test("boot, and an illegal address as Xid 31 with process and address", () => {
    const machine = createMachine({ gpus: ["a100"] });
    expect(run(machine, "dmesg")[1]).toBe([
      "[    0.000000] Linux version 6.17.0-glassgpu (glassgpu@glassgpu) #1 SMP PREEMPT_DYNAMIC", "[    0.000000] DMAR: IOMMU enabled", "[    0.000000] iommu: Default domain type: Translated",
      "[    0.000000] NVRM: loading NVIDIA UNIX x86_64 Kernel Module  580.65.06", "[    0.000000] nvidia 0000:01:00.0: enabling device (0000 -> 0002)",
      "[    0.000000] [drm] [nvidia-drm] [GPU ID 0x00000100] Loading driver", "[    0.000000] [drm] Initialized nvidia-drm 0.0.0 for 0000:01:00.0 on minor 0", "",
    ].join("\n"));
    const w = worker(machine, "train", 1);
    w.process.cuda.cuLaunchKernel(w.wild, 1, 1, 1, 1, 1, 1, 0, null, [0x7f1234560000n], null);
    w.process.cuda.cuCtxSynchronize();
    expect(run(machine, "dmesg -l err -t")[1]).toMatch(new RegExp(
      `^NVRM: Xid \\(PCI:0000:01:00\\): 31, pid=${w.process.pid}, name=train, Ch [0-9a-f]{8}, intr 00000000\\. MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_0 faulted @ 0x7f12_34560000\\. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_WRITE\n$`));
  });

  test("a reset of an AMD GPU; losing one", () => {
    const machine = createMachine({ gpus: ["mi250x"] });
    run(machine, "cat /sys/kernel/debug/dri/0/amdgpu_gpu_recover");
    expect(run(machine, "dmesg -t")[1]).toMatch(/amdgpu 0000:01:00\.0: amdgpu: GPU reset begin!\. Source: {2}1\namdgpu 0000:01:00\.0: amdgpu: GPU reset\(1\) succeeded!\n$/);
    const nvidia = createMachine({ gpus: ["a100"] });
    nvidia.process("root").sys.writeFile("/sys/bus/pci/devices/0000:01:00.0/remove", "1");
    expect(run(nvidia, "dmesg -l err -t")[1]).toBe("NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.\nNVRM: GPU 0000:01:00.0: GPU has fallen off the bus.\n");
  });

  test("-x, -T, bad arguments; programs may write", () => {
    const machine = createMachine({ gpus: ["tiny"] });
    machine.process("root").sys.writeFile("/tmp/x", "");
    const p = machine.process("root");
    const fd = p.sys.open("/dev/kmsg", 1);
    expect(p.sys.write(fd, "<12>hello\n")).toBe(10);
    expect(run(machine, "dmesg -x -T -l warn")[1]).toMatch(/^user {2}:warn {2}: \[Thu Jan {2}1 00:00:00 2026\] hello\n$/);
    expect(run(machine, "dmesg -l loud")).toEqual([1, "", "dmesg: unknown level 'loud'\n"]);
    expect(run(machine, "dmesg --colour")).toEqual([1, "", "dmesg: unrecognized option '--colour'\n"]);
  });
});

describe("nvidia-cuda-mps-control", () => {
  test("starts the daemon, passes commands, ends it", () => {
    const machine = createMachine();
    expect(run(machine, "nvidia-cuda-mps-control", "ps\n")).toEqual([1, "", "Cannot find MPS control daemon process\n"]);
    expect(run(machine, "nvidia-cuda-mps-control -d")).toEqual([0, "", ""]);
    expect(run(machine, "nvidia-cuda-mps-control -d")).toEqual([1, "", "An instance of this daemon is already running\n"]);
    const w = worker(machine, "client", 8);
    const [, list] = run(machine, "nvidia-cuda-mps-control", "get_server_list\nget_default_active_thread_percentage\nps\n");
    expect(list).toMatch(new RegExp(`^\\d+\n100\\.0\nPID ID SERVER DEVICE COMMAND\n${w.process.pid} .* client\n$`));
    expect(run(machine, "nvidia-smi")[1]).toMatch(new RegExp(` ${w.process.pid} {4}M\\+C   client `));
    w.process.exit();
    expect(run(machine, "nvidia-cuda-mps-control", "quit\n")).toEqual([0, "", ""]);
    expect(run(machine, "nvidia-cuda-mps-control", "ps\n")[0]).toBe(1);
  });
});
