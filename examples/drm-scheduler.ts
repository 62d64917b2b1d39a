// The DRM scheduler from inside: the loop of the document this project grew from, step by step as two real layers take them; what a job's life looks like in the trace; who is next under three
// policies; and where video memory comes from when there is none (TTM). The loop as the document has it:
//
//   void drm_sched_main(struct work_struct *work) {
//     while (!list_empty(&sched->pending_list)) {
//       struct drm_sched_entity *entity = pick_entity(sched);
//       drm_sched_job_begin(s_fence);
//       drm_sched_job_submit(entity->job);
//       if (time_after(jiffies, entity->slice_end)) drm_sched_preempt(entity);
//     }
//   }
//
// Run: glassgpu run examples/drm-scheduler.ts
import { createMachine, findProfile, out, type SimProcess } from "glassgpu";
import { CU_CTX_SCHED_BLOCKING_SYNC, CUDA_SUCCESS, type CUcontext, type CUdevice, type CUevent, type CUfunction, type CUmodule, type CUstream } from "glassgpu/cuda";
import { drmSchedMain, errnoName, ttmBoAlloc, type Blocking, type BoAllocation } from "glassgpu/kernel";
import { kernelFile } from "./lib/files.ts";
import { cudaCode } from "./lib/names.ts";
import { shell } from "./lib/shell.ts";

const us = (ns: number): string => `${(ns / 1000).toFixed(1)} us`;
function check(code: number): void {
  if (code !== CUDA_SUCCESS) throw new Error(cudaCode(code));
}

/** Opens the GPU, makes a context, loads spin, gives what launches it in a stream: `rounds` long, on all multiprocessors. */
function* setUp(p: SimProcess): Blocking<(stream: CUstream, rounds: number) => Blocking<void>> {
  const cu = p.cuda;
  check(yield* cu.cuInit(0));
  const [device, context, module, spin, memory] = [out<CUdevice>(), out<CUcontext>(), out<CUmodule>(), out<CUfunction>(), out<number>()];
  check(yield* cu.cuDeviceGet(device, 0));
  check(yield* cu.cuCtxCreate(context, null, CU_CTX_SCHED_BLOCKING_SYNC, device.value));
  check(yield* cu.cuModuleLoadData(module, kernelFile("04_scenes.ptx")));
  check(yield* cu.cuModuleGetFunction(spin, module.value, "spin"));
  check(yield* cu.cuMemAlloc(memory, 65536));
  return function* (stream, rounds) {
    check(yield* cu.cuLaunchKernel(spin.value, 108, 1, 1, 4, 1, 1, 0, stream, [memory.value, rounds], null));
  };
}

console.log("-- the loop: two programs with a kernel each, time slices of 100 us");
function loop(): void {
  const machine = createMachine({ timesliceNs: 100e3 });
  const start = 400e6;
  for (const [name, rounds] of [["A", 90_000], ["B", 80_000]] as const) {
    machine.spawn(name, function* (p) {
      const launch = yield* setUp(p);
      const stream = out<CUstream>();
      check(yield* p.cuda.cuStreamCreate(stream, 1));
      yield* p.sleep(start - machine.now);
      yield* launch(stream.value, rounds);
      check(yield* p.cuda.cuStreamSynchronize(stream.value));
    });
  }
  const owner = new Map<string, string>();
  // Whose a fence is says the entity: its context is the number before the colon.
  const entities = new Map<string, string>();
  machine.kernel.trace.on(({ name, fields, comm }) => {
    if (name === "gpu_scheduler:drm_sched_job_queue") entities.set(String(fields["fence"]).split(":")[0]!, comm);
    if (name === "gpu:slice_begin") owner.set(String(fields["fence"]), String(fields["process"]));
  });
  const count = new Map<string, number>();
  for (const { time, step, fence, where, delay } of drmSchedMain(machine.kernel)) {
    if (time < start) continue;
    count.set(step, (count.get(step) ?? 0) + 1);
    const preempted = count.get("preempt") ?? 0;
    if (preempted > 5) continue;
    const whose = owner.get(fence) ?? entities.get(fence.split(":")[0]!) ?? "";
    const note = step === "preempt" ? `the engine goes to ${whose}, ${us(delay)} after that was due` : whose;
    console.log(`  ${us(time - start).padStart(9)}  ${step.padEnd(24)} ${where.padEnd(8)} fence=${fence}  ${note}`.trimEnd());
  }
  console.log(`  and so on: ${count.get("drm_sched_job_begin")} jobs begun, ${count.get("drm_sched_job_done")} done, preempted ${count.get("preempt")} times`);
}
loop();

console.log("\n-- a job's life in the trace: two streams, the second waits for an event of the first");
function life(): void {
  const machine = createMachine();
  const $ = shell(machine);
  const sh = machine.process("sh").sys;
  machine.spawn("program", function* (p) {
    const launch = yield* setUp(p);
    const [first, second, event] = [out<CUstream>(), out<CUstream>(), out<CUevent>()];
    for (const stream of [first, second]) check(yield* p.cuda.cuStreamCreate(stream, 1));
    check(yield* p.cuda.cuEventCreate(event, 2));
    for (const system of ["gpu_scheduler", "dma_fence"]) sh.writeFile(`/sys/kernel/tracing/events/${system}/enable`, "1");
    yield* launch(first.value, 20_000);
    check(yield* p.cuda.cuEventRecord(event.value, first.value));
    check(yield* p.cuda.cuStreamWaitEvent(second.value, event.value, 0));
    yield* launch(second.value, 100);
    check(yield* p.cuda.cuCtxSynchronize());
    sh.writeFile("/sys/kernel/tracing/tracing_on", "0");
  });
  machine.run();
  for (const line of machine.exec("cat", ["/sys/kernel/tracing/trace"]).stdout.split("\n")) {
    const [, task, time, event] = /^ +(\S+)-\d+ .* (\d+\.\d+): (.*)$/.exec(line) ?? [];
    if (event !== undefined) console.log(`  ${task!.padEnd(8)} ${time}: ${event}`);
  }
  $("cat /sys/kernel/debug/dri/0/fence_info");
}
life();

console.log("\n-- who is next: jobs of four programs, submitted in this order: 8 of a, 8 of b (both normal), 8 of L (low), 8 of H (high); the ring has room for two");
function next(policy: "fifo" | "rr" | "fair"): string {
  const machine = createMachine({ gpus: ["tiny"], scheduler: { policy }, trace: true });
  const names = new Map<number, string>();
  for (const [name, priority] of [["a", 2], ["b", 2], ["L", 3], ["H", 1]] as const) {
    const { sys } = machine.process(name);
    const fd = sys.open("/dev/dri/renderD128", 2);
    names.set(names.size + 1, name);
    const vm = { vm: 0 };
    sys.ioctl(fd, "GLASS_VM_CREATE", vm);
    const context = { vm: vm.vm, notifier: 0, label: name, context: 0 };
    sys.ioctl(fd, "GLASS_CONTEXT_CREATE", context);
    const queue = { context: context.context, engine: "copy" as const, order: "out-of-order" as const, priority, level: 0, label: name, queue: 0, timeline: 0 };
    sys.ioctl(fd, "GLASS_EXEC_QUEUE_CREATE", queue);
    const bo = ttmBoAlloc(sys, fd, vm.vm, 8 << 20);
    if (typeof bo === "number") throw new Error(errnoName(-bo));
    const job = { kind: "fill" as const, dst: bo.address, extent: { width: bo.size, height: 1, depth: 1 }, pitch: 0, slicePitch: 0, pattern: Uint8Array.of(1) };
    for (let i = 0; i < 8; i++) sys.ioctl(fd, "GLASS_EXEC", { queue: queue.queue, job, waits: [], propagateErrors: false, userFence: null, timestamps: null, label: name, point: 0 });
  }
  machine.run();
  return machine.trace().flatMap(({ name, fields }) => (name === "gpu_scheduler:drm_sched_job_run" ? [names.get(Number(fields["client_id"])) ?? "?"] : [])).join("");
}
for (const policy of ["fifo", "rr", "fair"] as const) console.log(`  ${policy.padEnd(5)} ${next(policy)}`);

console.log("\n-- memory: 64 MiB of VRAM, 96 MiB of system memory of which the GPU may use 64 MiB directly, 128 MiB of swap");
function memory(): void {
  const small = { ...findProfile("mi250x"), name: "a small one", vramBytes: 64 << 20 };
  const machine = createMachine({ gpus: [small], memoryBytes: 96 << 20, memory: { gttBytes: 64 << 20, swapBytes: 128 << 20 }, trace: true });
  const $ = shell(machine);
  // A program's own objects must fit at once; those of several need not.
  const programs = ["A", "B", "C"].map((name) => {
    const { sys } = machine.process(name);
    const fd = sys.open("/dev/dri/renderD128", 2);
    const vm = { vm: 0 };
    sys.ioctl(fd, "GLASS_VM_CREATE", vm);
    return { name, sys, fd, vm: vm.vm, bos: [] as BoAllocation[] };
  });
  /** Where every object is now, from amdgpu_gem_info. */
  const where = (what: string): void => {
    machine.run();
    const text = machine.exec("cat", ["/sys/kernel/debug/dri/0/amdgpu_gem_info"]).stdout;
    const found = [...text.matchAll(/byte (\S+) +(swapped )?(\w\d)$/gm)].map(([, place, swapped, label]) => `${label} ${swapped === undefined ? place : "swap"}`.padEnd(8));
    console.log(`  ${what.padEnd(46)} ${found.join(" ")}`.trimEnd());
  };
  for (const program of programs) {
    for (const i of [1, 2]) {
      const bo = ttmBoAlloc(program.sys, program.fd, program.vm, 24 << 20, { label: `${program.name}${i}` });
      if (typeof bo === "number") throw new Error(errnoName(-bo));
      program.bos.push(bo);
      program.sys.store32(bo.address, 1000 + i);
    }
    where(`${program.name}: ttm_bo_alloc(24 MiB), twice`);
  }
  const [a, b] = programs as [typeof programs[number], typeof programs[number]];
  b.sys.store32(b.bos[0]!.address + 65536, 77);
  where("B writes a word of B1 by the CPU");
  const context = { vm: a.vm, notifier: 0, label: "A", context: 0 };
  a.sys.ioctl(a.fd, "GLASS_CONTEXT_CREATE", context);
  const queue = { context: context.context, engine: "copy" as const, order: "in-order" as const, priority: 2 as const, level: 0, label: "A", queue: 0, timeline: 0 };
  a.sys.ioctl(a.fd, "GLASS_EXEC_QUEUE_CREATE", queue);
  const job = { kind: "fill" as const, dst: a.bos[1]!.address + 4096, extent: { width: 4096, height: 1, depth: 1 }, pitch: 0, slicePitch: 0, pattern: Uint8Array.of(5) };
  const code = a.sys.ioctl(a.fd, "GLASS_EXEC", { queue: queue.queue, job, waits: [], propagateErrors: false, userFence: null, timestamps: null, label: "fill", point: 0 });
  if (code < 0) throw new Error(errnoName(-code));
  where("A has the GPU write to A2");
  const survived = programs.every(({ sys, bos }) => bos.every(({ address }, i) => sys.load32(address) === 1001 + i));
  where(`all are read by the CPU: ${survived ? "as they were written" : "LOST"}`);
  $("cat /sys/kernel/debug/dri/0/amdgpu_evict_vram");
  where("after that");
  $("cat /sys/kernel/debug/dri/0/amdgpu_gem_info");
  $("cat /sys/kernel/debug/dri/0/amdgpu_ttm_stats", /evictions|swapped|cpuFaults|movedBytes/);
  const kinds = ["SYSTEM", "TT", "VRAM"];
  const moves = machine.trace().filter(({ name }) => name === "amdgpu:amdgpu_bo_move").map(({ fields }) => `${fields["bo"]}: ${kinds[Number(fields["from"])]} to ${kinds[Number(fields["to"])]}`);
  console.log(`  amdgpu:amdgpu_bo_move, the first six of ${moves.length}: ${moves.slice(0, 6).join(", ")}`);
}
memory();
