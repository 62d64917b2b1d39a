import { hasBuiltin } from "../../../compiler/builtins/library.ts";
import { Linker } from "../../../compiler/ir/link.ts";
import type { LinkProblem } from "../../../compiler/ir/link-symbol.ts";
import type { Module } from "../../../compiler/ir/module.ts";
import { RESERVED } from "../../../compiler/ptx/lower/module.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { LinkedImage, LinkUnit } from "./image.ts";
import { isRefusal, type Refusal } from "./refusal.ts";
import { ptxModule } from "./unit.ts";

/** Joins PTX texts as nvlink joins relocatable objects, with its words for what is wrong. */
export class PtxLinker {
  readonly units: LinkUnit[] = [];
  private readonly target: readonly [number, number];
  private readonly linker = new Linker({ name: "linked", same: (name) => hasBuiltin(name) || name.startsWith(RESERVED), allVariables: true });

  /** @param target compute capability */
  constructor(target: readonly [number, number]) {
    this.target = target;
  }

  /** Compiles a text and takes it in. @returns why not, or null. */
  add(unit: LinkUnit): Refusal | null {
    const module = ptxModule(unit.ptx, unit.name, this.target, "unit");
    if (isRefusal(module)) return module;
    const problems = this.linker.add(module, unit.name);
    if (problems.length > 0) return refusal(problems);
    this.units.push(unit);
    return null;
  }

  /** The linked module, or what it lacks. */
  finish(): Module | Refusal {
    const linked = this.linker.finish();
    return "functions" in linked ? linked : refusal(linked);
  }
}

/** The module of a linked image, or why there is none. */
export function linkImage({ target, units }: LinkedImage): Module | Refusal {
  const linker = new PtxLinker(target);
  for (const unit of units) {
    const refused = linker.add(unit);
    if (refused !== null) return refused;
  }
  return linker.finish();
}

/** CUDA_ERROR_INVALID_SOURCE is what drivers answer, though the manual does not list it for cuLinkAddData and cuLinkComplete. */
function refusal(problems: readonly LinkProblem[]): Refusal {
  const lines = problems.map((problem) => `error   : ${sentence(problem)}`);
  return { code: cu.CUDA_ERROR_INVALID_SOURCE, rule: `the inputs cannot be linked: ${problems.map(sentence).join("; ")}`, log: lines.join("\n") };
}

function sentence({ kind, symbol, input, first }: LinkProblem): string {
  switch (kind) {
    case "duplicate": return `Multiple definition of '${symbol}' in '${input}', first defined in '${first}'`;
    case "space": return `Memory space doesn't match for '${symbol}' in '${input}', first specified in '${first}'`;
    case "size": return `Size doesn't match for '${symbol}' in '${input}', first specified in '${first}'`;
    case "managed": return `Managed attribute doesn't match for '${symbol}' in '${input}', first specified in '${first}'`;
    case "prototype": return `Prototype doesn't match for '${symbol}' in '${input}', first defined in '${first}'`;
    case "kernel": return `Function '${symbol}' not declared __global__ in all source files`;
    case "common-size": return `Common symbol '${symbol}' in file '${input}' has larger size than initialization`;
    case "undefined": return `Undefined reference to '${symbol}' in '${input}'`;
    default: {
      const never: never = kind;
      throw new Error(`not covered: ${String(never)}`);
    }
  }
}
