import type { FacadeSpec } from "../api/facades.ts";
import { NvmlError, explanation } from "./errors.ts";
import { shapes } from "./shapes.ts";

/** What the tuple and throwing facades must know of NVML. */
export const nvmlFacade: FacadeSpec = {
  shape: (name) => (Object.hasOwn(shapes, name) ? shapes[name] : undefined),
  error: (name, code) => (code === 0 ? null : new NvmlError(name, code, explanation(name, code))),
};
