import { describe, expect, test } from "vitest";
import { compilerArguments } from "../../../src/compiler/clang/arguments.ts";
import { extensionArguments } from "../../../src/compiler/clang/extensions.ts";
import { parseBuildOptions, splitOptions, type BuildOptions } from "../../../src/compiler/clang/options.ts";

function options(text: string): BuildOptions {
  const parsed = parseBuildOptions(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.options;
}

describe("words of an options string", () => {
  test.each([
    ["", []], ["  -w   -g\t-I x\n", ["-w", "-g", "-I", "x"]], ['-D "A=b c" -DX=\'1 2\'', ["-D", "A=b c", "-DX=1 2"]], ["-DA=\\\"s\\\" -I a\\ b", ["-DA=\"s\"", "-I", "a b"]], ['-I ""', ["-I", ""]],
  ])("%j", (text, words) => {
    expect(splitOptions(text)).toEqual(words);
  });
  test("an open quote is an error", () => {
    expect(splitOptions('-D "A')).toBeNull();
    expect(parseBuildOptions('-D "A')).toMatchObject({ ok: false });
  });
});

describe("build options", () => {
  test("all that the specification lists", () => {
    const text = "-D A -DB=2 -D C(x)=x -I inc -Isys -cl-std=CL1.2 -cl-opt-disable -w -g -cl-kernel-arg-info -cl-single-precision-constant -cl-denorms-are-zero "
      + "-cl-fp32-correctly-rounded-divide-sqrt -cl-strict-aliasing -cl-uniform-work-group-size -cl-no-subgroup-ifp -cl-mad-enable -cl-no-signed-zeros -cl-unsafe-math-optimizations -cl-finite-math-only -cl-fast-relaxed-math";
    expect(options(text)).toMatchObject({
      defines: ["A", "B=2", "C(x)=x"], includes: ["inc", "sys"], std: "CL1.2", optimise: false, warnings: "none", debug: true, kernelArgInfo: true,
    });
    expect(options(text).switches).toHaveLength(11);
    expect(["-Werror", "-w", "-w -Werror", "-Werror -w"].map((text) => options(text).warnings)).toEqual(["errors", "none", "none", "none"]);
    expect(options("").std).toBeNull();
  });

  test.each(["-O3", "-cl-std=CL9", "-cl-std=", "-D", "-I", "-D 1x", "-D=3", "-foo", "file.cl", "-cl-fast", "-create-library", "--help", "-cl-nv-verbose"])("%s is invalid", (text) => {
    expect(parseBuildOptions(text)).toMatchObject({ ok: false });
  });

  test("a linker takes libraries and the mathematical switches only", () => {
    expect(parseBuildOptions("-create-library -enable-link-options -cl-finite-math-only -cl-no-subgroup-ifp", "link")).toMatchObject({ ok: true, options: { createLibrary: true, enableLinkOptions: true } });
    for (const text of ["-DA", "-cl-mad-enable", "-w", "-cl-std=CL3.0", "-enable-link-options"]) expect(parseBuildOptions(text, "link"), text).toMatchObject({ ok: false });
    expect(parseBuildOptions("-create-library", "compile")).toMatchObject({ ok: false });
  });
});

describe("arguments of the compiler", () => {
  test("the language is 3.0 unless asked otherwise; lines and argument information are always kept", () => {
    const args = compilerArguments(options("-DX=1 -I a"), []);
    expect(args).toEqual(expect.arrayContaining(["-cl-std=CL3.0", "-O2", "-triple", "spir64", "-cl-kernel-arg-info", "-debug-info-kind=line-tables-only", "-DX=1"]));
    expect(args.join(" ")).toContain("-I a");
    expect(compilerArguments(options("-cl-std=CL2.0"), [])).toContain("-cl-std=CL2.0");
  });

  test("switches without a meaning to the front end are left out", () => {
    const args = compilerArguments(options("-cl-opt-disable -Werror -cl-denorms-are-zero -cl-no-subgroup-ifp -cl-mad-enable"), []);
    expect(args).toContain("-O0");
    expect(args).toContain("-cl-mad-enable");
    expect(args).not.toContain("-cl-denorms-are-zero");
    expect(args).not.toContain("-cl-no-subgroup-ifp");
    expect(args.filter((arg) => arg === "-w" || arg === "-Werror")).toEqual(["-Werror"]);
  });

  test("exactly the device's extensions are on, and those that must agree do", () => {
    expect(extensionArguments([])).toEqual(["-cl-ext=-all"]);
    expect(extensionArguments(["cl_khr_fp64", "__opencl_c_int64"])).toEqual(["-cl-ext=-all,+cl_khr_fp64,+__opencl_c_int64,+__opencl_c_fp64", "-Dcl_khr_fp64=1"]);
  });
});
