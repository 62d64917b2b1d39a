import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./usage.ts";

/** What parseArgs takes as options. */
type Options = NonNullable<ParseArgsConfig["options"]>;

/**
 * Reads a command's arguments. What stands after `--` is the program's own.
 * @throws UsageError for an unknown option or a missing value.
 */
export function parse<T extends Options>(args: readonly string[], options: T): { values: ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>["values"]; positionals: string[]; rest: string[] } {
  const split = args.indexOf("--");
  const own = split < 0 ? args : args.slice(0, split);
  try {
    const { values, positionals } = parseArgs({ args: [...own], options, allowPositionals: true, strict: true });
    return { values, positionals, rest: split < 0 ? [] : args.slice(split + 1) };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
