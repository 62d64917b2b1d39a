import { format } from "node:util";
import { vi } from "vitest";
import type { MachineOptions } from "../../src/machine.ts";

/**
 * Runs an example in this process, once, and gives what it printed. `args`: what stands after the file on the command line; `defaults`: what its machines
 * have where it says nothing.
 */
export async function runExample(name: string, args: readonly string[] = [], defaults: MachineOptions = {}): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => void lines.push(format(...values)));
  const argv = process.argv;
  process.argv = [argv[0]!, name, ...args];
  vi.resetModules();
  const { configureMachines } = await import("../../src/machine.ts");
  try {
    configureMachines(defaults, null);
    await import(`../../examples/${name}.ts`);
  } finally {
    configureMachines({}, null);
    process.argv = argv;
    log.mockRestore();
  }
  return `${lines.join("\n")}\n`;
}
