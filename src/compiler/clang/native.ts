import { SOURCE_NAME } from "./arguments.ts";
import type { Compiled } from "./cache.ts";
import { environment, nodeModule } from "./host.ts";
import type { ClangRun, ClangTool } from "./tool.ts";

/** Oldest Clang whose LLVM IR has opaque pointers throughout. */
const OLDEST = 15;

/** Output of one compilation, bytes. */
const MAX_OUTPUT = 1 << 28;

/** Executables called clang in the folders of PATH, newest name first. */
function candidates(): string[] {
  const fs = nodeModule("node:fs");
  const path = nodeModule("node:path");
  if (fs === null || path === null) return [];
  const names = ["clang", ...Array.from({ length: 12 }, (_, n) => `clang-${26 - n}`)];
  const folders = (environment("PATH") ?? "").split(path.delimiter).filter((folder) => folder !== "");
  return names.flatMap((name) => folders.map((folder) => path.join(folder, process.platform === "win32" ? `${name}.exe` : name))).filter((file) => fs.existsSync(file));
}

class NativeClang implements ClangTool {
  readonly id: string;
  private readonly file: string;
  private readonly resources: string;

  constructor(file: string, version: string, resources: string) {
    this.file = file;
    this.id = `clang ${version} ${file}`;
    this.resources = resources;
  }

  run({ args, files }: ClangRun): Compiled {
    const fs = nodeModule("node:fs")!;
    const path = nodeModule("node:path")!;
    const folder = fs.mkdtempSync(path.join(nodeModule("node:os")!.tmpdir(), "glassgpu-clang-"));
    try {
      for (const [name, text] of Object.entries(files)) {
        // Headers found on this computer are where they are already.
        if (path.isAbsolute(name) || name.startsWith("..")) continue;
        const file = path.join(folder, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, text);
      }
      const here = process.cwd();
      const behind = args.map((arg, n) => (args[n - 1] === "-I" && !path.isAbsolute(arg) && !fs.existsSync(path.join(folder, arg)) ? path.resolve(here, arg) : arg));
      const result = nodeModule("node:child_process")!.spawnSync(
        this.file, ["-cc1", ...behind, "-resource-dir", this.resources, "-internal-isystem", path.join(this.resources, "include"), "-o", "program.ll", SOURCE_NAME],
        { cwd: folder, encoding: "utf8", maxBuffer: MAX_OUTPUT },
      );
      const log = `${result.stdout}${result.stderr}`;
      const output = path.join(folder, "program.ll");
      if (result.status !== 0 || !fs.existsSync(output)) return { ok: false, ir: "", log: result.error === undefined ? log : `${log}\n${result.error.message}\n` };
      return { ok: true, ir: fs.readFileSync(output, "utf8"), log };
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
}

/**
 * A Clang installed on the computer; null when there is none of version 15 or later.
 * @param file path of the executable; null: look through PATH
 */
export function nativeClang(file: string | null): ClangTool | null {
  const child = nodeModule("node:child_process");
  if (child === null) return null;
  for (const candidate of file === null ? candidates() : [file]) {
    const text = child.spawnSync(candidate, ["--version"], { encoding: "utf8" }).stdout ?? "";
    const version = /clang version (\d+)(\S*)/.exec(text);
    if (version === null || Number(version[1]) < OLDEST) continue;
    const resources = child.spawnSync(candidate, ["-print-resource-dir"], { encoding: "utf8" }).stdout?.trim() ?? "";
    return new NativeClang(candidate, `${version[1]}${version[2]}`, resources);
  }
  return null;
}
