import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { codeFolder, forgetOldBuilds, readCode, writeCode, writeStanding } from "../../../src/tools/loader/code-cache.ts";

const base = mkdtempSync(join(tmpdir(), "code-cache-"));
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

describe("files of compiled code", () => {
  const code = Buffer.from([1, 2, 3, 4, 5]);

  test("come back as they were written", () => {
    const file = join(base, "a/b/c.bin");
    writeCode(file, { code, compiled: 12.5, passed: 0 });
    expect(readCode(file)).toEqual({ code, compiled: 12.5, passed: 0 });
    writeStanding(file, { compiled: 50, passed: 2 });
    expect(readCode(file)).toEqual({ code, compiled: 50, passed: 2 });
    expect(readdirSync(join(base, "a/b"))).toEqual(["c.bin"]);
  });

  test("are nothing when they are missing, cut short or something else", () => {
    const file = join(base, "d.bin");
    expect(readCode(file)).toBeNull();
    writeCode(file, { code, compiled: 1, passed: 0 });
    truncateSync(file, readFileSync(file).length - 1);
    expect(readCode(file)).toBeNull();
    truncateSync(file, 3);
    expect(readCode(file)).toBeNull();
    writeFileSync(file, Buffer.alloc(100, 7));
    expect(readCode(file)).toBeNull();
    writeStanding(join(base, "none.bin"), { compiled: 1, passed: 1 });
    expect(readCode(join(base, "none.bin"))).toBeNull();
  });

  test("that cannot be written harm nobody", () => {
    writeFileSync(join(base, "file"), "");
    writeCode(join(base, "file/x.bin"), { code, compiled: 1, passed: 0 });
    expect(readCode(join(base, "file/x.bin"))).toBeNull();
  });
});

describe("the folder", () => {
  test("is the user's choice", () => {
    expect(codeFolder("b", { GLASSGPU_CACHE_DIR: "off" })).toBeNull();
    expect(codeFolder("b", { GLASSGPU_CACHE_DIR: "/x", XDG_CACHE_HOME: "/y" })).toBe(join("/x", "code", "b"));
    expect(codeFolder("b", { GLASSGPU_CACHE_DIR: "", XDG_CACHE_HOME: "/y" })).toBe(join("/y", "glassgpu", "code", "b"));
    expect(codeFolder("b", {})).toMatch(/\.cache.glassgpu.code.b$/);
  });

  test("keeps this build and the eight last others", () => {
    const parent = join(base, "code");
    const builds = Array.from({ length: 12 }, (_, i) => `build${i}`);
    builds.forEach((build, i) => {
      writeCode(join(parent, build, "x.bin"), { code: Buffer.alloc(1), compiled: 1, passed: 0 });
      utimesSync(join(parent, build), 1000 + i, 1000 + i);
    });
    forgetOldBuilds(join(parent, "build0"));
    expect(readdirSync(parent).sort()).toEqual(["build0", ...builds.slice(4)].sort());
  });
});
