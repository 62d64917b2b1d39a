/** Signal numbers of x86 and arm64 (signal(7)). */
export const Signal = {
  SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9, SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12,
  SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGSTKFLT: 16, SIGCHLD: 17, SIGCONT: 18, SIGSTOP: 19, SIGTSTP: 20, SIGTTIN: 21, SIGTTOU: 22, SIGURG: 23,
  SIGXCPU: 24, SIGXFSZ: 25, SIGVTALRM: 26, SIGPROF: 27, SIGWINCH: 28, SIGIO: 29, SIGPWR: 30, SIGSYS: 31,
} as const;

/** First real-time signal: from here on signals queue. */
export const SIGRTMIN = 32;
/** Last signal number. */
export const SIGRTMAX = 64;

/** What a signal does to a process that has said nothing about it. */
export type DefaultAction = "terminate" | "core" | "ignore" | "stop" | "continue";

const S = Signal;
const exceptions = new Map<number, DefaultAction>([
  ...[S.SIGQUIT, S.SIGILL, S.SIGTRAP, S.SIGABRT, S.SIGBUS, S.SIGFPE, S.SIGSEGV, S.SIGXCPU, S.SIGXFSZ, S.SIGSYS].map((n) => [n, "core"] as const),
  ...[S.SIGCHLD, S.SIGURG, S.SIGWINCH].map((n) => [n, "ignore"] as const),
  ...[S.SIGSTOP, S.SIGTSTP, S.SIGTTIN, S.SIGTTOU].map((n) => [n, "stop"] as const),
  [S.SIGCONT, "continue"],
]);

/** The default action of a signal. */
export function defaultAction(signo: number): DefaultAction {
  return exceptions.get(signo) ?? "terminate";
}

/** Whether a number is a signal's. */
export function isSignal(signo: number): boolean {
  return Number.isInteger(signo) && signo >= 1 && signo <= SIGRTMAX;
}

/** Neither of the two can be caught, blocked or ignored. */
export function isUnblockable(signo: number): boolean {
  return signo === S.SIGKILL || signo === S.SIGSTOP;
}
