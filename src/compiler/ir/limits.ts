/** Bounds of device execution that programs can see. */

/** Frames a work-item may have, the kernel's included. One call more is the fault "stack-overflow" at that call. */
export const MAX_CALL_DEPTH = 256;

/** First byte of the kernel's frame in local memory: below it lies nothing, so that no local variable's address is null. */
export const LOCAL_START = 16;

/** Local memory that recursion may use beyond one frame of each function. A frame that does not fit is the fault "stack-overflow" at the call. */
export const RECURSION_BYTES = 16384;

/** The dynamic part of shared memory begins at a multiple of this. */
export const DYNAMIC_SHARED_ALIGN = 16;

/** Work-group barriers a group has: ids 0 to 15. Another id is the fault "illegal-instruction". */
export const BARRIERS = 16;

/** Bytes of a %s argument that printf reads before it gives up looking for the end. */
export const MAX_PRINTF_STRING = 65536;

/** Instructions (by cost) that a work-item may execute without blocking before others of its group get a turn. */
export const TURN = 16384;
