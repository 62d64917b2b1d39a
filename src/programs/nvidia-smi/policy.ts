import type { Blocking } from "../../kernel/process/wait.ts";
import { nvErrorText } from "../../kernel/sys/nv-uapi.ts";
import { O_CLOEXEC, O_RDWR } from "../../kernel/sys/sys.ts";
import type { IoctlTable } from "../../kernel/sys/uapi.ts";
import type { ProgramContext } from "../program.ts";
import { BAD_COMBINATION, Exit, NO_DEVICES } from "./messages.ts";

/** `nvidia-smi compute-policy`, and resets: what nvidia-smi asks of the control node itself, beside NVML. */

const names = ["default", "short", "medium", "long"];
const title = (word: string): string => `${word[0]!.toUpperCase()}${word.slice(1)}`;

/** GPUs that -i names by number or UUID, with a descriptor of the control node; null: none of that name. */
function* targets(c: ProgramContext, id: string | null): Blocking<{ readonly fd: number; readonly gpus: IoctlTable["NV_GPU_LIST"]["gpus"] } | null> {
  const fd = c.sys.open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
  const arg: IoctlTable["NV_GPU_LIST"] = { gpus: [] };
  c.sys.ioctl(fd, "NV_GPU_LIST", arg);
  const wanted = id?.split(",");
  const gpus = arg.gpus.filter((gpu, i) => wanted === undefined || wanted.includes(String(i)) || wanted.includes(gpu.uuid) || wanted.includes(`0000${gpu.pci}`.toUpperCase()));
  if (gpus.length > 0) return { fd, gpus };
  yield* c.io.out(NO_DEVICES);
  return null;
}

/** `nvidia-smi compute-policy [-i gpus] --list | --set-timeslice=default|short|medium|long|0..3`. */
export function* computePolicy(c: ProgramContext, args: readonly string[]): Blocking<number> {
  const words = args.flatMap((arg) => (arg.startsWith("--") ? arg.split("=") : [arg]));
  let [gpu, timeslice, list]: [string | null, number | null, boolean] = [null, null, false];
  for (let i = 0; i < words.length; i++) {
    if (words[i] === "-i" || words[i] === "--id") gpu = words[++i] ?? "";
    else if (words[i] === "-l" || words[i] === "--list") list = true;
    else if (words[i] === "--set-timeslice") {
      const value = (words[++i] ?? "").toLowerCase();
      timeslice = /^[0-3]$/.test(value) ? Number(value) : names.indexOf(value);
    } else timeslice = -1;
  }
  if (timeslice === -1 || (timeslice === null) === !list) {
    yield* c.io.out(BAD_COMBINATION);
    return Exit.badArgument;
  }
  const found = yield* targets(c, gpu);
  if (found === null) return Exit.notFound;
  if (list) {
    const rows = found.gpus.map(({ minor, timeslice: now }) => `|${String(minor).padStart(4)}   Timeslice    ${title(now).padEnd(11)}|\n`);
    yield* c.io.out(["+-------------------------------+\n", "| GPU compute policies:         |\n", "| GPU     Name         Value    |\n", "|===============================|\n", ...rows, "+-------------------------------+\n"].join(""));
    return Exit.ok;
  }
  for (const { minor, pci } of found.gpus) {
    const result = c.sys.ioctl(found.fd, "NV_SET_TIMESLICE", { gpu: minor, value: timeslice! });
    if (result < 0) {
      yield* c.io.out(`Unable to set compute policy for GPU 0000${pci.toUpperCase()}: ${nvErrorText(result)}\n`);
      return result === -1 ? Exit.noPermission : Exit.failed;
    }
    yield* c.io.out(`Successfully set compute policy Timeslice to ${title(names[timeslice!]!)} on GPU 0000${pci.toUpperCase()}\n`);
  }
  return Exit.ok;
}

/** `nvidia-smi --gpu-reset [-i gpus]`. */
export function* gpuReset(c: ProgramContext, id: string | null): Blocking<number> {
  const found = yield* targets(c, id);
  if (found === null) return Exit.notFound;
  for (const { minor, pci } of found.gpus) {
    const name = `0000${pci.toUpperCase()}`;
    const result = c.sys.ioctl(found.fd, "NV_GPU_RESET", { gpu: minor });
    if (result < 0) {
      yield* c.io.out(result === -16 ? `GPU ${name} is currently in use by another process.\n\n` : `Unable to reset GPU ${name}: ${nvErrorText(result)}\n`);
      return result === -1 ? Exit.noPermission : Exit.failed;
    }
    yield* c.io.out(`GPU ${name} was successfully reset.\n`);
  }
  yield* c.io.out("All done.\n");
  return Exit.ok;
}
