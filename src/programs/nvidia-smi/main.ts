import type { Blocking } from "../../kernel/process/wait.ts";
import { nvmlReturn_t } from "../../nvml/abi.ts";
import { wallClock } from "../date.ts";
import type { Program, ProgramContext } from "../program.ts";
import { Exit, NO_DEVICES, NO_DRIVER } from "./messages.ts";
import { parseOptions, type Options } from "./options.ts";
import { chosenGpus, snapshot, versionsOf, type GpuView } from "./snapshot.ts";
import { smiList, smiTable } from "./table.ts";

/** Views of the GPUs that were asked for; a number: the exit code, after a message. */
export function* viewsOf(c: ProgramContext, ids: string | null): Blocking<readonly GpuView[] | number> {
  const handles = yield* chosenGpus(c.nvml, ids);
  if (handles === null || handles.length === 0) {
    yield* c.io.out(NO_DEVICES);
    return Exit.notFound;
  }
  const views: GpuView[] = [];
  for (const handle of handles) {
    const view = yield* snapshot(c.nvml, handle);
    if (view !== null) views.push(view);
  }
  return views;
}

/** Repeats something every so many seconds (null: once), at most `count` times, until a signal ends the program. */
export function* repeat(c: ProgramContext, seconds: number | null, count: number, once: () => Blocking<number>): Blocking<number> {
  for (let i = 0; ; i++) {
    const code = yield* once();
    if (code !== 0 || seconds === null || i + 1 >= count) return code;
    yield* c.sys.nanosleep(seconds * 1e9);
  }
}

function* table(c: ProgramContext, options: Options): Blocking<number> {
  const views = yield* viewsOf(c, options.gpu);
  if (typeof views === "number") return views;
  yield* c.io.out(smiTable(views, yield* versionsOf(c.nvml), wallClock(c.sys)));
  return Exit.ok;
}

function* list(c: ProgramContext, options: Options): Blocking<number> {
  const views = yield* viewsOf(c, options.gpu);
  if (typeof views === "number") return views;
  yield* c.io.out(smiList(views));
  return Exit.ok;
}

/** nvidia-smi: what NVML knows, as tables, lists and commands. */
export const nvidiaSmi: Program = function* (c) {
  const options = parseOptions(c.args);
  if (typeof options === "string") {
    yield* c.io.out(options);
    return Exit.badArgument;
  }
  const started = yield* c.nvml.nvmlInit_v2();
  if (started !== nvmlReturn_t.NVML_SUCCESS) {
    yield* c.io.out(NO_DRIVER);
    return Exit.noDriver;
  }
  const once = (): Blocking<number> => (options.mode === "list" ? list(c, options) : table(c, options));
  const code = yield* repeat(c, options.loop, options.count, once);
  yield* c.nvml.nvmlShutdown();
  return code;
};
