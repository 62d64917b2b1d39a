import type { ValueId } from "../ir/ops.ts";
import type { LFunction, LInstr } from "./ast.ts";
import type { FnLowering } from "./context.ts";
import { lowerIntrinsic } from "./intrinsics.ts";

type Call = LInstr & { op: "call" };

/** Lowers a call: intrinsic, function of the module, builtin of the language, or a function for the linker. */
export function lowerCall(fx: FnLowering, i: Call): readonly ValueId[] {
  if (i.callee.k !== "global") return indirect(fx, i);
  const name = fx.mod.source.aliases.get(i.callee.name) ?? i.callee.name;
  const callee = fx.mod.source.functions.get(name) ?? null;
  if (callee !== null && callee.body >= 0) return direct(fx, i, callee);
  // A language may give intrinsics of its own a meaning (llvm.nvvm.*).
  const known = fx.mod.dialect.call(fx, callee, name, i);
  if (known !== null) return known;
  if (name.startsWith("llvm.")) return lowerIntrinsic(fx, name, i);
  if (callee === null || !fx.mod.allowUndefined) return fx.fail(`undefined function ${name}`, "link");
  return direct(fx, i, callee);
}

function direct(fx: FnLowering, i: Call, callee: LFunction): readonly ValueId[] {
  if (callee.varargs) return fx.fail(`call of the variadic function ${callee.name}`);
  const symbol = fx.mod.callable(callee);
  const dst = fx.types(i.type).map((type) => fx.b.value(type));
  fx.b.emit({ op: "call", dst, callee: symbol, args: i.args.flatMap((arg) => fx.value(arg)) });
  return dst;
}

function indirect(fx: FnLowering, i: Call): readonly ValueId[] {
  const target = fx.one(i.callee);
  const results = fx.types(i.type);
  const dst = results.map((type) => fx.b.value(type));
  const params = i.args.flatMap((arg) => fx.types(arg.type));
  fx.b.emit({ op: "calli", dst, target, args: i.args.flatMap((arg) => fx.value(arg)), params, results });
  return dst;
}
