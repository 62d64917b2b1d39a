/** Privileges that this kernel asks for (capabilities(7)). */
export const CAPABILITIES = [
  "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_IPC_LOCK", "CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_SYS_NICE", "CAP_SYS_RESOURCE",
] as const;
/** Name of a privilege. */
export type Capability = (typeof CAPABILITIES)[number];

/** Bit of each capability in the sets that /proc/<pid>/status shows (linux/capability.h). */
export const capabilityBit: { readonly [K in Capability]: number } = {
  CAP_DAC_OVERRIDE: 1, CAP_KILL: 5, CAP_SETGID: 6, CAP_SETUID: 7, CAP_IPC_LOCK: 14, CAP_SYS_PTRACE: 19, CAP_SYS_ADMIN: 21, CAP_SYS_NICE: 23, CAP_SYS_RESOURCE: 24,
};

/** Who a process is to others. Immutable: a change makes a new one. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly egid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  readonly capabilities: ReadonlySet<Capability>;
}

/** Group numbers of device nodes and directories. */
export const GROUPS = { root: 0, tty: 5, video: 44, render: 992 } as const;

/** root with every capability: what a process is unless it is said otherwise, as in most containers. */
export const ROOT: Credentials = { uid: 0, gid: 0, euid: 0, egid: 0, groups: [], capabilities: new Set(CAPABILITIES) };

/** An ordinary user, a member of the groups that may use GPUs. @param uid user number, also the group's */
export function userCredentials(uid: number, groups: readonly number[] = [GROUPS.video, GROUPS.render], capabilities: readonly Capability[] = []): Credentials {
  return { uid, gid: uid, euid: uid, egid: uid, groups, capabilities: new Set(capabilities) };
}

/** Whether someone may read (4), write (2) or execute (1) what belongs to `uid`:`gid` with a mode. */
export function permits(cred: Credentials, mode: number, uid: number, gid: number, want: number): boolean {
  if (cred.capabilities.has("CAP_DAC_OVERRIDE")) return true;
  const shift = cred.euid === uid ? 6 : cred.egid === gid || cred.groups.includes(gid) ? 3 : 0;
  return ((mode >> shift) & want) === want;
}
