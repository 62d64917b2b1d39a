import { EmulatorBug } from "../../kernel/errors.ts";
import type { Fn } from "../ir/module.ts";
import type { Instr, SpecialRegister } from "../ir/ops.ts";
import { PARAM_WINDOW } from "../ir/types.ts";
import { codecs } from "./codec.ts";
import type { Program, Step } from "./code.ts";
import type { Value } from "./values.ts";
import type { WorkItem } from "./work-item.ts";

type Of<Op extends Instr["op"]> = Extract<Instr, { readonly op: Op }>;

const axis = { x: 0, y: 1, z: 2 } as const;

function register(reg: SpecialRegister): (item: WorkItem) => Value {
  const [family, dimension] = reg.split(".") as [string, "x" | "y" | "z" | undefined];
  const d = dimension === undefined ? 0 : axis[dimension];
  switch (family) {
    case "tid": return (item) => item.thread[d];
    case "ntid": return (item) => item.group.size[d];
    case "entid": return (item) => item.group.launch.config.block[d];
    case "ctaid": return (item) => item.group.block[d];
    case "nctaid": return (item) => item.group.launch.config.grid[d];
    case "gid": return ({ group, thread }) => {
      const { config } = group.launch;
      return BigInt(config.globalOffset[d]) + BigInt(group.block[d]) * BigInt(config.block[d]) + BigInt(thread[d]);
    };
    case "gsize": return (item) => BigInt(item.group.launch.config.globalSize[d]);
    case "goff": return (item) => BigInt(item.group.launch.config.globalOffset[d]);
    case "workdim": return (item) => item.group.launch.config.workDim;
    case "lane": return (item) => item.lane;
    case "warp": return (item) => item.warp;
    case "nwarp": return (item) => item.group.warps.length;
    case "warpsize": return (item) => item.group.launch.config.warpSize;
    case "smid": return (item) => item.group.multiprocessor;
    case "nsmid": return (item) => item.group.launch.config.smCount;
    case "clock64": return (item) => BigInt(item.group.launch.smInstructions[item.group.multiprocessor]! + item.turnSpent);
    case "globaltimer": return (item) => BigInt(Math.floor(item.group.launch.hooks.now()));
    case "dynshared": return (item) => item.group.launch.config.dynamicSharedBytes;
    case "gridid": return (item) => item.group.launch.config.gridId >>> 0;
    default: throw new EmulatorBug(`the interpreter has no special register ${reg}`);
  }
}

/** Reads a special register. */
export function registerStep({ reg, dst }: Of<"sreg">): Step {
  const read = register(reg);
  return (item, frame) => void (frame.values[dst] = read(item));
}

/** Reads a kernel parameter, or takes its address. */
export function parameterStep(fn: Fn, instr: Of<"param" | "paramaddr">): Step {
  const { dst, offset } = instr;
  if (instr.op === "paramaddr") return (_, frame) => void (frame.values[dst] = PARAM_WINDOW + BigInt(offset));
  const codec = codecs[fn.types[dst]!];
  return (item, frame) => void (frame.values[dst] = codec.read(item.group.launch.params, offset));
}

/** Addresses of variables and functions. */
export function addressStep(program: Program, instr: Of<"globaladdr" | "sharedaddr" | "dynsharedaddr" | "localaddr" | "funcaddr">): Step {
  const { dst } = instr;
  switch (instr.op) {
    case "globaladdr": {
      const { symbol, offset = 0n } = instr;
      return (item, frame) => {
        const address = item.group.launch.symbolAddresses.get(symbol);
        if (address === undefined) return item.group.launch.fault(item, "illegal-instruction", `the external variable "${symbol}" has no address`);
        frame.values[dst] = BigInt.asUintN(64, address + offset);
      };
    }
    case "sharedaddr": {
      const offset = BigInt(program.shared.offsets.get(instr.symbol)!);
      return (_, frame) => void (frame.values[dst] = offset);
    }
    case "dynsharedaddr": return (item, frame) => void (frame.values[dst] = BigInt(item.group.launch.dynamicShared));
    case "localaddr": {
      const { index } = instr;
      return (_, frame) => void (frame.values[dst] = BigInt(frame.localBase + frame.code.locals.offsets[index]!));
    }
    case "funcaddr": {
      const address = program.addresses.get(instr.symbol)!;
      return (_, frame) => void (frame.values[dst] = address);
    }
  }
}
