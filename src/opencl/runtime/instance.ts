import type { Caller } from "../../api/caller.ts";
import type { DeviceCode } from "../../compiler/abi.ts";
import { functionAddresses } from "../../compiler/ir/layout.ts";
import type { GlobalVar } from "../../compiler/ir/module.ts";
import type { cl_error } from "../abi/errors.ts";
import type { Slot } from "./context-object.ts";
import { codeOf } from "./errno.ts";
import type { Instance, ProgramObject } from "./program-object.ts";
import { uploadBytes } from "./upload.ts";

const NO_SYMBOLS = new BigUint64Array(0);

/**
 * The program variables of an executable on a device, made at the first launch: memory, initial contents, addresses.
 * @returns them, or a code
 */
export function instanceOf(t: Caller, program: ProgramObject, code: DeviceCode, slot: Slot): Instance | cl_error {
  const known = program.instances.get(slot);
  if (known !== undefined) return known;
  const made = code.symbols.length === 0 ? { code, symbols: NO_SYMBOLS, pieces: [], ready: null } : layOut(t, program, code, slot);
  if (typeof made !== "number") program.instances.set(slot, made);
  return made;
}

function layOut(t: Caller, program: ProgramObject, code: DeviceCode, slot: Slot): Instance | cl_error {
  const { context } = program;
  const variables = code.symbols.map((name) => code.module.globals.get(name)!);
  const offsets: number[] = [];
  let size = 0;
  for (const variable of variables) {
    size = Math.ceil(size / variable.align) * variable.align;
    offsets.push(size);
    size += variable.size;
  }
  const piece = context.memory.take(t, Math.max(size, 1), context.slots.length > 1 ? "system" : "vram");
  if (typeof piece === "number") return codeOf(piece);
  const addresses = new Map(variables.map((variable, i) => [variable.name, BigInt(piece.address + offsets[i]!)]));
  const image = new Uint8Array(Math.max(size, 1));
  variables.forEach((variable, i) => fill(image, offsets[i]!, variable, addresses, functionAddresses(code.module)));
  const ready = uploadBytes(t, context, slot, piece.address, image, piece.placement === "system", program);
  if (typeof ready === "number") {
    context.memory.give(t, piece);
    return ready;
  }
  return { code, symbols: BigUint64Array.from(code.symbols, (name) => addresses.get(name)!), pieces: [piece], ready };
}

/** Writes a variable's initial bytes, with the addresses that they hold. */
function fill(image: Uint8Array, at: number, variable: GlobalVar, addresses: ReadonlyMap<string, bigint>, functions: ReadonlyMap<string, bigint>): void {
  if (variable.init !== null) image.set(variable.init, at);
  const view = new DataView(image.buffer);
  for (const reloc of variable.relocs) {
    const target = (addresses.get(reloc.symbol) ?? functions.get(reloc.symbol) ?? 0n) + reloc.addend;
    if (reloc.size === 8) view.setBigUint64(at + reloc.offset, BigInt.asUintN(64, target), true);
    else view.setUint32(at + reloc.offset, Number(BigInt.asUintN(32, target)), true);
  }
}
