import type { Host } from "./api/bind.ts";
import { Diagnostics, type Diagnostic } from "./api/diagnostics.ts";
import { Checker } from "./check/checker.ts";
import { parseChecks } from "./check/classes.ts";
import { registerChecker } from "./check/registry.ts";
import type { CheckClass } from "./compiler/abi.ts";
import { deviceThreads } from "./compiler/wasm/threads/pool.ts";
import { LinearStore } from "./gpu/linear.ts";
import { findProfile } from "./gpu/profiles/index.ts";
import { HostProcess, SimProcess } from "./host/host-process.ts";
import { sinkFile, startProgram, textFile, type ProgramHost } from "./host/start-program.ts";
import { DeadlockError } from "./kernel/errors.ts";
import { Signal } from "./kernel/signal/numbers.ts";
import { sendToProcess } from "./kernel/signal/send.ts";
import { programs } from "./programs/index.ts";
import { replayStrategy, seededStrategy, type Strategy } from "./kernel/choices.ts";
import type { EventOrder } from "./kernel/clock.ts";
import type { Costs } from "./kernel/costs.ts";
import type { DrmOptions } from "./kernel/drm/core.ts";
import { modeOfCommandLine, type IommuMode } from "./kernel/iommu/iommu.ts";
import type { PciFunction } from "./kernel/pci/bus.ts";
import { attachGpus, type GpuDevice } from "./kernel/drm/attach.ts";
import type { RecoveryOptions } from "./kernel/drm/recovery/options.ts";
import type { SchedulerOptions } from "./kernel/drm/sched/options.ts";
import type { FaultOptions } from "./kernel/fault/injector.ts";
import { Kernel, type OsPersonality } from "./kernel/machine.ts";
import { mpsControl, startMps } from "./kernel/mps/cli.ts";
import { parsePercentage, parsePinned } from "./kernel/sys/mps-env.ts";
import type { Credentials } from "./kernel/process/cred.ts";
import type { Process } from "./kernel/process/process.ts";
import type { Blocking } from "./kernel/process/wait.ts";
import type { GpuProfile } from "./kernel/sys/uapi.ts";
import type { TtmOptions } from "./kernel/ttm/options.ts";
import type { WddmOptions } from "./kernel/wddm/options.ts";
import type { GraphicsRegistry } from "./kernel/wddm/registry.ts";
import type { TraceEvent } from "./kernel/trace/tracer.ts";
import { setAmbientProcess } from "./host/ambient.ts";

/** How to make a machine. Everything is optional. */
export interface MachineOptions {
  /** Profile names ("a100-pcie-40gb", "h100-sxm-80gb", "mi250x", "tiny") or profiles of your own. Default: one A100 40GB. */
  readonly gpus?: readonly (string | GpuProfile)[];
  /** "linux" (default): DRM. "windows": WDDM; `wddm` and `registry` set it. */
  readonly os?: OsPersonality;
  /** Windows only: scheduling by the GPU's own scheduler, what the driver can do, budgets. */
  readonly wddm?: WddmOptions;
  /** Windows only: values under HKLM\\System\\CurrentControlSet\\Control\\GraphicsDrivers at boot. Default: none, so that the defaults of the TDR keys hold. */
  readonly registry?: Partial<GraphicsRegistry>;
  /** Makes every choice pseudo-random. Without seed, replay or strategy the natural order is taken: first come, first served. */
  readonly seed?: number;
  /** Repeats the decisions of `machine.replay()`. */
  readonly replay?: string;
  /** Decides every choice itself. */
  readonly strategy?: Strategy;
  /** "timed": virtual time orders events. "any": the strategy does. Default "timed". */
  readonly order?: EventOrder;
  /** Replaces numbers of the cost model. */
  readonly costs?: Partial<Costs>;
  /** Record trace events from the start. Default false. */
  readonly trace?: boolean;
  /**
   * How devices reach system memory. `mode`: "strict" (default: unmapped means unreachable at once), "lazy" (until the next flush of at most 256 entries or 10 ms a
   * device may still reach it), "identity" (no translation), "off" (no IOMMU). `commandLine`: words of the kernel's command line instead: iommu=off, iommu=pt, iommu.passthrough=1,
   * iommu.strict=0. `acs`: whether root ports keep their slots apart (default true); without it a GPU's group holds its port too.
   */
  readonly iommu?: IommuMode | { readonly mode?: IommuMode; readonly commandLine?: string; readonly acs?: boolean; readonly functions?: readonly PciFunction[] };
  /** System memory, bytes (nominal). Default 64 GiB. */
  readonly memoryBytes?: number;
  /** How much system memory a GPU may bind, room for swapping, and how much of a GPU's memory the CPU can reach. Default: all, none, all. */
  readonly memory?: TtmOptions;
  /** A kernel of a GPU without a watchdog is killed after this many virtual nanoseconds without an end. Default 10 s. */
  readonly hangLimitNs?: number;
  /**
   * Instructions that the work-groups of one kernel may execute without any of them ending before virtual time runs faster for it, so that an endless loop meets
   * its time limit soon. Raise it for a kernel whose single work-groups compute for seconds. Default 2^30 (2^29 on a GPU with a watchdog).
   */
  readonly hangPatience?: number;
  /** How the software schedulers before the GPUs' engines pick jobs: policy "rr", "fifo" (default) or "fair", and more; see SchedulerOptions. */
  readonly scheduler?: SchedulerOptions;
  /** Where all GPUs can stop a launch for another context, instead of what their profiles say. */
  readonly preemption?: GpuProfile["preemption"];
  /** How long a context has a GPU while another waits, virtual ns, instead of what the profiles say. */
  readonly timesliceNs?: number;
  /**
   * What fails, and when: capabilities of Linux's fault injection (failslab, fail_page_alloc, fail_usercopy, fail_futex, fail_function) and of ours (fail_fd, fail_gpu_alloc, fail_dma,
   * fail_fence, fail_irq, fail_bus), as settings or boot options. Programs change it through /sys/kernel/debug and /proc/<pid>/fail-nth. Default: nothing.
   */
  readonly faults?: FaultOptions;
  /**
   * Checks device code for mistakes as it runs: "bounds", "lifetime" (use after free), "uninitialised", "races", "barriers"; true: all of them. What is found is in
   * `diagnostics()`. Default: none, which costs nothing.
   */
  readonly check?: boolean | readonly CheckClass[];
  /**
   * Threads of the host that run device code, the calling one included, 1 to 8. They share the work-groups of large launches that are proven to be independent of one another. Results, virtual times
   * and traces do not depend on it; where memory cannot be shared with threads (browsers without cross-origin isolation) it is 1. Default 1.
   */
  readonly workers?: number;
  /** What happens when a GPU hangs or is reset; see RecoveryOptions. */
  readonly recovery?: RecoveryOptions;
}

/** The IOMMU's part of the drivers' options. */
function iommuOptions(given: MachineOptions["iommu"]): Pick<DrmOptions, "iommu" | "acs" | "pciFunctions"> {
  const options = typeof given === "string" ? { mode: given } : (given ?? {});
  const mode = options.mode ?? modeOfCommandLine(options.commandLine ?? "");
  return { iommu: mode, acs: options.acs ?? true, pciFunctions: options.functions ?? [] };
}

/** How to start a process. Everything is optional. */
export interface ProcessOptions {
  /** Environment variables, such as CUDA_VISIBLE_DEVICES. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whose rights it has: user, groups, capabilities. Default: root's, as in most containers; `userCredentials(1000)` is a user who may use GPUs. */
  readonly cred?: Credentials;
}

/** How to run a program of the machine. Everything is optional. */
export interface ExecOptions extends ProcessOptions {
  /** What it reads from standard input. Default: nothing. */
  readonly stdin?: string;
  /** After so many virtual nanoseconds it gets SIGINT, as by control-C: for programs that do not end by themselves. Default: never. */
  readonly forNs?: number;
}

/** What a program of the machine left behind. */
export interface Finished {
  readonly pid: number;
  /** Exit code; 128 and the signal's number when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Sets up a new process before its program runs. */
function prepare(process: Process, options: ProcessOptions): Process {
  for (const [key, value] of Object.entries(options.env ?? {})) process.env.set(key, value);
  if (options.cred !== undefined) process.cred = options.cred;
  return process;
}

/**
 * A computer with GPUs in it. It does nothing by itself: it runs when a process calls something, and as long as that call takes.
 */
export class Machine {
  readonly kernel: Kernel;
  private devices: readonly GpuDevice[] = [];
  private readonly store: LinearStore;
  private readonly explained: Diagnostics = new Diagnostics();

  constructor(options: MachineOptions = {}) {
    const given = [options.seed, options.replay, options.strategy].filter((x) => x !== undefined);
    if (given.length > 1) throw new RangeError("createMachine: give one of seed, replay and strategy, not several");
    const strategy = options.strategy ?? (options.replay !== undefined ? replayStrategy(options.replay) : options.seed !== undefined ? seededStrategy(options.seed) : undefined);
    this.store = new LinearStore(options.memoryBytes ?? 64 * 2 ** 30);
    if (options.workers !== undefined) this.store.threads = deviceThreads(options.workers);
    this.kernel = new Kernel(this.store, {
      ...(options.os === undefined ? {} : { os: options.os }),
      ...(strategy === undefined ? {} : { strategy }),
      ...(options.order === undefined ? {} : { order: options.order }),
      ...(options.costs === undefined ? {} : { costs: options.costs }),
      ...(options.trace === undefined ? {} : { trace: options.trace }),
      ...(options.faults === undefined ? {} : { faults: options.faults }),
    });
    const profiles = (options.gpus ?? ["a100-pcie-40gb"]).map((gpu) => (typeof gpu === "string" ? findProfile(gpu) : gpu));
    const { preemption, timesliceNs } = options;
    const engines = { ...(preemption === undefined ? {} : { preemption }), ...(timesliceNs === undefined ? {} : { timesliceNs }) };
    const attach = (): readonly GpuDevice[] => attachGpus(this.kernel, this.store, profiles.map((profile) => ({ ...profile, ...engines })), {
      ...(options.scheduler === undefined ? {} : { scheduler: options.scheduler }),
      ...(options.recovery === undefined ? {} : { recovery: options.recovery }),
      hangLimitNs: options.hangLimitNs ?? 10e9,
      ...(options.memory === undefined ? {} : { memory: options.memory }),
      ...iommuOptions(options.iommu),
      ...(options.hangPatience === undefined ? {} : { hangPatience: options.hangPatience }),
      wddm: { ...options.wddm, ...(options.registry === undefined ? {} : { registry: options.registry }) },
    });
    this.kernel.atBoot(() => {
      this.devices = attach();
    });
    const classes = parseChecks(options.check ?? false);
    if (classes.size > 0) {
      const checker = new Checker(classes, this.store, this.explained, () => this.kernel.clock.now);
      this.store.watcher = checker;
      registerChecker(this.explained, checker);
      this.kernel.onExit.push((process) => checker.exited(process.pid));
    }
    // Options that could be wrong are looked at now, not when somebody first opens a file.
    const { scheduler, recovery, memory, iommu, wddm, registry } = options;
    if ([scheduler, recovery, memory, iommu, wddm, registry].some((option) => option !== undefined)) void this.kernel.subsystems;
  }

  /** The GPUs. */
  get gpus(): readonly GpuDevice[] {
    void this.kernel.subsystems;
    return this.devices;
  }

  /** What processes of this machine are made with: for tools that start programs with files of their own. */
  get host(): ProgramHost {
    return { kernel: this.kernel, diagnostics: this.explained, startMps: (options) => this.startMps(options) };
  }

  /** Virtual nanoseconds since the machine was made. */
  get now(): number {
    return this.kernel.clock.now;
  }

  /** Makes a process that plain calls drive. */
  process(name: string, options: ProcessOptions = {}): HostProcess {
    return new HostProcess(this.hostOf(prepare(this.kernel.createProcess(name, null), options)));
  }

  /**
   * Starts a simulated program: a generator whose API calls are `yield*`ed. It runs when the machine runs (`run()`, or while another
   * process waits).
   */
  spawn(name: string, program: (p: SimProcess) => Blocking<unknown>, options: ProcessOptions = {}): SimProcess {
    let seen: SimProcess | undefined;
    const process = prepare(this.kernel.createProcess(name, (self) => program((seen = new SimProcess(this.hostOf(self))))), options);
    return seen ?? new SimProcess(this.hostOf(process));
  }

  /**
   * Starts the MPS control daemon (nvidia-cuda-mps-control -d): CUDA programs that start from now on share a server's contexts.
   * @param options.env its environment: CUDA_MPS_PIPE_DIRECTORY, CUDA_MPS_ACTIVE_THREAD_PERCENTAGE, CUDA_MPS_PINNED_DEVICE_MEM_LIMIT
   * @param options.multiUser programs of all users share one server (-multiuser-server)
   * @returns its pid
   * @throws MpsError when another listens in that directory, or the machine cannot have one
   */
  startMps(options: { readonly env?: Readonly<Record<string, string>>; readonly multiUser?: boolean } = {}): number {
    const { env = {}, multiUser } = options;
    const [directory, percentage, pinned] = [env["CUDA_MPS_PIPE_DIRECTORY"], parsePercentage(env["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"]), parsePinned(env["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"])];
    const gpus = this.gpus.flatMap(({ gpu: { profile } }) => (profile.vendor === "nvidia" ? [profile] : []));
    return startMps(this.kernel, gpus, {
      ...(directory === undefined ? {} : { directory }),
      ...(percentage === null ? {} : { percentage }),
      ...(pinned === null ? {} : { pinned }),
      ...(multiUser === undefined ? {} : { multiUser }),
    });
  }

  /** A command to that daemon, as `echo command | nvidia-cuda-mps-control`. @param env CUDA_MPS_PIPE_DIRECTORY @returns what it prints */
  mpsControl(command: string, env: Readonly<Record<string, string>> = {}): string {
    return mpsControl(this.kernel, command, env["CUDA_MPS_PIPE_DIRECTORY"]);
  }

  /**
   * Runs one of the machine's own programs (nvidia-smi, rocminfo, cat ...) as a process, until it has ended; everything else in the machine goes on meanwhile.
   * `machine.exec("nvidia-smi", ["-L"]).stdout`
   * @throws RangeError when there is no such program; DeadlockError when it waits for what can never happen
   */
  exec(name: string, args: readonly string[] = [], options: ExecOptions = {}): Finished {
    const program = programs.get(name);
    if (program === undefined) throw new RangeError(`the machine has no program "${name}"; it has ${[...programs.keys()].join(", ")}`);
    const { kernel } = this;
    const { env, cred, stdin, forNs } = options;
    let [stdout, stderr] = ["", ""];
    const process = startProgram(this.host, name, program, args, {
      ...(env === undefined ? {} : { env }), ...(cred === undefined ? {} : { cred }),
      files: [textFile(stdin ?? ""), sinkFile((text) => (stdout += text)), sinkFile((text) => (stderr += text))],
    });
    if (forNs !== undefined) {
      kernel.events.at(kernel.clock.now + forNs, () => {
        if (process.exit === null) sendToProcess(kernel, process, { signo: Signal.SIGINT, pid: 0, uid: 0, status: 0 });
      }, "control-C", true);
    }
    while (process.exit === null) if (!kernel.events.runNext()) throw new DeadlockError(kernel.scheduler.stuck());
    kernel.restoreViews();
    const { code, signal } = process.exit;
    if (process.failure !== null) throw process.failure;
    return { pid: process.pid, code: signal === 0 ? code : 128 + signal, stdout, stderr };
  }

  /** Runs until no simulated program and no device has anything left to do. */
  run(): void {
    this.kernel.runUntilIdle();
  }

  /** Makes `process` the one that the functions of "glassgpu/cuda", "glassgpu/opencl" ... act on. */
  use(process: HostProcess): void {
    setAmbientProcess(process);
  }

  /** The decisions so far, for `createMachine({ replay })`. */
  replay(): string {
    return this.kernel.choices.replay();
  }

  /** Errors explained, oldest first (at most 10,000). */
  diagnostics(): readonly Diagnostic[] {
    return this.explained.all();
  }

  /** The newest explained error, or null. */
  lastDiagnostic(): Diagnostic | null {
    return this.explained.last();
  }

  /** Calls `listener` for each new diagnostic; the result ends that. */
  onDiagnostic(listener: (diagnostic: Diagnostic) => void): () => void {
    return this.explained.on(listener);
  }

  /** Recorded trace events; empty unless tracing is on (option `trace`, or `machine.kernel.trace.enabled = true`). */
  trace(): readonly TraceEvent[] {
    return this.kernel.trace.events();
  }

  /** Checks every subsystem. Throws EmulatorBug when something is in disorder. */
  checkInvariants(): void {
    this.kernel.checkInvariants();
  }

  /** Live kernel objects by subsystem and kind. */
  objectCounts(): Readonly<Record<string, Readonly<Record<string, number>>>> {
    return this.kernel.objectCounts();
  }

  /** Ends every process and gives the memory back. The machine is of no use afterwards. Does nothing to a machine that others use too (the shell's). */
  dispose(): void {
    if (this === shared) return;
    for (const process of [...this.kernel.processes.values()]) this.kernel.kill(process);
    this.store.dispose();
  }

  /**
   * Makes the machine new again, with another strategy: for tools that run one program under thousands of schedules. Whoever holds something of the earlier run must not use it any more.
   * @returns false: the machine was used in a way that cannot be undone cheaply (files, GPUs, tracing); dispose of it
   */
  restart(strategy: Strategy): boolean {
    if (!this.kernel.restart(strategy) || !this.store.restart()) return false;
    this.explained.restart();
    return true;
  }

  private hostOf(process: Process): Host {
    return { kernel: this.kernel, process, diagnostics: this.explained };
  }
}

let shared: Machine | null = null;

/** From now on createMachine gives this machine (null: new ones again). For tools that run several host programs on one machine. */
export function shareMachine(machine: Machine | null): void {
  shared = machine;
}

let defaults: MachineOptions = {};
let onMachine: ((machine: Machine) => void) | null = null;

/**
 * Sets what createMachine takes where its caller says nothing, and who is told of each new machine. For tools that run other people's programs.
 */
export function configureMachines(options: MachineOptions, made: ((machine: Machine) => void) | null): void {
  defaults = options;
  onMachine = made;
}

/** Makes a machine: see MachineOptions. */
export function createMachine(options: MachineOptions = {}): Machine {
  if (shared !== null) return shared;
  // A caller that says how choices are made replaces the default of another kind.
  const { seed: _seed, replay: _replay, strategy: _strategy, ...rest } = defaults;
  const chosen = options.seed ?? options.replay ?? options.strategy;
  const machine = new Machine({ ...(chosen === undefined ? defaults : rest), ...options });
  onMachine?.(machine);
  return machine;
}
