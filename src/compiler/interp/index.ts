import type { CodeEnv, DeviceCode, LaunchConfig, LaunchHooks, LoadedCode } from "../abi.ts";
import { EmulatorBug } from "../../kernel/errors.ts";
import { numberPlaces } from "../ir/convergence.ts";
import { deviceSymbols } from "../ir/kernel-info.ts";
import type { Module } from "../ir/module.ts";
import { assertValid } from "../ir/verify.ts";
import { prepare } from "./code.ts";
import { InterpreterExecution } from "./execution.ts";
import { Launch } from "./launch.ts";
import { makeStep } from "./steps.ts";

/**
 * The reference interpreter: executes the IR as `ir/ops.ts` says, slowly and obviously. It has the interface of the WebAssembly back end,
 * so a machine can run on either, and the two can be compared.
 * @throws EmulatorBug when the module is not valid
 */
export function interpretModule(module: Module): DeviceCode {
  assertValid(module);
  numberPlaces(module);
  const symbols = deviceSymbols(module);
  const program = prepare(module, symbols, makeStep);
  return {
    module,
    kernels: program.kernels,
    symbols,
    load: (env: CodeEnv): LoadedCode => ({
      start: (config: LaunchConfig, hooks: LaunchHooks): InterpreterExecution => {
        const info = program.kernels.get(config.kernel);
        const kernel = program.functions.get(config.kernel);
        if (info === undefined || kernel === undefined) throw new EmulatorBug(`the module has no kernel "${config.kernel}"`);
        if (config.symbols.length !== symbols.length) throw new EmulatorBug(`the module has ${symbols.length} variables, the launch gives ${config.symbols.length} addresses`);
        return new InterpreterExecution(new Launch(program, kernel, info, env, config, hooks));
      },
    }),
  };
}
