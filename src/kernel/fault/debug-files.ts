import { directory, text, type Directory, type TextFile, type TreeEntry } from "../drm/files/tree.ts";
import { Errno } from "../errors.ts";
import type { FaultAttr, FaultSettings } from "./attr.ts";
import type { FaultInjector } from "./injector.ts";
import { faultPoints, type FaultName } from "./points.ts";

/** A file with one value. @param write what `echo value > file` does; a RangeError becomes -EINVAL */
function value(read: () => string, write: (text: string) => void): TextFile {
  return {
    read: () => `${read()}\n`,
    write: (content) => {
      try {
        write(content.trim());
        return content.length;
      } catch (error) {
        if (error instanceof RangeError) return -Errno.EINVAL;
        throw error;
      }
    },
  };
}

function number(content: string): number {
  if (!/^-?(\d+|0x[0-9a-f]+)$/i.test(content)) throw new RangeError(content);
  return content.startsWith("-") ? -Number(content.slice(1)) : Number(content);
}

function flag(content: string): boolean {
  if (!/^([yn01]|on|off)$/i.test(content)) throw new RangeError(content);
  return /^(y|1|on)$/i.test(content);
}

const letter = (on: boolean): string => (on ? "Y" : "N");

function attrFiles(faults: FaultInjector, name: FaultName, attr: FaultAttr, late: boolean): Record<string, TreeEntry> {
  const set = (key: keyof FaultSettings, read: (content: string) => number | boolean | "choice"): TextFile =>
    value(() => (typeof attr[key] === "boolean" ? letter(attr[key]) : String(attr[key])), (content) => faults.configure(name, { [key]: read(content) }));
  return {
    probability: set("probability", (content) => (content === "choice" ? content : number(content))),
    interval: set("interval", number),
    times: set("times", number),
    space: set("space", number),
    verbose: set("verbose", number),
    "task-filter": set("taskFilter", flag),
    injected: text(() => `${attr.injected}\n`),
    ...(late ? { delay_ns: set("delayNs", number) } : {}),
  };
}

function functionFiles({ functions }: FaultInjector): Record<string, TreeEntry> {
  const retval = (name: string): TextFile => value(() => `0x${(2 ** 32 + functions.retval(name)).toString(16)}`, (content) => {
    const given = number(content);
    // An errno may be written as the unsigned number that it is in a register.
    functions.inject(name, given > 2 ** 63 ? given - 2 ** 64 : given > 2 ** 31 ? given - 2 ** 32 : given);
  });
  return {
    inject: value(() => functions.names().join("\n"), (content) => {
      if (content.startsWith("!")) functions.remove(content.slice(1));
      else if (content === "") functions.remove("");
      else functions.inject(content);
    }),
    ...Object.fromEntries(functions.names().map((name) => [name, directory(() => ({ retval: retval(name) }))])),
  };
}

/** What lies under /sys/kernel/debug/<capability>, for each of them: the files of fault-injection.rst, `injected` (ours: faults so far), and `delay_ns` where things come late. */
export function faultTrees(faults: FaultInjector): readonly (readonly [name: string, root: Directory])[] {
  return faultPoints.map(({ name, delayNs }) => [name, directory(() => ({
    ...attrFiles(faults, name, faults.attrs[name], delayNs !== undefined),
    ...(name === "fail_function" ? functionFiles(faults) : {}),
    ...(name === "fail_usercopy" ? { "ignore-release": value(() => letter(faults.ignoreRelease), (content) => { faults.ignoreRelease = flag(content); }) } : {}),
  }))] as const);
}
