import { out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as cl from "../../opencl/abi/constants.ts";
import { CL_SUCCESS } from "../../opencl/abi/errors.ts";
import type { cl_device_id, cl_device_info, cl_platform_id, cl_platform_info } from "../../opencl/abi/types.ts";
import type { Program, ProgramContext } from "../program.ts";
import { deviceRowsAfter, deviceRowsBefore, platformRows, vectorRows, type Row, type Value } from "./rows.ts";

const COLUMN = 50;

/** A label and its value; a list goes on below itself. */
function line(depth: number, label: string, value: string | readonly string[]): string {
  const start = `${"  ".repeat(depth)}${label}`.padEnd(COLUMN);
  return typeof value === "string" ? `${start}${value}\n` : value.map((text, i) => `${i === 0 ? start : " ".repeat(COLUMN)}${text}\n`).join("");
}

type Ask = (query: number) => Blocking<Value | null>;

function* rowsOf(rows: readonly Row[], ask: Ask): Blocking<string> {
  let text = "";
  for (const { depth, label, query, show } of rows) {
    const value = query === null ? "" : typeof query === "number" ? yield* ask(query) : yield* together(query, ask);
    text += line(depth, label, value === null ? "<error>" : show(value));
  }
  return text;
}

/** "16384x16384" of several queries. */
function* together(queries: readonly number[], ask: Ask): Blocking<string> {
  const values: string[] = [];
  for (const query of queries) values.push(String(yield* ask(query)));
  return values.join("x");
}

function platformAsk(c: ProgramContext, platform: cl_platform_id): Ask {
  return function* (query) {
    const box = out<Value>();
    return (yield* c.opencl.clGetPlatformInfo(platform, query as cl_platform_info, Infinity, box, null)) === CL_SUCCESS && box.isSet ? box.value : null;
  };
}

function deviceAsk(c: ProgramContext, device: cl_device_id): Ask {
  return function* (query) {
    const box = out<Value>();
    return (yield* c.opencl.clGetDeviceInfo(device, query as cl_device_info, Infinity, box, null)) === CL_SUCCESS && box.isSet ? box.value : null;
  };
}

function* vectors(ask: Ask): Blocking<string> {
  let text = line(1, "Preferred / native vector sizes", "");
  for (const [type, preferred, native, note] of vectorRows) {
    const [a, b] = [yield* ask(preferred), yield* ask(native)];
    text += `${`    ${type}`.padEnd(COLUMN)}${String(a).padStart(8)} / ${String(b).padEnd(8)}${note === "" ? "" : ` ${note}`}\n`;
  }
  return text;
}

function* devicesOf(c: ProgramContext, platform: cl_platform_id): Blocking<readonly cl_device_id[]> {
  const box = out<cl_device_id[]>();
  return (yield* c.opencl.clGetDeviceIDs(platform, cl.CL_DEVICE_TYPE_ALL, 64, box, null)) === CL_SUCCESS ? box.value : [];
}

function* platformsOf(c: ProgramContext): Blocking<readonly cl_platform_id[]> {
  const box = out<cl_platform_id[]>();
  return (yield* c.opencl.clGetPlatformIDs(64, box, null)) === CL_SUCCESS ? box.value : [];
}

function* list(c: ProgramContext, platforms: readonly cl_platform_id[]): Blocking<string> {
  let text = "";
  for (const [i, platform] of platforms.entries()) {
    text += `Platform #${i}: ${String(yield* platformAsk(c, platform)(cl.CL_PLATFORM_NAME))}\n`;
    const devices = yield* devicesOf(c, platform);
    for (const [k, device] of devices.entries()) text += ` ${k === devices.length - 1 ? "`" : "+"}-- Device #${k}: ${String(yield* deviceAsk(c, device)(cl.CL_DEVICE_NAME))}\n`;
  }
  return text;
}

function* all(c: ProgramContext, platforms: readonly cl_platform_id[]): Blocking<string> {
  let text = line(0, "Number of platforms", String(platforms.length));
  for (const platform of platforms) text += `${yield* rowsOf(platformRows, platformAsk(c, platform))}\n`;
  for (const platform of platforms) {
    const devices = yield* devicesOf(c, platform);
    text += line(1, "Platform Name", String(yield* platformAsk(c, platform)(cl.CL_PLATFORM_NAME)));
    text += line(0, "Number of devices", String(devices.length));
    for (const device of devices) {
      const ask = deviceAsk(c, device);
      text += `${yield* rowsOf(deviceRowsBefore, ask)}${yield* vectors(ask)}${yield* rowsOf(deviceRowsAfter, ask)}\n`;
    }
  }
  return text;
}

/** clinfo(1): everything that OpenCL tells; -l: names only; -v: the version. */
export const clinfo: Program = function* (c) {
  const unknown = c.args.find((arg) => !["-l", "--list", "-a", "--all-props", "-v", "--version", "-h", "--help"].includes(arg));
  if (unknown !== undefined) {
    yield* c.io.err(`ignoring unknown command-line parameter ${unknown}\n`);
  }
  if (c.args.some((arg) => arg === "-h" || arg === "--help")) {
    yield* c.io.out("Display properties of all available OpenCL platforms and devices\nUsage: clinfo [options ...]\n\nOptions:\n  -a, --all-props     try all properties, only show valid ones\n  -l, --list          only list the platforms and devices by name\n  -h, --help          show usage\n  -v, --version       show version\n");
    return 0;
  }
  if (c.args.some((arg) => arg === "-v" || arg === "--version")) {
    yield* c.io.out("clinfo version 3.0.23.01.25\n");
    return 0;
  }
  const platforms = yield* platformsOf(c);
  if (platforms.length === 0) {
    yield* c.io.out(line(0, "Number of platforms", "0"));
    return 0;
  }
  yield* c.io.out(c.args.some((arg) => arg === "-l" || arg === "--list") ? yield* list(c, platforms) : yield* all(c, platforms));
  return 0;
};
