import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUlaunchAttributeID, CUresult, CUsynchronizationPolicy, CUlaunchMemSyncDomain } from "../abi/driver/enums.ts";
import type { CUaccessPolicyWindow, CUstream, CUstreamAttrValue } from "../abi/driver/types.ts";
import { anyStream } from "./core/arguments.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";

/** Stream Management: attributes. They are kept and given back; only the priority has an effect. */

/**
 * Copies all attributes of one stream to another of the same context.
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: streams of different contexts.
 */
export function cuStreamCopyAttributes(t: Caller, dst: CUstream | null, src: CUstream | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const to = anyStream(t, context, dst);
  if (typeof to === "number") return to;
  const from = anyStream(t, context, src);
  if (typeof from === "number") return from;
  if (to.context !== from.context) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "both streams must be of one context", { dst, src });
  to.accessPolicy = from.accessPolicy;
  to.syncPolicy = from.syncPolicy;
  to.memSyncDomain = from.memSyncDomain;
  to.memSyncDomainMap = from.memSyncDomainMap;
  return 0;
}

/**
 * One attribute of a stream.
 * @param value_out gets an object with the one member that belongs to the attribute
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: value_out NULL, no attribute of streams.
 */
export function cuStreamGetAttribute(t: Caller, hStream: CUstream | null, attr: CUlaunchAttributeID, value_out: Out<CUstreamAttrValue> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  if (value_out === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value_out must not be NULL");
  switch (attr) {
    case cu.CU_STREAM_ATTRIBUTE_ACCESS_POLICY_WINDOW:
      value_out.value = { accessPolicyWindow: (stream.accessPolicy ?? { base_ptr: 0, num_bytes: 0, hitRatio: 0, hitProp: 0, missProp: 0 }) as CUaccessPolicyWindow };
      return 0;
    case cu.CU_STREAM_ATTRIBUTE_SYNCHRONIZATION_POLICY:
      value_out.value = { syncPolicy: stream.syncPolicy as CUsynchronizationPolicy };
      return 0;
    case cu.CU_STREAM_ATTRIBUTE_PRIORITY:
      value_out.value = { priority: stream.priority };
      return 0;
    case cu.CU_STREAM_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
      value_out.value = { memSyncDomainMap: { ...stream.memSyncDomainMap } };
      return 0;
    case cu.CU_STREAM_ATTRIBUTE_MEM_SYNC_DOMAIN:
      value_out.value = { memSyncDomain: stream.memSyncDomain as CUlaunchMemSyncDomain };
      return 0;
    default: return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attr must be an attribute of streams (CU_STREAM_ATTRIBUTE_*)", { attr });
  }
}

/**
 * Sets one attribute of a stream.
 * @param value an object with the one member that belongs to the attribute
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: value NULL or without that member, no attribute of streams, a value out of range.
 */
export function cuStreamSetAttribute(t: Caller, hStream: CUstream | null, attr: CUlaunchAttributeID, value: In<CUstreamAttrValue> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  if (value === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value must not be NULL");
  const missing = (): CUresult => fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value must have the member that belongs to attr, in its range", { attr });
  switch (attr) {
    case cu.CU_STREAM_ATTRIBUTE_ACCESS_POLICY_WINDOW: {
      const window = value.accessPolicyWindow;
      if (window === undefined || !((window.hitRatio ?? 0) >= 0 && (window.hitRatio ?? 0) <= 1)) return missing();
      stream.accessPolicy = { base_ptr: 0, num_bytes: 0, hitRatio: 0, hitProp: 0, missProp: 0, ...window };
      return 0;
    }
    case cu.CU_STREAM_ATTRIBUTE_SYNCHRONIZATION_POLICY:
      if (!(value.syncPolicy !== undefined && value.syncPolicy >= 1 && value.syncPolicy <= 4)) return missing();
      stream.syncPolicy = value.syncPolicy;
      return 0;
    case cu.CU_STREAM_ATTRIBUTE_PRIORITY: {
      if (value.priority === undefined) return missing();
      const { least, greatest } = stream.context.device.profile.priorities;
      stream.priority = Math.min(least, Math.max(greatest, value.priority));
      return 0;
    }
    case cu.CU_STREAM_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP: {
      const map = value.memSyncDomainMap;
      if (map === undefined || !((map.default_ ?? 0) < 4 && (map.remote ?? 0) < 4)) return missing();
      stream.memSyncDomainMap = { default_: map.default_ ?? 0, remote: map.remote ?? 0 };
      return 0;
    }
    case cu.CU_STREAM_ATTRIBUTE_MEM_SYNC_DOMAIN:
      if (!(value.memSyncDomain === 0 || value.memSyncDomain === 1)) return missing();
      stream.memSyncDomain = value.memSyncDomain;
      return 0;
    default: return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attr must be an attribute of streams (CU_STREAM_ATTRIBUTE_*)", { attr });
  }
}
