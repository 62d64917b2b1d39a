/** Where the ISA's figures put metadata of mma.sp, as data; docs/evidence/sparse-products.md has the sources. */

/** Bits of one lane of each group of four: they hold, lowest first, the codes of the chunks of these columns. */
export interface Cell {
  /** 0: rows 0 to 7, one a group; 8: rows 8 to 15. */
  readonly half: 0 | 8;
  /** Columns of A, with its zeros: first and one past the last. */
  readonly from: number;
  readonly to: number;
  /** The lane in its group, for a selector. */
  readonly lane: (selector: number) => number;
  readonly low: number;
}

/** What belongs to a shape and a type of A. */
export interface Layout {
  readonly k: number;
  readonly bits: 4 | 8 | 16 | 32;
  /** Elements of a chunk, zeros included, and of a sub-chunk that is zero or not as a whole. */
  readonly chunk: number;
  readonly part: number;
  readonly selectors: readonly number[];
  readonly cells: readonly Cell[];
}

const cell = (half: 0 | 8, from: number, to: number, lane: (selector: number) => number, low = 0): Cell => ({ half, from, to, lane, low });
const one = (f: number): number => f;
const first = (f: number): number => 2 * f;
const second = (f: number): number => 2 * f + 1;

/** By the bits of an element of A and K. */
export const layouts: Readonly<Record<string, Layout>> = {
  "16 k16": { k: 16, bits: 16, chunk: 4, part: 1, selectors: [0, 1, 2, 3], cells: [cell(0, 0, 16, one), cell(8, 0, 16, one, 16)] },
  "16 k32": { k: 32, bits: 16, chunk: 4, part: 1, selectors: [0, 1], cells: [cell(0, 0, 16, first), cell(8, 0, 16, first, 16), cell(0, 16, 32, second), cell(8, 16, 32, second, 16)] },
  "32 k8": { k: 8, bits: 32, chunk: 2, part: 1, selectors: [0, 1, 2, 3], cells: [cell(0, 0, 8, one), cell(8, 0, 8, one, 16)] },
  "32 k16": { k: 16, bits: 32, chunk: 2, part: 1, selectors: [0, 1], cells: [cell(0, 0, 8, first), cell(8, 0, 8, first, 16), cell(0, 8, 16, second), cell(8, 8, 16, second, 16)] },
  "8 k32": { k: 32, bits: 8, chunk: 4, part: 1, selectors: [0, 1], cells: [cell(0, 0, 32, first), cell(8, 0, 32, second)] },
  "8 k64": { k: 64, bits: 8, chunk: 4, part: 1, selectors: [0], cells: [cell(0, 0, 32, () => 0), cell(8, 0, 32, () => 1), cell(0, 32, 64, () => 2), cell(8, 32, 64, () => 3)] },
  "4 k64": { k: 64, bits: 4, chunk: 8, part: 2, selectors: [0, 1], cells: [cell(0, 0, 64, first), cell(8, 0, 64, second)] },
  "4 k128": { k: 128, bits: 4, chunk: 8, part: 2, selectors: [0], cells: [cell(0, 0, 64, () => 0), cell(8, 0, 64, () => 1), cell(0, 64, 128, () => 2), cell(8, 64, 128, () => 3)] },
};

/** The code of the chunk that begins at a column of a row, from the words of 32 lanes. */
export function codeAt({ cells, chunk }: Layout, words: readonly number[], selector: number, row: number, column: number): number {
  const found = cells.find(({ half, from, to }) => half === (row & 8) && column >= from && column < to)!;
  return (words[4 * (row & 7) + found.lane(selector)]! >>> (found.low + (4 * (column - found.from)) / chunk)) & 15;
}

/** Row-major dense A (16 by k) of the packed one (16 by k/2). Indices that are equal, which the ISA leaves undefined, add up. */
export function expand(layout: Layout, words: readonly number[], selector: number, packed: readonly number[]): number[] {
  const { k, chunk, part } = layout;
  const dense = Array.from({ length: 16 * k }, () => 0);
  for (let row = 0; row < 16; row++) {
    for (let column = 0; column < k; column += chunk) {
      const code = codeAt(layout, words, selector, row, column);
      const places = chunk === 2 ? [code === 14 ? 1 : 0] : [code & 3, code >> 2];
      places.forEach((place, i) => {
        for (let e = 0; e < part; e++) dense[row * k + column + place * part + e]! += packed[row * (k / 2) + column / 2 + i * part + e]!;
      });
    }
  }
  return dense;
}
