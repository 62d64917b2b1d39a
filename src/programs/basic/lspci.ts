import type { Program, ProgramContext } from "../program.ts";

/** Names of the PCI ID repository, for what machines here have. */
const classes: Readonly<Record<string, string>> = { "0300": "VGA compatible controller", "0302": "3D controller", "0380": "Display controller", "0604": "PCI bridge", "0108": "Non-Volatile memory controller", "0200": "Ethernet controller" };
const vendors: Readonly<Record<string, string>> = { "10de": "NVIDIA Corporation", "1002": "Advanced Micro Devices, Inc. [AMD/ATI]", "8086": "Intel Corporation" };
const devices: Readonly<Record<string, string>> = {
  "10de:20f1": "GA100 [A100 PCIe 40GB]", "10de:20b0": "GA100 [A100 SXM4 40GB]", "10de:20b2": "GA100 [A100 SXM4 80GB]", "10de:2330": "GH100 [H100 SXM5 80GB]", "10de:0001": "Glass Tiny",
  "1002:7408": "Aldebaran/MI200 [Instinct MI250X]", "8086:347a": "Ice Lake PCI Express Root Port A",
};

const root = "/sys/bus/pci/devices";

/** A file of a function's directory without its "0x" and its end of line. */
function id(c: ProgramContext, slot: string, name: string): string {
  const text = c.sys.readFile(`${root}/${slot}/${name}`);
  return typeof text === "string" ? text.trim().replace(/^0x/, "") : "";
}

interface Selection {
  readonly vendor: string | null;
  readonly device: string | null;
  readonly klass: string | null;
}

/** -d [vendor]:[device][:class] in hexadecimal; null: not of that form. */
function selection(text: string): Selection | null {
  const [, vendor, device, klass] = /^([0-9a-fA-F]{1,4}|\*)?:([0-9a-fA-F]{1,4}|\*)?(?::([0-9a-fA-F]{1,4}))?$/.exec(text) ?? [null, "!", "", ""];
  if (vendor === "!") return null;
  const given = (word: string | undefined): string | null => (word === undefined || word === "" || word === "*" ? null : word.toLowerCase().padStart(4, "0"));
  return { vendor: given(vendor), device: given(device), klass: given(klass) };
}

function driverOf(c: ProgramContext, slot: string): string {
  const text = c.sys.readFile(`${root}/${slot}/uevent`);
  return (typeof text === "string" ? /^DRIVER=(.*)$/m.exec(text)?.[1] : undefined) ?? "";
}

/** lspci(8): functions on the bus. -n: numbers only; -nn: both; -D: with domain; -d vendor:device; -s slot; -k: kernel drivers. */
export const lspci: Program = function* (c) {
  let [numbers, domain, kernel]: [0 | 1 | 2, boolean, boolean] = [0, false, false];
  let wanted: Selection = { vendor: null, device: null, klass: null };
  let slotWanted: string | null = null;
  for (let i = 0; i < c.args.length; i++) {
    const arg = c.args[i]!;
    if (arg === "-n") numbers = 1;
    else if (arg === "-nn") numbers = 2;
    else if (arg === "-D") domain = true;
    else if (arg === "-k") kernel = true;
    else if (arg === "-s") slotWanted = c.args[++i] ?? "";
    else if (arg.startsWith("-d")) {
      const chosen = selection(arg === "-d" ? (c.args[++i] ?? "") : arg.slice(2));
      if (chosen === null) {
        yield* c.io.err("lspci: -d: Invalid vendor ID, device ID or class\n");
        return 1;
      }
      wanted = chosen;
    } else {
      yield* c.io.err(`lspci: invalid option -- '${arg.replace(/^-+/, "")}'\nUsage: lspci [-n|-nn] [-D] [-k] [-d [<vendor>]:[<device>][:<class>]] [-s <slot>]\n`);
      return 1;
    }
  }
  const slots = c.sys.readdir(root);
  for (const slot of typeof slots === "number" ? [] : slots) {
    const [klass, vendor, device] = [id(c, slot, "class").slice(0, 4), id(c, slot, "vendor"), id(c, slot, "device")];
    if ((wanted.vendor ?? vendor) !== vendor || (wanted.device ?? device) !== device || (wanted.klass ?? klass) !== klass) continue;
    if (slotWanted !== null && slot !== slotWanted && slot.slice(5) !== slotWanted) continue;
    const place = domain ? slot : slot.slice(5);
    const revision = id(c, slot, "revision");
    const [className, deviceName] = [classes[klass] ?? `Class [${klass}]`, vendors[vendor] === undefined ? `Device ${vendor}:${device}` : `${vendors[vendor]} ${devices[`${vendor}:${device}`] ?? `Device ${device}`}`];
    const text = numbers === 1 ? `${place} ${klass}: ${vendor}:${device}` : numbers === 2 ? `${place} ${className} [${klass}]: ${deviceName} [${vendor}:${device}]` : `${place} ${className}: ${deviceName}`;
    yield* c.io.out(`${text}${revision === "00" ? "" : ` (rev ${revision})`}\n`);
    const driver = kernel ? driverOf(c, slot) : "";
    if (driver !== "") yield* c.io.out(`\tKernel driver in use: ${driver === "nvidia-drm" ? "nvidia" : driver}\n`);
  }
  return 0;
};
