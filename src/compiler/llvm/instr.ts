import type { LInstr } from "./ast.ts";
import { lowerBinary, lowerCast, lowerFcmp, lowerIcmp, lowerNeg, lowerSelect } from "./arith.ts";
import { lowerAtomicRmw, lowerCmpxchg } from "./atomics.ts";
import { lowerCall } from "./calls.ts";
import type { FnLowering } from "./context.ts";
import { lowerAlloca, lowerGep, lowerLoad, lowerStore, orderOf, scopeOf } from "./memory.ts";
import { lowerExtract, lowerExtractValue, lowerInsert, lowerInsertValue, lowerShuffle } from "./vectors.ts";

/** Lowers one instruction that is neither a phi nor a terminator. */
export function lowerInstr(fx: FnLowering, i: LInstr): void {
  const name = i.dst;
  switch (i.op) {
    case "binary": return fx.set(name!, lowerBinary(fx, i));
    case "fneg": return fx.set(name!, lowerNeg(fx, i));
    case "freeze": return i.type.k === "ptr" ? fx.setPointer(name!, fx.pointer(i.a)) : fx.set(name!, fx.value(i.a));
    case "icmp": return fx.set(name!, lowerIcmp(fx, i));
    case "fcmp": return fx.set(name!, lowerFcmp(fx, i));
    case "select": return fx.set(name!, lowerSelect(fx, i));
    case "cast": return lowerAnyCast(fx, i);
    case "load": return fx.set(name!, lowerLoad(fx, i));
    case "store": return lowerStore(fx, i);
    case "gep": return fx.setPointer(name!, lowerGep(fx, i));
    case "alloca": return fx.aliased.has(name!) ? undefined : fx.setPointer(name!, lowerAlloca(fx, i));
    case "extractelement": return fx.set(name!, lowerExtract(fx, i));
    case "insertelement": return fx.set(name!, lowerInsert(fx, i));
    case "shufflevector": return fx.set(name!, lowerShuffle(fx, i));
    case "extractvalue": return fx.set(name!, lowerExtractValue(fx, i));
    case "insertvalue": return fx.set(name!, lowerInsertValue(fx, i));
    case "atomicrmw": return fx.set(name!, lowerAtomicRmw(fx, i));
    case "cmpxchg": return fx.set(name!, lowerCmpxchg(fx, i));
    case "fence": return fx.b.emit({ op: "fence", order: orderOf(fx, i.order), scope: scopeOf(fx, i.scope) });
    case "call": {
      const values = lowerCall(fx, i);
      if (name !== null) fx.set(name, values);
      return;
    }
    default: return fx.fail(`instruction ${i.op} in the middle of a block`);
  }
}

/** A cast of a pointer whose origin is known keeps the origin, so that accesses through it know their space. */
function lowerAnyCast(fx: FnLowering, i: LInstr & { op: "cast" }): void {
  const { generic } = fx.mod.dialect;
  if ((i.what === "addrspacecast" || i.what === "bitcast") && i.a.type.k === "ptr" && i.type.k === "ptr") {
    const from = fx.pointer(i.a);
    const to = fx.spaceOf(i.type);
    if (i.type.space === i.a.type.space) return fx.setPointer(i.dst!, from);
    if (i.type.space === generic) return fx.setPointer(i.dst!, { ...from, generic: from.space !== "generic" });
    if (from.space === to) return fx.setPointer(i.dst!, { ...from, generic: false });
  }
  fx.set(i.dst!, lowerCast(fx, i));
}
