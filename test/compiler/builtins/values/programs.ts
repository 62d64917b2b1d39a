import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileOpenCl } from "../../../../src/compiler/clang/build.ts";
import { imageExtensions, imageFeatures, languageExtensions, languageFeatures } from "../../../../src/compiler/clang/extensions.ts";
import { interpretModule } from "../../../../src/compiler/interp/index.ts";
import { openclToIr } from "../../../../src/compiler/llvm/opencl.ts";
import { compileModule } from "../../../../src/compiler/wasm/index.ts";
import { Program } from "../support.ts";

/** Everything that a device offers to programs. */
export const OFFERED: readonly string[] = [...languageExtensions, ...languageFeatures, ...imageExtensions, ...imageFeatures];

/** Both engines, for `test.each`. */
export const ENGINES: readonly (readonly [engine: string, compile: typeof compileModule])[] = [["interpreter", interpretModule], ["WebAssembly", compileModule]];

/** What only readers of the IR want: places in the source, and attributes. */
function stripped(ir: string): string {
  return ir.split("\n").filter((line) => !/^(!\d+ = (distinct )?!DI|; Function Attrs|source_filename|\s+#dbg_|!llvm\.dbg)/.test(line)).map((line) => line.replace(/, !dbg !\d+/g, "").replace(/ !dbg !\d+/g, "")).join("\n");
}

/**
 * LLVM IR that Clang makes of OpenCL C, kept in test/fixtures/opencl/values so that tests need no Clang; its first line says of which source it was made. GLASSGPU_WRITE_FIXTURES=1 writes it anew.
 * @throws Error for IR that was made of another source
 */
export function irOf(name: string, source: string): string {
  const file = fileURLToPath(new URL(`../../../fixtures/opencl/values/${name}.ll`, import.meta.url));
  const mark = `; source ${createHash("sha256").update(source).digest("hex").slice(0, 16)}`;
  if (process.env["GLASSGPU_WRITE_FIXTURES"] === "1" && !(existsSync(file) && readFileSync(file, "utf8").startsWith(mark))) {
    const result = compileOpenCl(source, { name, extensions: OFFERED });
    if (!result.ok) throw new Error(`${name} does not build: ${result.log}`);
    writeFileSync(file, `${mark}\n${stripped(result.ir)}`);
  }
  const ir = readFileSync(file, "utf8");
  if (!ir.startsWith(mark)) throw new Error(`${name}.ll is of another source: write it again with GLASSGPU_WRITE_FIXTURES=1`);
  return ir;
}

/** A program for each engine. */
export function programsOf(name: string, source: string): readonly (readonly [engine: string, program: Program])[] {
  const module = openclToIr(irOf(name, source), name);
  return ENGINES.map(([engine, compile]) => [engine, new Program(module, (given) => compile(given))] as const);
}
