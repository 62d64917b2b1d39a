import type { SysCaller } from "../fs/file.ts";
import type { MpsClient } from "./client.ts";
import { parseMemory, parsePercentage } from "../sys/mps-env.ts";
import type { MpsDaemon } from "./daemon.ts";
import type { MpsServer } from "./server.ts";

type Command = (daemon: MpsDaemon, args: readonly string[], caller: SysCaller) => string;

/** The daemon's server, if it has that pid and lives. */
function serverAt(daemon: MpsDaemon, pid: string | undefined): MpsServer | null {
  const { server } = daemon;
  return server !== null && server.process.exit === null && String(server.process.pid) === pid ? server : null;
}

/** For commands that name a server: runs, or says that there is none. */
function withServer(daemon: MpsDaemon, pid: string | undefined, run: (server: MpsServer) => string): string {
  const server = serverAt(daemon, pid);
  return server === null ? `Server ${pid ?? ""} not found` : run(server);
}

const percent = (value: number): string => value.toFixed(1);
const usage = (text: string): string => `Usage: ${text}`;

/** "512M" of bytes; empty when there is no limit. */
function memory(bytes: number | undefined): string {
  return bytes === undefined ? "" : `${Math.floor(bytes / 2 ** 20)}M`;
}

function setPinned(daemon: MpsDaemon, limits: Map<number, number>, gpu: string | undefined, value: string | undefined): string {
  const bytes = parseMemory(value ?? "");
  if (!/^\d+$/.test(gpu ?? "") || !daemon.hasGpu(Number(gpu))) return `Device ${gpu ?? ""} not found`;
  if (bytes === null) return `Invalid memory limit ${value ?? ""}`;
  limits.set(Number(gpu), bytes);
  return memory(bytes);
}

function clientRow(client: MpsClient, server: MpsServer): string {
  const gpus = [...client.files].map((file) => file.device.index);
  return `${client.process.pid} ${client.process.pid} ${server.process.pid} ${gpus.length === 0 ? "-" : [...new Set(gpus)].join(",")} ${client.process.name}`;
}

const setServerPinned: Command = (daemon, [pid, gpu, value]) => withServer(daemon, pid, (server) => setPinned(daemon, daemon.perServer.get(server)!.pinned, gpu, value));

/** nvidia-cuda-mps-control's commands (its manual page). */
const commands: Readonly<Record<string, Command>> = {
  start_server(daemon, args, caller) {
    const uid = args[0] === "-uid" ? Number(args[1]) : caller.process.cred.euid;
    if (!Number.isInteger(uid) || uid < 0) return usage("start_server -uid <user id>");
    caller.thread.debt += daemon.kernel.costs.mpsServerStart;
    const server = daemon.serverFor(uid);
    return typeof server === "number" ? "Server is in use by another user" : "";
  },
  get_server_list: (daemon) => (daemon.server !== null && daemon.server.process.exit === null ? String(daemon.server.process.pid) : ""),
  get_server_status: (daemon, [pid]) => withServer(daemon, pid, (server) => server.status),
  get_client_list: (daemon, [pid]) => withServer(daemon, pid, (server) => [...server.clients].map(({ process }) => process.pid).join("\n")),
  get_device_client_list: (daemon, [gpu]) =>
    [...(daemon.server?.clients ?? [])].filter(({ files }) => gpu === undefined || [...files].some((file) => String(file.device.index) === gpu)).map(({ process }) => process.pid).join("\n"),
  ps(daemon) {
    const rows = daemon.server === null ? [] : [...daemon.server.clients].map((client) => clientRow(client, daemon.server!));
    return ["PID ID SERVER DEVICE COMMAND", ...rows].join("\n");
  },
  set_default_active_thread_percentage(daemon, [value]) {
    const percentage = parsePercentage(value);
    if (percentage === null) return `Invalid percentage ${value ?? ""}`;
    daemon.settings.percentage = percentage;
    return percent(percentage);
  },
  get_default_active_thread_percentage: (daemon) => percent(daemon.settings.percentage),
  set_active_thread_percentage: (daemon, [pid, value]) =>
    withServer(daemon, pid, (server) => {
      const percentage = parsePercentage(value);
      if (percentage === null) return `Invalid percentage ${value ?? ""}`;
      daemon.perServer.get(server)!.percentage = percentage;
      return percent(percentage);
    }),
  get_active_thread_percentage: (daemon, [pid]) => withServer(daemon, pid, (server) => percent(daemon.perServer.get(server)!.percentage ?? daemon.settings.percentage)),
  set_default_device_pinned_mem_limit: (daemon, [gpu, value]) => setPinned(daemon, daemon.settings.pinned, gpu, value),
  get_default_device_pinned_mem_limit: (daemon, [gpu]) => memory(daemon.settings.pinned.get(Number(gpu))),
  set_device_pinned_mem_limit: setServerPinned,
  set_pinned_mem_limit: setServerPinned,
  get_device_pinned_mem_limit: (daemon, [pid, gpu]) =>
    withServer(daemon, pid, (server) => memory(daemon.perServer.get(server)!.pinned.get(Number(gpu)) ?? daemon.settings.pinned.get(Number(gpu)))),
  set_default_client_priority(daemon, [value]) {
    if (value !== "0" && value !== "1") return `Invalid priority ${value ?? ""}`;
    daemon.settings.priority = Number(value);
    return "";
  },
  get_default_client_priority: (daemon) => String(daemon.settings.priority),
  terminate_client: (daemon, [pid, client]) =>
    withServer(daemon, pid, (server) => {
      const found = [...server.clients].find(({ process }) => String(process.pid) === client);
      if (found === undefined) return `Client ${client ?? ""} not found`;
      found.terminated = true;
      found.end("mps-terminated");
      return "";
    }),
  shutdown_server: (daemon, [pid, force]) =>
    withServer(daemon, pid, (server) => {
      if (server.clients.size > 0 && force !== "-f") return "Server has clients";
      server.process.terminate({ code: 0, signal: 0 });
      return "";
    }),
  quit(daemon, args) {
    const { kernel } = daemon;
    const timeout = args.indexOf("-t");
    daemon.quit(args.includes("-f"));
    // -t: for so many seconds it waits for clients.
    if (timeout >= 0 && daemon.process.exit === null) kernel.events.at(kernel.clock.now + Number(args[timeout + 1] ?? 0) * 1e9, () => daemon.process.exit ?? daemon.quit(true), "mps quit");
    return "";
  },
};

/** Runs a line of nvidia-cuda-mps-control. @returns what it prints */
export function runCommand(daemon: MpsDaemon, text: string, caller: SysCaller): string {
  const [name = "", ...args] = text.trim().split(/\s+/);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  return command === undefined ? `Unknown command: ${name}` : command(daemon, args, caller);
}
