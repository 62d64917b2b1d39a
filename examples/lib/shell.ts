import type { Machine } from "glassgpu";

/**
 * A terminal into the machine: runs one of its programs and prints the command and what came of it, as one would see it. `keep`: only the lines that match; a line "..." stands for
 * those that are left out.
 */
export function shell(machine: Machine): (command: string, keep?: RegExp) => string {
  return (command, keep = /(?:)/) => {
    const [name, ...args] = command.split(" ");
    const { stdout, stderr } = machine.exec(name!, args);
    console.log(`$ ${command}`);
    let left = false;
    const text = `${stdout}${stderr}`.trimEnd();
    for (const line of text === "" ? [] : text.split("\n")) {
      const shown = keep.test(line);
      if (!shown && !left) console.log("  ...");
      if (shown) console.log(`  ${line.replaceAll("\t", " ").trimEnd()}`);
      left = !shown;
    }
    return stdout;
  };
}
