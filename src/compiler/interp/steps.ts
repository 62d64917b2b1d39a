import { EmulatorBug } from "../../kernel/errors.ts";
import type { Fn } from "../ir/module.ts";
import type { Instr } from "../ir/ops.ts";
import type { Program, Step } from "./code.ts";
import { callStep, endStep, jumpStep, returnStep } from "./steps-control.ts";
import { addressStep, parameterStep, registerStep } from "./steps-launch.ts";
import { atomicStep, exchangeStep, loadStep, storeStep } from "./steps-memory.ts";
import { assertStep, printfStep } from "./steps-output.ts";
import { activeMaskStep, barrierStep, collectiveStep } from "./steps-sync.ts";
import { pure } from "./pure.ts";

/** The step of any instruction of the IR, phis excepted. */
export function makeStep(program: Program, fn: Fn, instr: Instr): Step {
  const compute = pure(fn, instr);
  if (compute !== null && "dst" in instr && typeof instr.dst === "number") {
    const { dst } = instr;
    return (_, frame) => void (frame.values[dst] = compute(frame.values));
  }
  switch (instr.op) {
    case "sreg": return registerStep(instr);
    case "param":
    case "paramaddr": return parameterStep(fn, instr);
    case "globaladdr": case "sharedaddr": case "dynsharedaddr": case "localaddr": case "funcaddr":
      return addressStep(program, instr);
    case "load": return loadStep(fn, instr);
    case "store": return storeStep(fn, instr);
    case "atomic": return atomicStep(fn, instr);
    case "cmpxchg": return exchangeStep(fn, instr);
    case "fence": return () => undefined; // one work-item at a time: memory is always consistent
    case "call":
    case "calli": return callStep(program, instr);
    case "ret": return returnStep(instr);
    case "br": case "condbr": case "switch": return jumpStep(fn, instr);
    case "exit": case "trap": case "unreachable": return endStep(instr);
    case "nanosleep": return (item) => void (item.status = "asleep");
    case "barrier":
    case "barred": return barrierStep(instr);
    case "warpsync": case "shfl": case "vote": case "match": case "redux": return collectiveStep(instr);
    case "activemask": return activeMaskStep(instr);
    case "printf": return printfStep(fn, instr);
    case "assertfail": return assertStep(instr);
    default: throw new EmulatorBug(`the interpreter has no step for ${instr.op}`);
  }
}
