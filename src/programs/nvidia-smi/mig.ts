import { out, type Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as abi from "../../nvml/abi.ts";
import type { nvmlComputeInstance_t, nvmlComputeInstanceInfo_t, nvmlComputeInstanceProfileInfo_t, nvmlDevice_t, nvmlGpuInstance_t, nvmlGpuInstanceInfo_t, nvmlGpuInstancePlacement_t, nvmlGpuInstanceProfileInfo_t, nvmlReturn_t } from "../../nvml/abi.ts";
import type { ProgramContext } from "../program.ts";
import { BAD_COMBINATION, Exit, NO_DEVICES } from "./messages.ts";
import { computeInstanceTable, computeProfileTable, gpuInstanceTable, gpuProfileTable, type ComputeInstanceRow, type ComputeProfileRow, type GpuInstanceRow, type GpuProfileRow } from "./mig-tables.ts";
import { chosenGpus } from "./snapshot.ts";

/** `nvidia-smi mig`: instances. */

const two = (n: number): string => String(n).padStart(2);

interface Gi {
  readonly handle: nvmlGpuInstance_t;
  readonly info: nvmlGpuInstanceInfo_t;
  readonly profile: nvmlGpuInstanceProfileInfo_t;
}

interface Ci {
  readonly handle: nvmlComputeInstance_t;
  readonly info: nvmlComputeInstanceInfo_t;
  readonly profile: nvmlComputeInstanceProfileInfo_t;
}

/** One GPU of the command, as NVML shows it. */
class MigGpuView {
  private readonly nvml: ProgramContext["nvml"];
  readonly handle: nvmlDevice_t;
  readonly index: number;

  constructor(nvml: ProgramContext["nvml"], handle: nvmlDevice_t, index: number) {
    this.nvml = nvml;
    this.handle = handle;
    this.index = index;
  }

  /** GPU instance profiles, smallest first. */
  *profiles(): Blocking<nvmlGpuInstanceProfileInfo_t[]> {
    const found: nvmlGpuInstanceProfileInfo_t[] = [];
    const order = [abi.NVML_GPU_INSTANCE_PROFILE_1_SLICE, abi.NVML_GPU_INSTANCE_PROFILE_1_SLICE_REV1, abi.NVML_GPU_INSTANCE_PROFILE_1_SLICE_REV2, abi.NVML_GPU_INSTANCE_PROFILE_2_SLICE, abi.NVML_GPU_INSTANCE_PROFILE_3_SLICE, abi.NVML_GPU_INSTANCE_PROFILE_4_SLICE, abi.NVML_GPU_INSTANCE_PROFILE_7_SLICE];
    for (const profile of order) {
      const info = out<nvmlGpuInstanceProfileInfo_t>();
      if ((yield* this.nvml.nvmlDeviceGetGpuInstanceProfileInfo(this.handle, profile, info)) === 0) found.push(info.value);
    }
    return found;
  }

  *free(profile: number): Blocking<number> {
    const count = out<number>();
    return (yield* this.nvml.nvmlDeviceGetGpuInstanceRemainingCapacity(this.handle, profile, count)) === 0 ? count.value : 0;
  }

  *placements(profile: number): Blocking<readonly nvmlGpuInstancePlacement_t[]> {
    const list = out<nvmlGpuInstancePlacement_t[]>();
    return (yield* this.nvml.nvmlDeviceGetGpuInstancePossiblePlacements_v2(this.handle, profile, list, out<number>())) === 0 ? list.value : [];
  }

  /** GPU instances by id. @param ids only these; null: all */
  *instances(ids: readonly number[] | null): Blocking<Gi[]> {
    const found: Gi[] = [];
    for (const profile of yield* this.profiles()) {
      const list = out<nvmlGpuInstance_t[]>();
      if ((yield* this.nvml.nvmlDeviceGetGpuInstances(this.handle, profile.id, list, out<number>())) !== 0) continue;
      for (const handle of list.value) {
        const info = out<nvmlGpuInstanceInfo_t>();
        if ((yield* this.nvml.nvmlGpuInstanceGetInfo(handle, info)) === 0) found.push({ handle, info: info.value, profile });
      }
    }
    return found.filter(({ info }) => ids === null || ids.includes(info.id)).toSorted((a, b) => a.info.id - b.info.id);
  }

  *computeProfiles(gi: Gi): Blocking<nvmlComputeInstanceProfileInfo_t[]> {
    const found: nvmlComputeInstanceProfileInfo_t[] = [];
    for (let profile = 0; profile < 5; profile++) {
      const info = out<nvmlComputeInstanceProfileInfo_t>();
      if ((yield* this.nvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi.handle, profile, 0, info)) === 0) found.push(info.value);
    }
    return found;
  }

  *computes(gi: Gi, ids: readonly number[] | null): Blocking<Ci[]> {
    const found: Ci[] = [];
    for (const profile of yield* this.computeProfiles(gi)) {
      const list = out<nvmlComputeInstance_t[]>();
      if ((yield* this.nvml.nvmlGpuInstanceGetComputeInstances(gi.handle, profile.id, list, out<number>())) !== 0) continue;
      for (const handle of list.value) {
        const info = out<nvmlComputeInstanceInfo_t>();
        if ((yield* this.nvml.nvmlComputeInstanceGetInfo_v2(handle, info)) === 0) found.push({ handle, info: info.value, profile });
      }
    }
    return found.filter(({ info }) => ids === null || ids.includes(info.id)).toSorted((a, b) => a.info.id - b.info.id);
  }
}

interface MigOptions {
  command: string | null;
  gpu: string | null;
  gi: readonly number[] | null;
  ci: readonly number[] | null;
  /** Of -cgi and -cci. */
  profiles: readonly string[];
  /** -C: compute instances too. */
  both: boolean;
}

const commands = ["-lgip", "-lgipp", "-lgi", "-lcip", "-lci", "-cgi", "-cci", "-dgi", "-dci"];
const longNames: Readonly<Record<string, string>> = {
  "--list-gpu-instance-profiles": "-lgip", "--list-gpu-instance-possible-placements": "-lgipp", "--list-gpu-instances": "-lgi", "--create-gpu-instance": "-cgi", "--destroy-gpu-instance": "-dgi",
  "--list-compute-instance-profiles": "-lcip", "--list-compute-instances": "-lci", "--create-compute-instance": "-cci", "--destroy-compute-instance": "-dci", "--id": "-i", "--gpu-instance-id": "-gi",
  "--compute-instance-id": "-ci", "--default-compute-instance": "-C",
};

function parse(args: readonly string[]): MigOptions | null {
  const o: MigOptions = { command: null, gpu: null, gi: null, ci: null, profiles: [], both: false };
  const ids = (text: string): readonly number[] | null => (/^\d+(,\d+)*$/.test(text) ? text.split(",").map(Number) : null);
  for (let i = 0; i < args.length; i++) {
    const name = longNames[args[i]!] ?? args[i]!;
    const next = args[i + 1];
    if (commands.includes(name)) {
      if (o.command !== null) return null;
      o.command = name;
      const takes = name === "-cgi" || name === "-cci";
      if (takes && next !== undefined && !next.startsWith("-")) {
        o.profiles = next.split(",").map((word) => word.trim());
        i++;
      } else if (name === "-cgi") return null;
    } else if (name === "-C") o.both = true;
    else if (next !== undefined && name === "-i") o.gpu = args[++i]!;
    else if (next !== undefined && (name === "-gi" || name === "-ci")) {
      const list = ids(args[++i]!);
      if (list === null) return null;
      if (name === "-gi") o.gi = list;
      else o.ci = list;
    } else return null;
  }
  return o.command === null ? null : o;
}

/** What a command has done so far: whether anything failed, and how. */
interface Outcome {
  code: nvmlReturn_t;
}

class MigCommands {
  private readonly c: ProgramContext;
  private readonly o: MigOptions;

  constructor(c: ProgramContext, o: MigOptions) {
    this.c = c;
    this.o = o;
  }

  *lgip(gpus: readonly MigGpuView[]): Blocking<string> {
    const rows: GpuProfileRow[] = [];
    for (const gpu of gpus) for (const profile of yield* gpu.profiles()) rows.push({ gpu: gpu.index, free: yield* gpu.free(profile.id), profile });
    return gpuProfileTable(rows);
  }

  *lgipp(gpus: readonly MigGpuView[]): Blocking<string> {
    let text = "";
    for (const gpu of gpus) {
      for (const { id } of yield* gpu.profiles()) {
        const places = yield* gpu.placements(id);
        text += `GPU ${two(gpu.index)} Profile ID ${two(id)} Placement${places.length === 1 ? " " : "s"}: {${places.map(({ start }) => start).join(",")}}:${places[0]?.size ?? 0}\n`;
      }
    }
    return text;
  }

  *lgi(gpus: readonly MigGpuView[]): Blocking<string | null> {
    const rows: GpuInstanceRow[] = [];
    for (const gpu of gpus) for (const { info, profile } of yield* gpu.instances(this.o.gi)) rows.push({ gpu: gpu.index, name: profile.name, profile: profile.id, id: info.id, ...info.placement });
    return rows.length === 0 ? null : gpuInstanceTable(rows);
  }

  *lcip(gpus: readonly MigGpuView[]): Blocking<string | null> {
    const rows: ComputeProfileRow[] = [];
    for (const gpu of gpus) {
      for (const gi of yield* gpu.instances(this.o.gi)) {
        const profiles = yield* gpu.computeProfiles(gi);
        for (const profile of profiles) {
          const free = out<number>();
          yield* this.c.nvml.nvmlGpuInstanceGetComputeInstanceRemainingCapacity(gi.handle, profile.id, free);
          rows.push({ gpu: gpu.index, gi: gi.info.id, free: free.isSet ? free.value : 0, whole: profile === profiles.at(-1), profile });
        }
      }
    }
    return rows.length === 0 ? null : computeProfileTable(rows);
  }

  *lci(gpus: readonly MigGpuView[]): Blocking<string | null> {
    const rows: ComputeInstanceRow[] = [];
    for (const gpu of gpus) {
      for (const gi of yield* gpu.instances(this.o.gi)) {
        for (const { info, profile } of yield* gpu.computes(gi, this.o.ci)) rows.push({ gpu: gpu.index, gi: gi.info.id, name: profile.name, profile: profile.id, id: info.id, ...info.placement });
      }
    }
    return rows.length === 0 ? null : computeInstanceTable(rows);
  }

  /** What an error is called. */
  private *words(code: nvmlReturn_t): Blocking<string> {
    return yield* this.c.nvml.nvmlErrorString(code);
  }

  *cgi(gpus: readonly MigGpuView[], result: Outcome): Blocking<void> {
    for (const gpu of gpus) {
      const profiles = yield* gpu.profiles();
      for (const wish of this.o.profiles) {
        const [name = "", start] = wish.split(":");
        const profile = profiles.find((p) => String(p.id) === name || p.name === name || p.name === `MIG ${name}`);
        const handle = out<nvmlGpuInstance_t>();
        result.code = profile === undefined ? abi.nvmlReturn_t.NVML_ERROR_INVALID_ARGUMENT : yield* this.create(gpu, profile.id, start, handle);
        if (result.code !== 0) {
          yield* this.c.io.out(`Unable to create a GPU instance on GPU ${two(gpu.index)} using profile ${name}: ${yield* this.words(result.code)}\nFailed to create GPU instances: ${yield* this.words(result.code)}\n`);
          return;
        }
        const info = out<nvmlGpuInstanceInfo_t>();
        yield* this.c.nvml.nvmlGpuInstanceGetInfo(handle.value, info);
        yield* this.c.io.out(`Successfully created GPU instance ID ${two(info.value.id)} on GPU ${two(gpu.index)} using profile ${profile!.name} (ID ${two(profile!.id)})\n`);
        if (!this.o.both) continue;
        yield* this.createCompute(gpu, { handle: handle.value, info: info.value, profile: profile! }, null, result);
        if (result.code !== 0) return;
      }
    }
  }

  private *create(gpu: MigGpuView, profile: number, start: string | undefined, handle: Out<nvmlGpuInstance_t>): Blocking<nvmlReturn_t> {
    if (start === undefined) return yield* this.c.nvml.nvmlDeviceCreateGpuInstance(gpu.handle, profile, handle);
    return yield* this.c.nvml.nvmlDeviceCreateGpuInstanceWithPlacement(gpu.handle, profile, { start: Number(start), size: 0 }, handle);
  }

  /** @param name null: the profile of the whole GPU instance */
  private *createCompute(gpu: MigGpuView, gi: Gi, name: string | null, result: Outcome): Blocking<void> {
    const profiles = yield* gpu.computeProfiles(gi);
    const profile = name === null ? profiles.at(-1) : profiles.find((p) => String(p.id) === name || p.name === name || p.name === `MIG ${name}`);
    const handle = out<nvmlComputeInstance_t>();
    result.code = profile === undefined ? abi.nvmlReturn_t.NVML_ERROR_INVALID_ARGUMENT : yield* this.c.nvml.nvmlGpuInstanceCreateComputeInstance(gi.handle, profile.id, handle);
    const where = `GPU ${two(gpu.index)} GPU instance ID ${two(gi.info.id)} using profile`;
    if (result.code !== 0) {
      const words = yield* this.words(result.code);
      yield* this.c.io.out(`Unable to create a compute instance on ${where} ${name ?? profile?.id ?? ""}: ${words}\nFailed to create compute instances: ${words}\n`);
      return;
    }
    const info = out<nvmlComputeInstanceInfo_t>();
    yield* this.c.nvml.nvmlComputeInstanceGetInfo_v2(handle.value, info);
    yield* this.c.io.out(`Successfully created compute instance ID ${two(info.value.id)} on ${where} ${profile!.name} (ID ${two(profile!.id)})\n`);
  }

  *cci(gpus: readonly MigGpuView[], result: Outcome): Blocking<number> {
    let tried = 0;
    for (const gpu of gpus) {
      for (const gi of yield* gpu.instances(this.o.gi)) {
        for (const name of this.o.profiles.length === 0 ? [null] : this.o.profiles) {
          tried++;
          yield* this.createCompute(gpu, gi, name, result);
          if (result.code !== 0) return tried;
        }
      }
    }
    return tried;
  }

  *dgi(gpus: readonly MigGpuView[], result: Outcome): Blocking<number> {
    let tried = 0;
    for (const gpu of gpus) {
      for (const gi of yield* gpu.instances(this.o.gi)) {
        tried++;
        const code = yield* this.c.nvml.nvmlGpuInstanceDestroy(gi.handle);
        yield* this.destroyed(`GPU instance ID ${two(gi.info.id)} from GPU ${two(gpu.index)}`, code, result);
      }
    }
    if (result.code !== 0) yield* this.c.io.out(`Failed to destroy GPU instances: ${yield* this.words(result.code)}\n`);
    return tried;
  }

  *dci(gpus: readonly MigGpuView[], result: Outcome): Blocking<number> {
    let tried = 0;
    for (const gpu of gpus) {
      for (const gi of yield* gpu.instances(this.o.gi)) {
        for (const ci of yield* gpu.computes(gi, this.o.ci)) {
          tried++;
          const code = yield* this.c.nvml.nvmlComputeInstanceDestroy(ci.handle);
          yield* this.destroyed(`compute instance ID ${two(ci.info.id)} from GPU ${two(gpu.index)} GPU instance ID ${two(gi.info.id)}`, code, result);
        }
      }
    }
    if (result.code !== 0) yield* this.c.io.out(`Failed to destroy compute instances: ${yield* this.words(result.code)}\n`);
    return tried;
  }

  private *destroyed(what: string, code: nvmlReturn_t, result: Outcome): Blocking<void> {
    if (code !== 0) result.code = code;
    yield* this.c.io.out(code === 0 ? `Successfully destroyed ${what}\n` : `Unable to destroy ${what}: ${yield* this.words(code)}\n`);
  }
}

/** GPUs of the command that are partitioned. */
function* partitioned(c: ProgramContext, handles: readonly nvmlDevice_t[]): Blocking<MigGpuView[]> {
  const found: MigGpuView[] = [];
  for (const handle of handles) {
    const mode = out<number>();
    const index = out<number>();
    if ((yield* c.nvml.nvmlDeviceGetMigMode(handle, mode, out<number>())) !== 0 || mode.value !== 1) continue;
    yield* c.nvml.nvmlDeviceGetIndex(handle, index);
    found.push(new MigGpuView(c.nvml, handle, index.value));
  }
  return found;
}

/** `nvidia-smi mig ...`. @returns the exit code */
export function* mig(c: ProgramContext, args: readonly string[]): Blocking<number> {
  const o = parse(args);
  const handles = o === null ? null : yield* chosenGpus(c.nvml, o.gpu);
  if (o === null || handles === null) {
    yield* c.io.out(o === null ? BAD_COMBINATION : NO_DEVICES);
    return o === null ? Exit.badArgument : Exit.notFound;
  }
  const gpus = yield* partitioned(c, handles);
  if (gpus.length === 0) {
    yield* c.io.out("No MIG-enabled devices found.\n");
    return Exit.notFound;
  }
  const run = new MigCommands(c, o);
  const result: Outcome = { code: 0 };
  const lists: Readonly<Record<string, readonly [(g: readonly MigGpuView[]) => Blocking<string | null>, string]>> = {
    "-lgip": [(g) => run.lgip(g), "GPU instance profiles"], "-lgipp": [(g) => run.lgipp(g), "GPU instance profiles"], "-lgi": [(g) => run.lgi(g), "GPU instances"],
    "-lcip": [(g) => run.lcip(g), "GPU instances"], "-lci": [(g) => run.lci(g), "compute instances"],
  };
  const list = lists[o.command!];
  if (list !== undefined) {
    const text = yield* list[0](gpus);
    yield* c.io.out(text ?? `No ${list[1]} found: Not Found\n`);
    return text === null ? Exit.notFound : Exit.ok;
  }
  if (o.command === "-cgi") {
    yield* run.cgi(gpus, result);
    return result.code;
  }
  const [tried, what] = o.command === "-cci" ? [yield* run.cci(gpus, result), "GPU instances"] : o.command === "-dgi" ? [yield* run.dgi(gpus, result), "GPU instances"] : [yield* run.dci(gpus, result), "compute instances"];
  if (tried > 0) return result.code;
  yield* c.io.out(`No ${what} found: Not Found\n`);
  return Exit.notFound;
}
