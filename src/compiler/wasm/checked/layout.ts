/** Where checked code finds what is known of each byte of memory: shared by the code that is emitted and the checker that keeps it (src/check). */

/** Bytes of memory that one page of shadow describes. */
export const SHADOWED = 65536;

/**
 * Planes of a shadow page, each as large as the page. `state`: a byte for each byte. The others, of race detection, have a word for each aligned word: tags of its
 * last writer and last reader, and the source lines of those accesses.
 */
export const plane = { state: 0, writer: 65536, reader: 131072, writerLine: 196608, readerLine: 262144 } as const;

/** Bytes of a shadow page, with and without race detection. */
export const SHADOW_BYTES = { races: 327680, plain: 65536 } as const;

/** State of a byte: inside a live allocation; and it has been written. */
export const ADDRESSABLE = 1;
export const DEFINED = 3;

/**
 * A tag says who accessed a word, and when: interval << 13, flags, work-item of the group. A group's life is cut into intervals by its barriers; numbers of intervals only
 * grow, over all launches, so that one comparison tells what came before.
 */
export const TAG_SHIFT = 13;
export const TAG_MANY: number = 1 << 12;
export const TAG_ATOMIC: number = 1 << 11;
/** The access was to a part of the word. */
export const TAG_PART: number = 1 << 10;
export const TAG_ITEM: number = (1 << 10) - 1;
/** Intervals there are before the history has to be forgotten. */
export const MAX_INTERVAL: number = 2 ** (32 - TAG_SHIFT) - 2;

/**
 * Bit of the line of a word's last writer: it was an atomic that only its own work-group is to see as one.
 */
export const NARROW_LINE = 0x8000_0000;

/**
 * What an access is, in the word that goes to the import `check`: bits 0 and 1 reads and writes, then these, from bit 8 on the words of it that are used, from bit 24 on its root + 1 when it has left
 * the memory that its pointer leads to.
 */
export const access = { synchronises: 4, narrow: 8, shared: 16, local: 32, usedShift: 8, rootShift: 24 } as const;
