import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { textOf } from "../../architecture/sources.ts";
import { buildPackage, type BuiltPackage } from "./built.ts";

let built: BuiltPackage;
let work: string;

beforeAll(async () => {
  built = await buildPackage();
  work = mkdtempSync(join(tmpdir(), "host-"));
}, 60_000);

afterAll(() => {
  built.remove();
  rmSync(work, { recursive: true, force: true });
});

/** Writes a host program far from the package and gives its path. */
function host(name: string, text: string): string {
  const file = join(work, name);
  writeFileSync(file, text);
  return file;
}

describe("glassgpu", () => {
  test("--version, --help, nothing, and what it does not know", () => {
    expect(built.glassgpu(["--version"])).toEqual({ code: 0, stdout: `${(JSON.parse(textOf("package.json")) as { version: string }).version}\n`, stderr: "" });
    const help = built.glassgpu(["--help"]);
    expect([help.code, help.stdout.includes("glassgpu run <host.ts>")]).toEqual([0, true]);
    const bare = built.glassgpu([]);
    expect([bare.code, bare.stderr]).toEqual([2, help.stdout]);
    const wrong = built.glassgpu(["fly"]);
    expect([wrong.code, wrong.stderr]).toEqual([2, 'glassgpu: unknown command "fly"\nTry: glassgpu --help\n']);
  });

  test("run: a TypeScript program from anywhere, with the package by its name", () => {
    const file = host("types.ts", `
      import { createMachine, type Machine } from "glassgpu";
      enum Size { small = 3 }
      interface Named { readonly name: string }
      const machine: Machine = createMachine();
      const p = machine.process("demo") satisfies Named;
      console.log(p.name, Size.small, process.argv.slice(2).join("+"));
    `);
    expect(built.glassgpu(["run", file, "--", "a", "--b"], work)).toEqual({ code: 0, stdout: "demo 3 a+--b\n", stderr: "" });
  });

  test("run: an error is shown with its line, exit code 1", () => {
    const file = host("fails.ts", `const x: number = 1;\nfunction boom(): never {\n  throw new RangeError("no good");\n}\nboom();\n`);
    const { code, stderr } = built.glassgpu(["run", file]);
    expect(code).toBe(1);
    expect(stderr).toContain("RangeError: no good");
    expect(stderr).toContain("fails.ts:3:9");
  });

  test("run: what is no TypeScript is said to be none", () => {
    const { code, stderr } = built.glassgpu(["run", host("broken.ts", "const = 3;\n")]);
    expect(code).toBe(1);
    expect(stderr).toContain("broken.ts");
    expect(stderr).toContain("SyntaxError");
  });

  test("run: a bug of the emulator has an exit code of its own", () => {
    expect(built.glassgpu(["run", host("bug.ts", `import { EmulatorBug } from "glassgpu";\nthrow new EmulatorBug("made up");\n`)]).code).toBe(70);
  });

  test("run: a program may end itself; reports are written all the same, in new folders too", () => {
    const file = host("exits.ts", `import { createMachine } from "glassgpu";\nconst p = createMachine().process("q");\np.exit(0);\nprocess.exit(5);\n`);
    const { code, stderr } = built.glassgpu(["run", file, "--trace", "new/trace.json", "--report", "new/report.html", "--timeline"], work);
    expect(code).toBe(5);
    expect(stderr).toContain("wrote new/trace.json");
    expect(JSON.parse(readFileSync(join(work, "new/trace.json"), "utf8"))).toMatchObject({ displayTimeUnit: "ns" });
    expect(readFileSync(join(work, "new/report.html"), "utf8")).toContain("<title>exits.ts</title>");
  });

  test("run: a machine file sets up the machine a program gets without making one, and those it makes", () => {
    writeFileSync(join(work, "machine.json"), JSON.stringify({ gpus: ["tiny", "h100"], seed: 7 }));
    const file = host("two.ts", `import { createMachine } from "glassgpu";\nconsole.log(createMachine().gpus.length, createMachine({ gpus: ["tiny"] }).gpus.length);\n`);
    expect(built.glassgpu(["run", file, "--machine", "machine.json", "--trace", "t.json"], work)).toMatchObject({ code: 0, stdout: "2 1\n" });
    expect(existsSync(join(work, "t.json")) && existsSync(join(work, "t-2.json"))).toBe(true);
  });

  test("run: threads for device code are given to the machines it makes; from 1 to 8", () => {
    const file = host("threads.ts", `import { createMachine } from "glassgpu";\nconsole.log(createMachine().now);\n`);
    expect(built.glassgpu(["run", "--workers", "2", file])).toMatchObject({ code: 0, stdout: "0\n" });
    for (const workers of ["0", "9", "many"]) {
      const { code, stderr } = built.glassgpu(["run", "--workers", workers, file]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`--workers must be a whole number from 1 to 8, not ${workers}`)]);
    }
  });

  test.each([
    ["{", /machine\.json.*JSON/],
    ["[]", /one JSON object/],
    ['{"gpu": []}', /unknown option "gpu"; there are gpus, os/],
    ['{"gpus": []}', /gpus must be a list/],
    ['{"gpus": ["voodoo2"]}', /gpus no GPU profile "voodoo2"; known: /],
    ['{"os": "plan9"}', /os must be "linux" or "windows"/],
    ['{"seed": 1.5}', /seed must be a whole number/],
    ['{"costs": {"speed": 1}}', /costs has no cost "speed"; there are syscall/],
    ['{"costs": {"syscall": -1}}', /costs syscall must be a number of at least 0/],
    ['{"memoryBytes": 0}', /memoryBytes must be a number above 0/],
    ['{"workers": 0}', /workers must be a whole number from 1 to 8/],
  ])("machine file %s is refused", (text, message) => {
    const folder = mkdtempSync(join(tmpdir(), "machine-"));
    writeFileSync(join(folder, "machine.json"), text);
    const { code, stderr } = built.glassgpu(["run", host("empty.ts", ""), "--machine", join(folder, "machine.json")]);
    rmSync(folder, { recursive: true });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test.each([
    [["run"], /which host program/],
    [["run", "nowhere.ts"], /there is no nowhere\.ts/],
    [["run", "a.ts", "b.ts"], /arguments for it stand after --/],
    [["run", "a.ts", "--speed"], /Unknown option '--speed'/],
    [["run", "a.ts", "--trace"], /--trace/],
    [["coverage", "cuda"], /takes no argument "cuda"/],
  ])("%j is refused with a reason", (args, message) => {
    const { code, stderr } = built.glassgpu(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test("coverage: a table, and the same as JSON", () => {
    const table = built.glassgpu(["coverage"]);
    expect(table.code).toBe(0);
    const json = JSON.parse(built.glassgpu(["coverage", "--json"]).stdout) as Record<string, { full: number; partial: number; refused: number; total: number }>;
    expect(Object.keys(json)).toEqual(["CUDA driver", "CUDA runtime", "OpenCL"]);
    for (const [api, { full, partial, refused, total }] of Object.entries(json)) {
      expect(full + partial + refused).toBe(total);
      expect(total).toBeGreaterThan(100);
      expect(table.stdout).toMatch(new RegExp(`${api} +${full} +${partial} +${refused} +${total}`));
    }
    const rows = built.glassgpu(["coverage", "--rows"]).stdout;
    expect(rows).toMatch(/^ {2}(full|partial|refused) +cuInit/m);
    expect(rows).toMatch(/^ {2}(full|partial|refused) +clGetPlatformIDs/m);
  });
});

describe("run --check", () => {
  /** A program that makes each mistake once: five kernels, each with one. */
  const wrong = `
    import { createMachine } from "glassgpu";
    const { cuda } = createMachine().process("wrong").throwing;
    cuda.cuInit(0);
    cuda.cuCtxCreate(null, 0, 0);
    const kernel = (name: string, body: string): string => ".visible .entry " + name + "(.param .u64 a)\\n{ .reg .pred %p<3>; .reg .b32 %r<9>; .reg .b64 %rd<9>; .shared .align 4 .b8 sh[256];\\nld.param.u64 %rd1, [a]; mov.u32 %r1, %tid.x;\\n" + body + "\\nret;\\n}\\n";
    const code = cuda.cuModuleLoadData(".version 8.0\\n.target sm_80\\n.address_size 64\\n" + kernel("beyond", "st.global.u32 [%rd1+64], %r1;") + kernel("gone", "st.global.u32 [%rd1], %r1;")
      + kernel("unwritten", "ld.global.u32 %r2, [%rd1+8]; st.global.u32 [%rd1], %r2;") + kernel("racing", "st.global.u32 [%rd1], %r1;") + kernel("parting", "setp.gt.u32 %p1, %r1, 7; @%p1 bra E; bar.sync 0; E:"));
    const [a, b] = [cuda.cuMemAlloc(64), cuda.cuMemAlloc(64)];
    cuda.cuMemFree(b);
    const run = (name: string, items: number, at: number): void => {
      cuda.cuLaunchKernel(cuda.cuModuleGetFunction(code, name), 1, 1, 1, items, 1, 1, 0, null, [at], null);
      cuda.cuCtxSynchronize();
    };
    run("beyond", 1, a); run("gone", 1, b); run("unwritten", 1, a); run("racing", 2, a); run("parting", 16, a);
    console.log("done", process.argv.slice(2).join(" "));
  `;
  const kernelOf = { bounds: "beyond", lifetime: "gone", uninitialised: "unwritten", races: "racing", barriers: "parting" } as const;
  let file: string;
  beforeAll(() => {
    file = host("wrong.ts", wrong);
  });

  /** Kernel and class of each finding that was printed. */
  const told = (stderr: string): readonly string[] => stderr.split("\n").filter((line) => line !== "").map((line) => /^(\w+: \w+): .* in line \d+/.exec(line)?.[1] ?? line).sort();
  const expected = (classes: readonly (keyof typeof kernelOf)[]): readonly string[] => classes.map((name) => `${kernelOf[name]}: ${name}`).sort();
  const all = Object.keys(kernelOf) as readonly (keyof typeof kernelOf)[];

  test.each([
    ...all.map((name) => [`--check=${name}`, [name]] as const),
    ["--check", all], [`--check=${all.join()}`, all], ["--check=races,bounds", ["bounds", "races"]], ["--check=lifetime,lifetime", ["lifetime"]],
  ] as const)("%s finds that and nothing else, and ends with 1", (option, classes) => {
    const { code, stdout, stderr } = built.glassgpu(["run", option, file]);
    expect(told(stderr)).toEqual(expected(classes));
    expect([code, stdout]).toEqual([1, "done \n"]);
  });

  test("without it nothing is looked for; behind -- it is the program's; programs that are right end with 0", () => {
    expect(built.glassgpu(["run", file])).toEqual({ code: 0, stdout: "done \n", stderr: "" });
    expect(built.glassgpu(["run", file, "--", "--check"])).toEqual({ code: 0, stdout: "done --check\n", stderr: "" });
    expect(built.glassgpu(["run", "--check", host("right.ts", wrong.replace(/run\("beyond".*$/m, 'run("gone", 1, a);'))])).toEqual({ code: 0, stdout: "done \n", stderr: "" });
  });

  test.each([["bonds", "bonds"], ["bounds,", ""], ["", ""], ["Bounds,all", "Bounds"]])("--check=%s is refused before anything runs", (list, name) => {
    const { code, stdout, stderr } = built.glassgpu(["run", `--check=${list}`, file]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`--check: there is no class ${JSON.stringify(name)}; there are bounds, lifetime, uninitialised, races, barriers`);
  });
});
