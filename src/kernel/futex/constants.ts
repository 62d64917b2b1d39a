/** Commands of futex(2), Linux values. */
export const FUTEX_WAIT = 0;
export const FUTEX_WAKE = 1;
export const FUTEX_REQUEUE = 3;
export const FUTEX_CMP_REQUEUE = 4;
export const FUTEX_WAKE_OP = 5;
export const FUTEX_LOCK_PI = 6;
export const FUTEX_UNLOCK_PI = 7;
export const FUTEX_TRYLOCK_PI = 8;
export const FUTEX_WAIT_BITSET = 9;
export const FUTEX_WAKE_BITSET = 10;
export const FUTEX_WAIT_REQUEUE_PI = 11;
export const FUTEX_CMP_REQUEUE_PI = 12;
export const FUTEX_LOCK_PI2 = 13;
/** The word is used by one process only: its key is (address space, address). */
export const FUTEX_PRIVATE_FLAG = 128;
/** The absolute timeout is on CLOCK_REALTIME. In this machine both clocks count from its start. */
export const FUTEX_CLOCK_REALTIME = 256;
export const FUTEX_BITSET_MATCH_ANY = 0xffffffff;

/** Bits of the word of a priority-inheriting or robust futex. */
export const FUTEX_WAITERS = 0x80000000;
export const FUTEX_OWNER_DIED = 0x40000000;
export const FUTEX_TID_MASK = 0x3fffffff;

/** FUTEX_WAKE_OP: operations, comparisons, and the flag for a shifted operand. */
export const FUTEX_OP_SET = 0;
export const FUTEX_OP_ADD = 1;
export const FUTEX_OP_OR = 2;
export const FUTEX_OP_ANDN = 3;
export const FUTEX_OP_XOR = 4;
export const FUTEX_OP_OPARG_SHIFT = 8;
export const FUTEX_OP_CMP_EQ = 0;
export const FUTEX_OP_CMP_NE = 1;
export const FUTEX_OP_CMP_LT = 2;
export const FUTEX_OP_CMP_LE = 3;
export const FUTEX_OP_CMP_GT = 4;
export const FUTEX_OP_CMP_GE = 5;

/** futex_waitv(2): flags of one waiter. */
export const FUTEX2_SIZE_U32 = 2;
export const FUTEX2_PRIVATE = 128;
/** Most words that one futex_waitv may wait for. */
export const FUTEX_WAITV_MAX = 128;
export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;

/** Entries of a robust list that the kernel looks at when a thread ends. */
export const ROBUST_LIST_LIMIT = 2048;
/** Bytes of struct robust_list_head: next, offset of the words, the one being worked on; three u64. */
export const ROBUST_LIST_HEAD_SIZE = 24;
