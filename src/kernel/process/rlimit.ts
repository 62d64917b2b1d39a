import { Errno } from "../errors.ts";
import type { Credentials } from "./cred.ts";

/** Resources that can be limited, Linux numbers (getrlimit(2)). */
export const RLIMIT_NPROC = 6;
export const RLIMIT_NOFILE = 7;
export const RLIMIT_NICE = 13;
export const RLIMIT_RTPRIO = 14;

/** No limit. */
export const RLIM_INFINITY: number = Number.POSITIVE_INFINITY;
/** The most that RLIMIT_NOFILE can be set to (fs.nr_open). */
const NR_OPEN = 1_048_576;

/** A soft limit, which counts, and the hard one that it may be raised to. */
export interface ResourceLimit {
  readonly soft: number;
  readonly hard: number;
}

/** A process's limits by resource number. */
export type ResourceLimits = Map<number, ResourceLimit>;

/** What a process begins with. */
export function defaultLimits(): ResourceLimits {
  return new Map([
    [RLIMIT_NPROC, { soft: RLIM_INFINITY, hard: RLIM_INFINITY }],
    [RLIMIT_NOFILE, { soft: 1024, hard: 524_288 }],
    [RLIMIT_NICE, { soft: 0, hard: 0 }],
    [RLIMIT_RTPRIO, { soft: 0, hard: 0 }],
  ]);
}

/** setrlimit(2). -EINVAL: no such resource, or soft above hard; -EPERM: a hard limit is raised without CAP_SYS_RESOURCE, or more files than any process may have. */
export function setLimit(limits: ResourceLimits, cred: Credentials, resource: number, wanted: ResourceLimit): number {
  const old = limits.get(resource);
  if (old === undefined || !(wanted.soft <= wanted.hard) || wanted.soft < 0) return -Errno.EINVAL;
  if (resource === RLIMIT_NOFILE && wanted.hard > NR_OPEN) return -Errno.EPERM;
  if (wanted.hard > old.hard && !cred.capabilities.has("CAP_SYS_RESOURCE")) return -Errno.EPERM;
  limits.set(resource, { soft: wanted.soft, hard: wanted.hard });
  return 0;
}
