import type { Blocking } from "../../kernel/process/wait.ts";
import { O_CLOEXEC, O_RDWR } from "../../kernel/sys/sys.ts";
import type { IoctlTable } from "../../kernel/sys/uapi.ts";
import { errorWords } from "../io.ts";
import type { Program, ProgramContext } from "../program.ts";

/** Capabilities that clients may ask for and that drivers have, by name, with drm.h's numbers. */
const clientCaps: readonly (readonly [string, number])[] = [["STEREO_3D", 1], ["UNIVERSAL_PLANES", 2], ["ATOMIC", 3], ["ASPECT_RATIO", 4], ["WRITEBACK_CONNECTORS", 5]];
const caps: readonly (readonly [string, number])[] = [
  ["DUMB_BUFFER", 1], ["VBLANK_HIGH_CRTC", 2], ["DUMB_PREFERRED_DEPTH", 3], ["DUMB_PREFER_SHADOW", 4], ["PRIME", 5], ["TIMESTAMP_MONOTONIC", 6], ["ASYNC_PAGE_FLIP", 7], ["CURSOR_WIDTH", 8], ["CURSOR_HEIGHT", 9],
  ["ADDFB2_MODIFIERS", 0x10], ["PAGE_FLIP_TARGET", 0x11], ["CRTC_IN_VBLANK_EVENT", 0x12], ["SYNCOBJ", 0x13], ["SYNCOBJ_TIMELINE", 0x14],
];
const descriptions: Readonly<Record<string, string>> = { amdgpu: "AMD GPU", "nvidia-drm": "NVIDIA DRM driver", xe: "Intel Xe Graphics" };

/** What a node says. */
interface NodeInfo {
  readonly path: string;
  readonly driver: IoctlTable["DRM_IOCTL_VERSION"];
  readonly clientCaps: ReadonlyMap<string, boolean>;
  /** Null: the driver does not know it. */
  readonly caps: ReadonlyMap<string, number | null>;
  readonly pci: { readonly vendor: number; readonly device: number; readonly subsystemVendor: number; readonly subsystemDevice: number };
  readonly nodes: readonly string[];
}

function hexFile(c: ProgramContext, path: string): number {
  const text = c.sys.readFile(path);
  return typeof text === "string" ? Number.parseInt(text, 16) : 0;
}

/** Asks a node; a negative errno when it cannot be opened. */
function inspect(c: ProgramContext, path: string): NodeInfo | number {
  const fd = c.sys.open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return fd;
  const driver: IoctlTable["DRM_IOCTL_VERSION"] = { name: "", date: "", desc: "" };
  const result = c.sys.ioctl(fd, "DRM_IOCTL_VERSION", driver);
  if (result < 0) {
    c.sys.close(fd);
    return result;
  }
  const understood = new Map(clientCaps.map(([name, capability]) => [name, c.sys.ioctl(fd, "DRM_IOCTL_SET_CLIENT_CAP", { capability, value: 1 }) >= 0]));
  const known = new Map(caps.map(([name, capability]) => {
    const arg = { capability, value: 0 };
    return [name, c.sys.ioctl(fd, "DRM_IOCTL_GET_CAP", arg) < 0 ? null : arg.value];
  }));
  c.sys.close(fd);
  const device = `/sys/class/drm/${path.slice("/dev/dri/".length)}/device`;
  const siblings = c.sys.readdir(`${device}/drm`);
  const names = typeof siblings === "number" ? [] : siblings;
  return {
    path, driver, clientCaps: understood, caps: known,
    pci: { vendor: hexFile(c, `${device}/vendor`), device: hexFile(c, `${device}/device`), subsystemVendor: hexFile(c, `${device}/subsystem_vendor`), subsystemDevice: hexFile(c, `${device}/subsystem_device`) },
    nodes: [...(names.some((name) => name.startsWith("card")) ? ["primary"] : []), ...(names.some((name) => name.startsWith("render")) ? ["render"] : [])],
  };
}

const hex = (n: number): string => n.toString(16).padStart(4, "0");

/** The tree that people read. */
function tree(info: NodeInfo): string {
  const { driver, pci } = info;
  const inner = [
    ...[...info.clientCaps].map(([name, yes]) => `DRM_CLIENT_CAP_${name} ${yes ? "supported" : "not supported"}`),
    ...[...info.caps].map(([name, value]) => `DRM_CAP_${name}${value === null ? " not supported" : ` = ${value}`}`),
  ];
  const branch = (lines: readonly string[], indent: string): string => lines.map((line, i) => `${indent}${i === lines.length - 1 ? "└" : "├"}───${line}\n`).join("");
  return [
    `Node: ${info.path}\n`,
    `├───Driver: ${driver.name} (${descriptions[driver.name] ?? driver.desc}) version ${(driver.version ?? [0, 0, 0]).join(".")} (${driver.date})\n`,
    branch(inner, "│   "),
    `└───Device: PCI ${hex(pci.vendor)}:${hex(pci.device)}\n`,
    branch([`Available nodes: ${info.nodes.join(", ")}`], "    "),
  ].join("");
}

const NODE_BITS: Readonly<Record<string, number>> = { primary: 1, render: 4 };

/** The object of -j. */
function json(info: NodeInfo): unknown {
  const { driver, pci } = info;
  const [major, minor, patch] = driver.version ?? [0, 0, 0];
  return {
    driver: {
      name: driver.name, desc: descriptions[driver.name] ?? driver.desc, version: { major, minor, patch, date: driver.date },
      client_caps: Object.fromEntries(info.clientCaps), caps: Object.fromEntries(info.caps),
    },
    device: {
      available_nodes: info.nodes.reduce((sum, name) => sum + NODE_BITS[name]!, 0), bus_type: 0,
      device_data: { vendor: pci.vendor, device: pci.device, subsystem_vendor: pci.subsystemVendor, subsystem_device: pci.subsystemDevice },
    },
  };
}

function* nodesOf(c: ProgramContext, given: readonly string[]): Blocking<string[]> {
  if (given.length > 0) return [...given];
  const names = c.sys.readdir("/dev/dri");
  const cards = typeof names === "number" ? [] : names.filter((name) => name.startsWith("card")).map((name) => `/dev/dri/${name}`);
  if (cards.length === 0) yield* c.io.err("No DRM devices found\n");
  return cards;
}

/** drm_info(1): -j JSON; paths of nodes, or all primary ones. */
export const drmInfo: Program = function* (c) {
  const dashes = c.args.indexOf("--");
  const options = (dashes < 0 ? c.args : c.args.slice(0, dashes)).filter((arg) => arg.startsWith("-"));
  const paths = c.args.filter((arg, i) => (dashes >= 0 && i > dashes) || !arg.startsWith("-"));
  if (options.some((option) => option !== "-j" && option !== "-i")) {
    yield* c.io.err("usage: drm_info [-j] [-i] [--] [path]...\n");
    return 1;
  }
  const found = new Map<string, NodeInfo>();
  let code = 0;
  for (const path of yield* nodesOf(c, paths)) {
    const info = inspect(c, path);
    if (typeof info === "number") {
      yield* c.io.err(`Failed to open ${path}: ${errorWords(info)}\n`);
      code = 1;
    } else found.set(path, info);
  }
  if (options.includes("-j")) yield* c.io.out(`${JSON.stringify(Object.fromEntries([...found].map(([path, info]) => [path, json(info)])), null, 2)}\n`);
  else yield* c.io.out([...found.values()].map(tree).join(""));
  return found.size === 0 ? 1 : code;
};
