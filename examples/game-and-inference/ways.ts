import type { Machine } from "glassgpu";
import { CL_QUEUE_PRIORITY_HIGH_KHR, CL_QUEUE_PRIORITY_MED_KHR } from "glassgpu/opencl";

/** A way to share the GPU: what the administrator types, and what the programs ask for. */
export interface Way {
  readonly name: string;
  /** Commands of the machine that are run before. */
  readonly commands?: readonly string[];
  readonly without?: "game" | "inference";
  /** Priority of the game's stream (CUDA), or of its queue (OpenCL). */
  readonly stream?: number;
  readonly queue?: number;
  /** MIG instances for the game and for the server: what `nvidia-smi -L` calls them. */
  readonly mig?: readonly [string, string];
  /** Environments of game and server. */
  readonly env?: readonly [Readonly<Record<string, string>>, Readonly<Record<string, string>>];
}

const none = {};
const mps = ["nvidia-cuda-mps-control -d"];

export const ways: readonly Way[] = [
  { name: "game alone", without: "inference" },
  { name: "OpenCL game alone", without: "inference", queue: CL_QUEUE_PRIORITY_MED_KHR },
  { name: "inference alone", without: "game" },
  { name: "nothing: turns of 2 ms" },
  { name: "turns of 16 ms", commands: ["nvidia-smi compute-policy --set-timeslice=3"] },
  { name: "stream priority -1", stream: -1 },
  { name: "OpenCL, nothing", queue: CL_QUEUE_PRIORITY_MED_KHR },
  { name: "CL_QUEUE_PRIORITY_HIGH_KHR", queue: CL_QUEUE_PRIORITY_HIGH_KHR },
  { name: "MIG 3g.20gb and 4g.20gb", commands: ["nvidia-smi -mig 1", "nvidia-smi mig -cgi 3g.20gb,4g.20gb -C"], mig: ["3g.20gb", "4g.20gb"] },
  { name: "MIG 2g.10gb and 4g.20gb", commands: ["nvidia-smi -mig 1", "nvidia-smi mig -cgi 2g.10gb,4g.20gb -C"], mig: ["2g.10gb", "4g.20gb"] },
  { name: "MPS", commands: mps },
  { name: "MPS, server below normal", commands: mps, env: [none, { CUDA_MPS_CLIENT_PRIORITY: "1" }] },
  { name: "MPS, 40 % and 60 %", commands: mps, env: [{ CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: "40" }, { CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: "60" }] },
];

/** Types a command. @throws when it fails @returns what it printed */
export function type(machine: Machine, command: string): string {
  const [name, ...args] = command.split(" ");
  const { code, stdout, stderr } = machine.exec(name!, args);
  if (code !== 0) throw new Error(`${command}: ${stdout}${stderr}`);
  return stdout;
}

/** The environment in which a program sees only one MIG instance, as one reads it off `nvidia-smi -L`. */
export function only(machine: Machine, instance: string | undefined): Readonly<Record<string, string>> {
  if (instance === undefined) return {};
  const line = type(machine, "nvidia-smi -L").split("\n").find((text) => text.includes(`MIG ${instance} `));
  return { CUDA_VISIBLE_DEVICES: /UUID: (MIG-[^)]*)/.exec(line ?? "")?.[1] ?? "" };
}
