import { expect, test } from "vitest";
import { openclToIr } from "../../../src/compiler/llvm/opencl.ts";
import { verifyModule } from "../../../src/compiler/ir/verify.ts";
import { callsOf, declarations, type Declaration } from "./declarations.ts";

/** Every builtin that Clang's header declares, with every type: it becomes a valid module. (Images and events need more than a call; they are tested in programs.) Without the optional package there is no header. */
const all = declarations();
const byName = new Map<string, Declaration[]>();
for (const declaration of all ?? []) byName.set(declaration.name, [...(byName.get(declaration.name) ?? []), declaration]);

test("the header was read", () => {
  if (all === null) return;
  expect(byName.size).toBeGreaterThan(950);
  expect(all.length).toBeGreaterThan(13_000);
  for (const name of ["convert_uchar16_sat_rte", "vstorea_half8_rtz", "atomic_fetch_min_explicit", "sub_group_clustered_reduce_logical_xor", "dot_acc_sat", "mad_sat", "ilogb"]) expect(byName.has(name), name).toBe(true);
});

test("every builtin is known with every type", { timeout: 120_000 }, () => {
  const faults: string[] = [];
  for (const [name, list] of byName) {
    try {
      const module = openclToIr(callsOf(list), name);
      if (module.functions.size < list.length) faults.push(`${name}: kernels are missing`);
      for (const fault of verifyModule(module)) faults.push(`${name}: ${String(fault)}`);
    } catch (error) {
      faults.push(`${name}: ${String(error)}`);
    }
  }
  expect(faults).toEqual([]);
});

test("a name that there is not would be noticed", () => {
  const type = { llvm: "float", mangled: "f", constant: null };
  expect(() => openclToIr(callsOf([{ name: "no_such_builtin", result: type, params: [type] }]), "x")).toThrow("no_such_builtin");
});
