import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPackage, type BuiltPackage } from "./built.ts";
import { parseLine, ShellSyntaxError } from "../../../src/tools/cli/shell/parse.ts";

let built: BuiltPackage;
let work: string;

beforeAll(async () => {
  built = await buildPackage();
  work = mkdtempSync(join(tmpdir(), "shell-"));
}, 60_000);

afterAll(() => {
  built.remove();
  rmSync(work, { recursive: true, force: true });
});

/** A session with commands from a pipe. */
function shell(commands: string, ...args: string[]): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const done = spawnSync(process.execPath, [join(built.folder, "dist/tools/cli/main.js"), "shell", ...args], { cwd: work, encoding: "utf8", input: commands, timeout: 60_000 });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

describe("glassgpu shell", () => {
  test("programs, pipes, redirection, lists, exit code", () => {
    const { code, stdout, stderr } = shell(`
      # a comment
      nvidia-smi -L | cat
      echo one > /tmp/x; echo "two  words" >> /tmp/x
      cat < /tmp/x | cat | cat
      cat /nowhere 2> /tmp/errors && echo never
      echo "code $?"
      cat /tmp/errors || echo never
      cat /nowhere || echo 'or'
      exit 3
    `, "--gpus", "tiny");
    expect([code, stderr]).toEqual([3, "cat: /nowhere: No such file or directory\n"]);
    expect(stdout).toMatch(/^GPU 0: Glass Tiny \(UUID: GPU-[0-9a-f-]+\)\none\ntwo {2}words\ncode 1\ncat: \/nowhere: No such file or directory\nor\n$/);
  });

  test("jobs go on while time passes", () => {
    const { stdout, stderr } = shell("sleep 5 &\njobs\nadvance 10ms\nclock\nps\nwait\nclock\nsleep 100 &\nkill 1006\njobs\n", "--gpus", "tiny");
    expect(stdout).toMatch(/^\[1\] Running +sleep 5\n0\.010\d+ s\n +PID TTY.*\n +1000 pts\/0 +00:00:00 shell\n +1001 pts\/0 +00:00:00 sleep\n +1002 pts\/0 +00:00:00 ps\n5\.000\d+ s\n/);
    expect(stderr).toContain("[1] 1001\n[1] Done                    sleep 5\n");
  });

  test("partitions and debug files by hand", () => {
    const { stdout } = shell("nvidia-smi -mig 1\nnvidia-smi mig -cgi 19 -C\nnvidia-smi -L\ncat /sys/kernel/debug/dri/0/name\necho 1 > /sys/kernel/debug/dri/0/gpu_wedge\ndmesg -l err -t", "--gpus", "a100");
    expect(stdout).toContain("  MIG 1g.5gb      Device  0: (UUID: MIG-");
    expect(stdout).toContain("nvidia-drm dev=0000:01:00.0 unique=0000:01:00.0\n");
    expect(stdout).toContain("NVRM: Xid (PCI:0000:01:00): 79,");
  });

  test("host programs: simulated ones beside others, plain ones on the same machine", () => {
    writeFileSync(join(work, "worker.ts"), "import type { SimProcess } from \"glassgpu\";\nexport default function* (p: SimProcess, args: readonly string[]) {\n  yield* p.cuda.cuInit(0);\n  for (let i = 0; i < Number(args[0]); i++) {\n    yield* p.sleep(1e6);\n    p.print(`step ${i}`);\n  }\n}\n");
    writeFileSync(join(work, "plain.ts"), "import { createMachine } from \"glassgpu\";\nconst machine = createMachine({ gpus: [\"h100\"] });\nconsole.log(machine.gpus[0]!.gpu.profile.name, process.argv[2]);\nmachine.dispose();\n");
    const { stdout, stderr, code } = shell("run worker.ts 3 &\nadvance 1500us\nps\nrun plain.ts x\nwait\nrun nowhere.ts\n", "--gpus", "tiny");
    expect(stdout).toMatch(/^step 0\n +PID TTY[^]* worker\n[^]*Glass Tiny x\nstep 1\nstep 2\n$/);
    expect([code, stderr.includes("shell: run: nowhere.ts: No such file or directory\n")]).toEqual([127, true]);
  });

  test("-c, what is wrong, and a wait without end", () => {
    expect(shell("", "-c", "echo a\necho b")).toMatchObject({ code: 0, stdout: "a\nb\n" });
    expect(shell("vi\necho 'x\n| cat\n")).toMatchObject({ code: 2, stderr: "vi: command not found\nshell: unexpected end of line while looking for matching '\nshell: syntax error near unexpected token '|'\n" });
    expect(shell("cat /sys/kernel/tracing/trace_pipe\n").stderr).toMatch(/^shell: cat \(\d+\) waits for trace events, which nothing in the machine will bring about\n$/);
    expect(shell("", "--machine", "nowhere.json").code).toBe(2);
    expect(shell("", "extra").code).toBe(2);
    expect(shell("timeout 3 nvidia-smi -L -l 1 | cat\nclock", "--gpus", "tiny").stdout).toMatch(/^(GPU 0: .*\n){3,4}3\.0\d+ s\n$/);
    expect(shell("help\nexport A=1\nexport\nadvance soon\nfg\n").stdout).toMatch(/^Commands of the shell:\n[^]*Programs of the machine: .*nvidia-smi.*\n[^]*A=1\n$/);
  });
});

describe("lines", () => {
  const words = (line: string): string[][] => parseLine(line, (name) => `<${name}>`).flatMap(({ commands }) => commands.map((command) => [...command.words]));

  test("quotes, escapes, variables, comments", () => {
    expect(words(`a 'b $c' "d $e" f\\ g \${h}i # j`)).toEqual([["a", "b $c", "d <e>", "f g", "<h>i"]]);
    expect(words("a|b;c&d&&e||f")).toEqual([["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]);
    expect(words("   ")).toEqual([]);
  });

  test("redirections, background, conditions", () => {
    const [first, second] = parseLine("a < in >out 2>> err & b && c", () => "");
    expect(first).toMatchObject({ background: true, text: "a < in >out 2>> err", commands: [{ words: ["a"], redirections: [{ fd: 0, path: "in" }, { fd: 1, path: "out", append: false }, { fd: 2, path: "err", append: true }] }] });
    expect(second).toMatchObject({ background: false, when: "always" });
    expect(parseLine("a && b || c", () => "").map(({ when }) => when)).toEqual(["always", "and", "or"]);
  });

  test.each(["| a", "a |", "a && ", "a >", "> x", "'a", "; ;"])("%s is no line", (line) => {
    expect(() => parseLine(line, () => "")).toThrow(ShellSyntaxError);
  });
});
