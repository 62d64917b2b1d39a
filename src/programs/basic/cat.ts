import { O_RDONLY } from "../../kernel/sys/sys.ts";
import { errorWords } from "../io.ts";
import type { Program } from "../program.ts";

/** cat(1): files one after the other; "-" and nothing: standard input. Device and pipe files are read until they end. */
export const cat: Program = function* (c) {
  let code = 0;
  for (const path of c.args.length === 0 ? ["-"] : c.args) {
    const fd = path === "-" ? 0 : c.sys.open(path, O_RDONLY);
    const text = fd < 0 ? fd : yield* c.io.readAll(fd);
    if (path !== "-" && fd >= 0) c.sys.close(fd);
    if (typeof text === "number") {
      yield* c.io.err(`cat: ${path}: ${errorWords(text)}\n`);
      code = 1;
    } else yield* c.io.out(text);
  }
  return code;
};
