import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import { Errno } from "../../kernel/errors.ts";
import type { ModuleImage } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUjitInputType, type CUjit_option, type CUresult } from "../abi/driver/enums.ts";
import type { CUlinkState } from "../abi/driver/types.ts";
import { isEnumerator } from "./core/arguments.ts";
import { compilePtx } from "./core/compile.ts";
import { enter, enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { decodeImage, encodeImage, imageText, isLinkedImage, type LinkUnit } from "./core/image.ts";
import { LinkState } from "./core/link-state.ts";
import { isRefusal, type Refusal } from "./core/refusal.ts";
import type { DriverState } from "./core/state.ts";
import { compiledLines, JitLogs, readJitOptions } from "./jit-options.ts";
import { COMPILE_NS_PER_CHARACTER } from "./module.ts";

/** Module Management: linking several PTX texts into one image. */

/**
 * Begins a link.
 * @param numOptions number of options
 * @param options which; logs are written by the later calls
 * @param optionValues their values
 * @param stateOut gets the link's state
 * @returns INVALID_VALUE: stateOut NULL, unknown options, a value of the wrong kind.
 */
export function cuLinkCreate_v2(t: Caller, numOptions: number, options: readonly CUjit_option[] | null, optionValues: readonly unknown[] | null, stateOut: Out<CUlinkState> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (stateOut === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "stateOut must not be NULL");
  const jit = readJitOptions(numOptions, options, optionValues);
  if (typeof jit === "string") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, jit);
  if (jit.globals.size > 0) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "symbols are bound to addresses by cuModuleLoadDataEx only");
  const { driver, device } = context;
  stateOut.value = driver.links.add(new LinkState(jit.target ?? device.profile.computeCapability, jit.maxRegisters, new JitLogs(jit))) as CUlinkState;
  return 0;
}

/** The link that a handle names. */
function linkArgument(t: Caller, driver: DriverState, state: CUlinkState | null): LinkState | CUresult {
  return driver.links.get(state ?? 0) ?? fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "state must be of a link that is not destroyed", { state });
}

/** Inputs that come in linked images or PTX; an object of other kinds cannot exist here. */
function units(text: string | Refusal, type: CUjitInputType, name: string): readonly LinkUnit[] | Refusal {
  if (typeof text !== "string") return text;
  if (!isLinkedImage(text)) {
    if (type === cu.CU_JIT_INPUT_PTX || type === cu.CU_JIT_INPUT_FATBINARY) return [{ name, ptx: text }];
    const what = "an input of this type must be an image of cuLinkComplete";
    return { code: cu.CUDA_ERROR_INVALID_IMAGE, rule: what, log: `error   : ${what}` };
  }
  if (type === cu.CU_JIT_INPUT_PTX || type === cu.CU_JIT_INPUT_NVVM) {
    const what = type === cu.CU_JIT_INPUT_PTX ? "an input of type CU_JIT_INPUT_PTX must be PTX text" : "there is no compiler for LLVM bitcode of NVVM";
    return { code: type === cu.CU_JIT_INPUT_PTX ? cu.CUDA_ERROR_INVALID_PTX : cu.CUDA_ERROR_INVALID_IMAGE, rule: what, log: `error   : ${what}` };
  }
  const image = decodeImage(text);
  return isRefusal(image) ? image : image.units;
}

/** Adds an input that has been read. */
function add(t: Caller, link: LinkState, type: CUjitInputType, data: ModuleImage, name: string): CUresult {
  const text = imageText(data);
  const inputs = units(text, type, name);
  const nanoseconds = typeof text === "string" ? text.length * COMPILE_NS_PER_CHARACTER : 0;
  t.sys.spend(nanoseconds);
  const refused = isRefusal(inputs) ? inputs : link.add(inputs);
  link.logs.add("", refused === null ? "" : `${refused.log}\n`, nanoseconds);
  return refused === null ? 0 : fail(t, refused.code, refused.rule, { name });
}

/** What both ways of adding check first. */
function checked(t: Caller, state: CUlinkState | null, type: CUjitInputType, numOptions: number, options: readonly CUjit_option[] | null, optionValues: readonly unknown[] | null): LinkState | CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const link = linkArgument(t, driver, state);
  if (typeof link === "number") return link;
  if (!isEnumerator(CUjitInputType, type) || type === cu.CU_JIT_NUM_INPUT_TYPES) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "type must be of CUjitInputType", { type });
  const jit = readJitOptions(numOptions, options, optionValues);
  if (typeof jit === "string") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, jit);
  return link.image === null ? link : fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "the link is complete: nothing can be added", { state });
}

/**
 * Adds an input in memory to a link.
 * @param type CU_JIT_INPUT_PTX or CU_JIT_INPUT_FATBINARY: PTX text. CU_JIT_INPUT_CUBIN and the others: an image of cuLinkComplete
 * @param data of `size` bytes
 * @param name for messages; may be NULL
 * @param numOptions options for this input alone; those of cuLinkCreate hold for what they do not say
 * @returns INVALID_HANDLE: no link, or complete. INVALID_VALUE: data NULL, a size of 0 or beyond the data, unknown type or options. INVALID_PTX, UNSUPPORTED_PTX_VERSION, NO_BINARY_FOR_GPU: as
 * cuModuleLoadData. INVALID_IMAGE: not an image. INVALID_SOURCE: it does not go with the inputs before (two definitions, other types or sizes). Nothing is added then.
 */
export function cuLinkAddData_v2(
  t: Caller, state: CUlinkState | null, type: CUjitInputType, data: ModuleImage | null, size: number, name: string | null, numOptions: number, options: readonly CUjit_option[] | null, optionValues: readonly unknown[] | null,
): CUresult {
  const link = checked(t, state, type, numOptions, options, optionValues);
  if (typeof link === "number") return link;
  if (data === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "data must not be NULL");
  // A string's NUL may be counted.
  const has = typeof data === "string" ? data.length + 1 : data.byteLength;
  if (!(size > 0 && size <= has)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "size must be that of data, in bytes", { size, data: has });
  const part = typeof data === "string" ? data.slice(0, size) : new Uint8Array(data.buffer, data.byteOffset, size);
  return add(t, link, type, part, name ?? `input ${link.inputs + 1}`);
}

/**
 * Adds a file of the simulated machine to a link.
 * @param path of the file
 * @returns FILE_NOT_FOUND: no such file. INVALID_VALUE: path NULL, unknown type or options. Else as cuLinkAddData.
 */
export function cuLinkAddFile_v2(
  t: Caller, state: CUlinkState | null, type: CUjitInputType, path: string | null, numOptions: number, options: readonly CUjit_option[] | null, optionValues: readonly unknown[] | null,
): CUresult {
  const link = checked(t, state, type, numOptions, options, optionValues);
  if (typeof link === "number") return link;
  if (path === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "path must not be NULL");
  const data = t.sys.readFile(path);
  if (data === -Errno.ENOMEM) return fail(t, errnoCode(data), errnoRule(data, "reading the file"));
  if (typeof data === "number") return fail(t, cu.CUDA_ERROR_FILE_NOT_FOUND, "path must name a readable file of the machine", { path });
  return add(t, link, type, data, path);
}

/**
 * Ends a link.
 * @param cubinOut gets the image, for cuModuleLoadData, cuLibraryLoadData or another link. NON-SPEC: it outlives the link's state
 * @param sizeOut gets its size in bytes; may be NULL
 * @returns INVALID_HANDLE: no link. INVALID_VALUE: cubinOut NULL. INVALID_SOURCE: undefined symbols; the error log names them.
 */
export function cuLinkComplete(t: Caller, state: CUlinkState | null, cubinOut: Out<ModuleImage> | null, sizeOut: Out<number> | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const link = linkArgument(t, driver, state);
  if (typeof link === "number") return link;
  if (cubinOut === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "cubinOut must not be NULL");
  if (link.image === null) {
    const refused = link.complete();
    if (refused !== null) {
      link.logs.add("", `${refused.log}\n`, 0);
      return fail(t, refused.code, refused.rule);
    }
    const { target, maxRegisters } = link;
    const image = encodeImage({ target, maxRegisters, units: link.units });
    const code = compilePtx(imageText(image) as string, "linked", target);
    if (isRefusal(code)) {
      link.logs.add("", `${code.log}\n`, 0);
      return fail(t, code.code, code.rule);
    }
    link.image = image;
    link.logs.add(compiledLines(code), "", 0);
  }
  cubinOut.value = link.image;
  if (sizeOut !== null) sizeOut.value = link.image.length;
  return 0;
}

/**
 * Forgets a link.
 * @returns INVALID_HANDLE: no link.
 */
export function cuLinkDestroy(t: Caller, state: CUlinkState | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const link = linkArgument(t, driver, state);
  if (typeof link === "number") return link;
  driver.links.remove(state!);
  return 0;
}
