import { describe, expect, test } from "vitest";
import { createMachine, out, type HostProcess, type Machine } from "../../../src/index.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import { userCredentials } from "../../../src/kernel/process/cred.ts";
import type { NvIoctlTable } from "../../../src/kernel/sys/nv-uapi.ts";
import type { CUcontext, CUfunction, CUmodule } from "../../../src/cuda/entry/cuda.ts";

const PTX = `
.version 8.0
.target sm_75
.address_size 64
.visible .entry bad() {
  .reg .b64 %rd<2>;
  .reg .b32 %r<2>;
  mov.u64 %rd1, 64;
  mov.u32 %r1, 1;
  st.global.u32 [%rd1], %r1;
  ret;
}
.visible .entry good() { ret; }`;

const CODE = { ok: 0, oom: 2, illegal: 700, connection: 805, rpc: 806, notReady: 807, clients: 808, connections: 809, terminated: 810 } as const;

/** A CUDA program with a context; the code of cuInit when that fails. */
function program(machine: Machine, env: Readonly<Record<string, string>> = {}, uid: number | null = null): { p: HostProcess; code: number } {
  const p = machine.process("client", { env });
  if (uid !== null) machine.kernel.processes.get(p.pid)!.cred = userCredentials(uid);
  const code = p.cuda.cuInit(0);
  if (code === 0) expect(p.cuda.cuCtxCreate(out<CUcontext>(), null, 0, 0)).toBe(0);
  return { p, code };
}

function run(p: HostProcess, kernel: "good" | "bad"): number {
  const [module, fn] = [out<CUmodule>(), out<CUfunction>()];
  const load = p.cuda.cuModuleLoadData(module, PTX);
  if (load !== 0) return load;
  p.cuda.cuModuleGetFunction(fn, module.value, kernel);
  p.cuda.cuLaunchKernel(fn.value, 1, 1, 1, 32, 1, 1, 0, 0, [], null);
  return p.cuda.cuCtxSynchronize();
}

const small = (): Machine => createMachine({ gpus: ["tiny"], costs: { contextCreate: 0 } });

describe("daemon", () => {
  test("processes come and go: daemon, server, clients", () => {
    const machine = small();
    const daemon = machine.startMps();
    expect(machine.kernel.processes.get(daemon)!.name).toBe("nvidia-cuda-mps-control");
    expect(machine.mpsControl("get_server_list")).toBe("");
    const { p, code } = program(machine);
    expect(code).toBe(CODE.ok);
    const server = machine.mpsControl("get_server_list");
    expect(machine.kernel.processes.get(Number(server))!.name).toBe("nvidia-cuda-mps-server");
    expect(machine.mpsControl(`get_client_list ${server}`)).toBe(String(p.pid));
    expect(machine.mpsControl("get_device_client_list 0")).toBe(String(p.pid));
    expect(machine.mpsControl("get_device_client_list 1")).toBe("");
    expect(machine.mpsControl("ps").split("\n")).toEqual(["PID ID SERVER DEVICE COMMAND", `${p.pid} ${p.pid} ${server} 0 client`]);
    expect(machine.mpsControl(`get_server_status ${server}`)).toBe("ACTIVE");
    p.exit();
    expect(machine.mpsControl(`get_client_list ${server}`)).toBe("");
    expect(machine.mpsControl("quit")).toBe("");
    expect(machine.kernel.processes.has(Number(server))).toBe(false);
    expect(machine.mpsControl("get_server_list")).toBe("Cannot find MPS control daemon process");
    // Without a daemon programs work alone.
    expect(program(machine).code).toBe(CODE.ok);
    machine.checkInvariants();
  });

  test("a second daemon in the same directory is refused, in another it is not", () => {
    const machine = small();
    machine.startMps();
    expect(() => machine.startMps()).toThrow("already running");
    machine.startMps({ env: { CUDA_MPS_PIPE_DIRECTORY: "/tmp/other" } });
    const { p } = program(machine, { CUDA_MPS_PIPE_DIRECTORY: "/tmp/other" });
    expect(machine.mpsControl("get_server_list")).toBe("");
    const server = machine.mpsControl("get_server_list", { CUDA_MPS_PIPE_DIRECTORY: "/tmp/other" });
    expect(machine.mpsControl(`get_client_list ${server}`, { CUDA_MPS_PIPE_DIRECTORY: "/tmp/other" })).toBe(String(p.pid));
  });

  test("there is none on Windows, nor without an NVIDIA GPU", () => {
    expect(() => createMachine({ gpus: ["mi250x"] }).startMps()).toThrow("NVIDIA GPU");
    expect(() => createMachine({ gpus: ["tiny"], os: "windows" }).startMps()).toThrow("Linux");
  });

  test("settings: percentages, memory, priority, and what is wrong with them", () => {
    const machine = small();
    machine.startMps({ env: { CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: "80", CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: "0=1G" } });
    const ask = (command: string): string => machine.mpsControl(command);
    expect(ask("get_default_active_thread_percentage")).toBe("80.0");
    expect(ask("get_default_device_pinned_mem_limit 0")).toBe("1024M");
    expect(ask("set_default_active_thread_percentage 50")).toBe("50.0");
    expect(ask("set_default_device_pinned_mem_limit 0 512M")).toBe("512M");
    for (const bad of ["0", "101", "x", ""]) expect(ask(`set_default_active_thread_percentage ${bad}`)).toContain("Invalid percentage");
    expect(ask("set_default_device_pinned_mem_limit 7 1G")).toContain("not found");
    expect(ask("set_default_device_pinned_mem_limit 0 lots")).toContain("Invalid memory limit");
    expect(ask("set_default_client_priority 1")).toBe("");
    expect(ask("get_default_client_priority")).toBe("1");
    expect(ask("set_default_client_priority 2")).toContain("Invalid priority");
    expect(ask("start_server -uid 0")).toBe("");
    expect(ask("start_server -uid")).toContain("Usage");
    const server = ask("get_server_list");
    expect(ask(`set_active_thread_percentage ${server} 25`)).toBe("25.0");
    expect(ask(`get_active_thread_percentage ${server}`)).toBe("25.0");
    expect(ask(`set_device_pinned_mem_limit ${server} 0 256M`)).toBe("256M");
    expect(ask(`get_device_pinned_mem_limit ${server} 0`)).toBe("256M");
    for (const command of ["get_client_list", "get_server_status", "set_active_thread_percentage", "terminate_client", "shutdown_server"]) expect(ask(`${command} 1`)).toContain("not found");
    expect(ask("dance")).toBe("Unknown command: dance");
    expect(ask("toString")).toBe("Unknown command: toString");
  });

  test("quit waits for clients, or not; new ones are not taken meanwhile", () => {
    const machine = small();
    machine.startMps();
    const { p } = program(machine);
    machine.mpsControl("quit");
    expect(machine.mpsControl("ps")).toContain("client");
    expect(program(machine).code).toBe(CODE.connection);
    p.exit();
    expect(machine.mpsControl("ps")).toContain("Cannot find");
    machine.startMps();
    const second = program(machine).p;
    machine.mpsControl("quit -f");
    expect(second.cuda.cuCtxSynchronize()).toBe(CODE.rpc);
    machine.startMps();
    const third = program(machine).p;
    machine.mpsControl("quit -t 2");
    expect(third.cuda.cuCtxSynchronize()).toBe(0);
    machine.run();
    expect(third.cuda.cuCtxSynchronize()).toBe(CODE.rpc);
  });
});

describe("CUDA's error codes", () => {
  test("805: a pipe that nobody listens to", () => {
    const machine = small();
    const daemon = machine.startMps();
    machine.kernel.kill(machine.kernel.processes.get(daemon)!);
    expect(program(machine).code).toBe(CODE.connection);
    const { p } = program(machine, { CUDA_MPS_PIPE_DIRECTORY: "/nowhere" });
    expect(run(p, "good")).toBe(0);
  });

  test("806: the server is killed under its clients", () => {
    const machine = small();
    machine.startMps();
    const { p } = program(machine);
    machine.kernel.kill(machine.kernel.processes.get(Number(machine.mpsControl("get_server_list")))!);
    expect(p.cuda.cuCtxSynchronize()).toBe(CODE.rpc);
    expect(p.cuda.cuMemAlloc(out<number>(), 64)).toBe(CODE.rpc);
    // The daemon starts another for the next.
    expect(run(program(machine).p, "good")).toBe(0);
  });

  test("807: the server works for another user; and not any more when that one has gone", () => {
    const machine = small();
    machine.startMps();
    const { p } = program(machine, {}, 1000);
    expect(program(machine, {}, 1001).code).toBe(CODE.notReady);
    expect(program(machine, {}, 1000).code).toBe(0);
    p.exit();
    for (const process of machine.kernel.processes.values()) if (process.name === "client") process.terminate({ code: 0, signal: 0 });
    expect(program(machine, {}, 1001).code).toBe(0);
    const shared = small();
    shared.startMps({ multiUser: true });
    expect([program(shared, {}, 1000).code, program(shared, {}, 1001).code]).toEqual([0, 0]);
  });

  test("808: one client more than 48; 60 on the newest GPUs", () => {
    const fill = (gpu: string): number => {
      const machine = createMachine({ gpus: [gpu], costs: { contextCreate: 0 } });
      machine.startMps();
      for (let n = 0; ; n++) {
        const p = machine.process("client");
        const code = p.cuda.cuInit(0);
        if (code === 0) continue;
        expect(code).toBe(CODE.clients);
        return n;
      }
    };
    expect([fill("tiny"), fill("h100")]).toEqual([48, 60]);
  });

  test("809: more connections than the server has", () => {
    const machine = small();
    machine.startMps();
    const codes = Array.from({ length: 17 }, () => machine.process("client", { env: { CUDA_DEVICE_MAX_CONNECTIONS: "32" } }).cuda.cuInit(0));
    expect(codes).toEqual([...Array<number>(16).fill(0), CODE.connections]);
  });

  test("810: terminated by the administrator, and only that one", () => {
    const machine = small();
    machine.startMps();
    const [a, b] = [program(machine).p, program(machine).p];
    const server = machine.mpsControl("get_server_list");
    expect(machine.mpsControl(`terminate_client ${server} ${a.pid}`)).toBe("");
    expect(a.cuda.cuCtxSynchronize()).toBe(CODE.terminated);
    expect(a.cuda.cuMemAlloc(out<number>(), 64)).toBe(CODE.terminated);
    expect(run(b, "good")).toBe(0);
    expect(machine.mpsControl(`terminate_client ${server} 1`)).toContain("not found");
    machine.checkInvariants();
  });

  test("a fatal fault ends all clients with the same error, names nobody, and keeps new ones out until all are gone", () => {
    const machine = small();
    machine.startMps();
    const [a, b] = [program(machine).p, program(machine).p];
    const server = machine.mpsControl("get_server_list");
    expect(run(a, "bad")).toBe(CODE.illegal);
    expect(machine.mpsControl(`get_server_status ${server}`)).toBe("FAULT");
    expect(b.cuda.cuCtxSynchronize()).toBe(CODE.illegal);
    const told = machine.diagnostics().filter((d) => d.kind === "fault" && d.pid === b.pid);
    expect(told).toHaveLength(1);
    expect(`${told[0]!.message} ${JSON.stringify(told[0]!.values)}`).not.toMatch(/bad|0x40|"64"/);
    expect(program(machine).code).toBe(CODE.notReady);
    a.exit();
    expect(program(machine).code).toBe(CODE.notReady);
    b.exit();
    const next = program(machine);
    expect(next.code).toBe(0);
    expect(run(next.p, "good")).toBe(0);
    expect(machine.mpsControl(`get_server_status ${server}`)).toBe("ACTIVE");
    machine.checkInvariants();
  });

  test("clients of another GPU notice nothing", () => {
    const machine = createMachine({ gpus: ["tiny", "tiny"], costs: { contextCreate: 0 } });
    machine.startMps();
    const [a, b] = [program(machine, { CUDA_VISIBLE_DEVICES: "0" }).p, program(machine, { CUDA_VISIBLE_DEVICES: "1" }).p];
    expect(run(a, "bad")).toBe(CODE.illegal);
    expect(run(b, "good")).toBe(0);
    expect(program(machine, { CUDA_VISIBLE_DEVICES: "1" }).code).toBe(0);
    expect(program(machine, { CUDA_VISIBLE_DEVICES: "0" }).code).toBe(CODE.notReady);
  });

  test("on a MIG instance: its clients share a fate, those of the next instance do not", () => {
    const machine = createMachine({ gpus: ["a100-sxm4-40gb"], costs: { contextCreate: 0 } });
    const { sys } = machine.process("nvidia-smi");
    const [control, capability] = [sys.open("/dev/nvidiactl", 2), sys.open("/dev/nvidia-caps/nvidia-cap1", 0)];
    sys.ioctl(control, "NV_MIG_SET_MODE", { gpu: 0, enable: true, capability, state: "set" });
    for (const profile of [14, 14]) {
      const made = { gpu: 0, profile, start: null, capability, gi: 0 };
      sys.ioctl(control, "NV_MIG_GI_CREATE", made);
      sys.ioctl(control, "NV_MIG_CI_CREATE", { gpu: 0, gi: made.gi, profile: null, capability, ci: 0, created: 0 });
    }
    const list: NvIoctlTable["NV_MIG_INSTANCES"] = { gpu: 0, instances: [] };
    sys.ioctl(control, "NV_MIG_INSTANCES", list);
    const [one, two] = list.instances.map((gi) => gi.compute[0]!.uuid) as [string, string];
    machine.startMps();
    const on = (uuid: string, percentage = "100"): { p: HostProcess; code: number } => program(machine, { CUDA_VISIBLE_DEVICES: uuid, CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: percentage });
    const [a, b, c] = [on(one).p, on(one, "50").p, on(two).p];
    const box = out<number>();
    b.cuda.cuDeviceGetAttribute(box, 16, 0);
    expect(box.value).toBe(14);
    expect(run(a, "bad")).toBe(CODE.illegal);
    expect(b.cuda.cuCtxSynchronize()).toBe(CODE.illegal);
    expect(run(c, "good")).toBe(0);
    expect([on(one).code, on(two).code]).toEqual([CODE.notReady, 0]);
    machine.checkInvariants();
  });

  test("the runtime answers the same codes", () => {
    const machine = small();
    const daemon = machine.startMps();
    machine.kernel.kill(machine.kernel.processes.get(daemon)!);
    expect(machine.process("client").cudart.cudaFree(0)).toBe(CODE.connection);
  });

  test("without MPS a fault is one process's own business", () => {
    const machine = small();
    const [a, b] = [program(machine).p, program(machine).p];
    expect(run(a, "bad")).toBe(CODE.illegal);
    expect(run(b, "good")).toBe(0);
  });
});

describe("limits", () => {
  const sms = (p: HostProcess): number => {
    const box = out<number>();
    p.cuda.cuDeviceGetAttribute(box, 16, 0);
    return box.value;
  };

  test("a share of the multiprocessors: what the client asks for, never more than the daemon gives", () => {
    const machine = createMachine({ gpus: ["a100"], costs: { contextCreate: 0 } });
    machine.startMps();
    const client = (percentage?: string): number => sms(program(machine, percentage === undefined ? {} : { CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: percentage }).p);
    expect([client(), client("50"), client("0.1"), client("200")]).toEqual([108, 54, 1, 108]);
    machine.mpsControl("set_default_active_thread_percentage 25");
    expect([client(), client("50"), client("10")]).toEqual([27, 27, 10]);
    machine.mpsControl(`set_active_thread_percentage ${machine.mpsControl("get_server_list")} 75`);
    expect(client()).toBe(81);
  });

  test("device memory: out of memory at the limit, as if the GPU were that small", () => {
    const machine = createMachine({ gpus: ["a100"], costs: { contextCreate: 0 } });
    machine.startMps({ env: { CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: "0=2G" } });
    const { p } = program(machine, { CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: "0=1G" });
    const box = out<number>();
    expect(p.cuda.cuMemAlloc(box, 2 ** 30 + 2 ** 21)).toBe(CODE.oom);
    expect(p.cuda.cuMemAlloc(box, 2 ** 29)).toBe(0);
    expect(p.cuda.cuMemAlloc(out<number>(), 2 ** 29 + 2 ** 22)).toBe(CODE.oom);
    const [free, total] = [out<number>(), out<number>()];
    p.cuda.cuMemGetInfo(free, total);
    expect(free.value).toBeLessThanOrEqual(2 ** 29);
    expect(p.cuda.cuMemFree(box.value)).toBe(0);
    expect(p.cuda.cuMemAlloc(box, 2 ** 30 - 2 ** 24)).toBe(0);
    // Another client has its own account; nobody gets more than the daemon's limit.
    const other = program(machine, { CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: "0=8G" }).p;
    expect(other.cuda.cuMemAlloc(box, 3 * 2 ** 30)).toBe(CODE.oom);
    expect(other.cuda.cuMemAlloc(box, 2 ** 30)).toBe(0);
  });
});

describe("requests on the pipe and the node", () => {
  test("each broken rule", () => {
    const machine = small();
    const p = machine.process("raw");
    const { sys } = p;
    expect(sys.open("/tmp/nvidia-mps/control", 2)).toBe(-Errno.ENOENT);
    const daemon = machine.startMps();
    const pipe = sys.open("/tmp/nvidia-mps/control", 2);
    const connect: NvIoctlTable["NV_MPS_CONNECT"] = { percentage: null, pinned: null, connections: 2, priority: null, server: 0 };
    const state = { error: 0 };
    expect(sys.ioctl(pipe, "GLASS_VM_CREATE", { vm: 0 })).toBe(-Errno.ENOTTY);
    expect(sys.ioctl(pipe, "NV_MPS_STATE", null as never)).toBe(-Errno.EFAULT);
    sys.ioctl(pipe, "NV_MPS_STATE", state);
    expect(state.error).toBe(-Errno.ENOTCONN);
    const gpu = sys.open("/dev/dri/renderD128", 2);
    expect(sys.ioctl(gpu, "GLASS_MPS_ATTACH", { connection: 99 })).toBe(-Errno.EBADF);
    expect(sys.ioctl(gpu, "GLASS_MPS_ATTACH", { connection: gpu })).toBe(-Errno.EINVAL);
    expect(sys.ioctl(gpu, "GLASS_MPS_ATTACH", { connection: pipe })).toBe(-Errno.ENOTCONN);
    expect(sys.ioctl(pipe, "NV_MPS_CONNECT", connect)).toBe(0);
    expect(connect.server).toBe(Number(machine.mpsControl("get_server_list")));
    expect(sys.ioctl(pipe, "NV_MPS_CONNECT", connect)).toBe(-Errno.EALREADY);
    expect(sys.ioctl(gpu, "GLASS_MPS_ATTACH", { connection: pipe })).toBe(0);
    expect(sys.ioctl(gpu, "GLASS_MPS_ATTACH", { connection: pipe })).toBe(-Errno.EBUSY);
    const used = sys.open("/dev/dri/renderD128", 2);
    sys.ioctl(used, "GLASS_VM_CREATE", { vm: 0 });
    expect(sys.ioctl(used, "GLASS_MPS_ATTACH", { connection: pipe })).toBe(-Errno.EBUSY);
    sys.ioctl(pipe, "NV_MPS_STATE", state);
    expect(state.error).toBe(0);
    machine.mpsControl(`terminate_client ${connect.server} ${p.pid}`);
    sys.ioctl(pipe, "NV_MPS_STATE", state);
    expect(state.error).toBe(-Errno.ESHUTDOWN);
    machine.kernel.kill(machine.kernel.processes.get(daemon)!);
    expect(sys.ioctl(pipe, "NV_MPS_COMMAND", { command: "ps", reply: "" })).toBe(-Errno.EPIPE);
    expect(sys.open("/tmp/nvidia-mps/control", 2)).toBe(-Errno.ECONNREFUSED);
    p.exit();
    machine.checkInvariants();
  });
});
