import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUmodule, CUsurfref, CUtexref } from "../abi/driver/types.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import type { Reference } from "./core/reference.ts";
import { moduleArgument } from "./module.ts";

/** Module Management [DEPRECATED]: the texture and surface references of a module's PTX. */

function find(t: Caller, outName: string, out: object | null, hmod: CUmodule | null, name: string | null, kind: "texref" | "surfref"): Reference | CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (out === null || name === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${outName} and name must not be NULL`);
  const module = moduleArgument(t, context, hmod, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof module === "number") return module;
  const reference = module.references?.get(name);
  if (reference !== undefined && reference.opaque.kind === kind) return reference;
  const names = [...(module.references ?? [])].flatMap(([known, { opaque }]) => (opaque.kind === kind ? [known] : []));
  return fail(t, cu.CUDA_ERROR_NOT_FOUND, `the module must have a .${kind} of that name`, { name, names: names.join(", ") });
}

/**
 * A texture reference of a module. It goes with the module.
 * @param pTexRef gets it
 * @param name of a .texref variable in the PTX text
 * @returns INVALID_VALUE: a pointer NULL, not a module. NOT_FOUND: no texture reference of that name.
 */
export function cuModuleGetTexRef(t: Caller, pTexRef: Out<CUtexref> | null, hmod: CUmodule | null, name: string | null): CUresult {
  const reference = find(t, "pTexRef", pTexRef, hmod, name, "texref");
  if (typeof reference === "number") return reference;
  if (reference.handle === 0) reference.handle = reference.context.driver.references.add(reference) as CUtexref;
  pTexRef!.value = reference.handle as CUtexref;
  return 0;
}

/**
 * A surface reference of a module. It goes with the module.
 * @param pSurfRef gets it
 * @param name of a .surfref variable in the PTX text
 * @returns INVALID_VALUE: a pointer NULL, not a module. NOT_FOUND: no surface reference of that name.
 */
export function cuModuleGetSurfRef(t: Caller, pSurfRef: Out<CUsurfref> | null, hmod: CUmodule | null, name: string | null): CUresult {
  const reference = find(t, "pSurfRef", pSurfRef, hmod, name, "surfref");
  if (typeof reference === "number") return reference;
  if (reference.handle === 0) reference.handle = reference.context.driver.surfaces.add(reference) as CUsurfref;
  pSurfRef!.value = reference.handle as CUsurfref;
  return 0;
}
