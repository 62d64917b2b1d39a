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

  test("a session that looks at a machine at work", () => {
    // What the guide's chapter on monitoring does, typed: a program in the background, and each tool once.
    writeFileSync(join(work, "train.ts"), `import { out, type SimProcess } from "glassgpu";
import type { CUcontext, CUdeviceptr, CUfunction, CUmodule } from "glassgpu/cuda";

const ptx = \`
.version 8.0
.target sm_75
.address_size 64
.visible .entry busy(.param .u32 n) {
  .reg .pred %p<2>;
  .reg .b32 %r<2>;
  ld.param.u32 %r1, [n];
again:
  sub.u32 %r1, %r1, 1;
  setp.ne.u32 %p1, %r1, 0;
  @%p1 bra again;
  ret;
}\`;

export default function* (p: SimProcess) {
  const [context, memory, module, busy] = [out<CUcontext>(), out<CUdeviceptr>(), out<CUmodule>(), out<CUfunction>()];
  yield* p.cuda.cuInit(0);
  yield* p.cuda.cuCtxCreate(context, null, 0, 0);
  yield* p.cuda.cuMemAlloc(memory, 2 ** 31);
  yield* p.cuda.cuModuleLoadData(module, ptx);
  yield* p.cuda.cuModuleGetFunction(busy, module.value, "busy");
  for (;;) {
    yield* p.cuda.cuLaunchKernel(busy.value, 1, 1, 1, 1, 1, 1, 0, null, [300_000], null);
    yield* p.cuda.cuCtxSynchronize();
    yield* p.sleep(2e6);
  }
}
`);
    const { code, stdout, stderr } = shell(`
      run train.ts &
      advance 500ms
      timeout 2.5 nvidia-smi -l 1
      nvidia-smi pmon -c 1
      rocminfo
      drm_info
      perf record -e sched:sched_switch sleep 0.02
      perf script
      cat /sys/kernel/debug/dri/1/amdgpu_gpu_recovery
      kill -9 1002
      nvidia-smi --query-compute-apps=pid,name,used_memory --format=csv
    `, "--gpus", "a100,mi250x");
    expect([code, stderr.replaceAll(/.*samples.*\n|.*Woken.*\n|\[1\].*\n/g, "")]).toEqual([0, ""]);
    expect(stdout.match(/\| NVIDIA-SMI 580/g)).toHaveLength(3);
    const rows = stdout.match(/\| {4}0 {3}N\/A {2}N\/A {12}1002 {6}C {3}train +2048MiB \|/g);
    expect(rows).toHaveLength(3);
    expect([...stdout.matchAll(/2048MiB \/ {2}40960MiB \| +(\d+)% {6}Default/g)].every(([, part]) => Number(part) > 20)).toBe(true);
    expect(stdout).toMatch(/^ {4}0 {6} 1002 {5}C +\d\d /m);
    expect(stdout).toMatch(/Marketing Name: +AMD Instinct MI250X/);
    expect(stdout).toContain("├───Driver: amdgpu");
    expect(stdout).toMatch(/train +1002 \[000\] +\d\.\d{6}: +sched:sched_switch: prev_comm=train prev_pid=1002 prev_prio=120 prev_state=S ==> next_comm=swapper/);
    expect(stdout).toMatch(/preempt_count=0\navg_delay=0us\n/);
    expect(stdout).toMatch(/pid, name, used_memory \[MiB\]\n$/);
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
