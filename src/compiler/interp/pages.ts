import { PAGE_SHIFT, PAGE_SIZE, PTE_READ, PTE_WRITE, type AccessKind, type LinearMemory, type PageTableView } from "../abi.ts";
import { EmulatorBug } from "../../kernel/errors.ts";

/** Why a translation failed. */
export type Refusal = "illegal-address" | "write-protected";

const pageSize = BigInt(PAGE_SIZE);

/** Virtual memory of one launch: the machine's linear memory through the launch's page table, as `abi.ts` defines it. */
export class Pages {
  private readonly linear: LinearMemory;
  private readonly table: PageTableView;
  private current: DataView;

  constructor(linear: LinearMemory, table: PageTableView) {
    this.linear = linear;
    this.table = table;
    this.current = new DataView(linear.memory.buffer);
  }

  /** Linear memory as it is now: growing it makes a new buffer. */
  get view(): DataView {
    if (this.current.buffer !== this.linear.memory.buffer) this.current = new DataView(this.linear.memory.buffer);
    return this.current;
  }

  /** The linear address of one virtual address, or why there is none. */
  translate(address: bigint, kind: AccessKind): number | Refusal {
    const index = BigInt.asUintN(64, (address >> BigInt(PAGE_SHIFT)) - BigInt(this.table.basePage));
    if (index >= BigInt(this.table.pageCount)) return "illegal-address";
    const entry = this.view.getUint32(this.table.table + 4 * Number(index), true);
    const needed = (kind === "write" ? 0 : PTE_READ) | (kind === "read" ? 0 : PTE_WRITE);
    if ((entry & needed) !== needed) {
      const present = (entry & (PTE_READ | PTE_WRITE)) !== 0;
      return present && kind !== "read" && (entry & PTE_WRITE) === 0 ? "write-protected" : "illegal-address";
    }
    return Math.floor(entry / PAGE_SIZE) * PAGE_SIZE + Number(address % pageSize);
  }

  /**
   * Lets `use` work on the `size` bytes at `address`, contiguous in a view: linear memory itself, or a copy when the bytes lie in several pages (written back for
   * writes and atomics). All pages are translated before anything is touched.
   * @returns null, or why nothing happened
   */
  access(address: bigint, size: number, kind: AccessKind, use: (view: DataView, at: number) => void): Refusal | null {
    if (Number(address % pageSize) + size <= PAGE_SIZE) {
      const place = this.translate(address, kind);
      if (typeof place !== "number") return place;
      if (place + size > this.view.byteLength) throw new EmulatorBug(`page table entry leads past the end of linear memory (address 0x${address.toString(16)})`);
      use(this.view, place);
      return null;
    }
    const places: number[] = [];
    for (let i = 0; i < size; i++) {
      const place = this.translate(BigInt.asUintN(64, address + BigInt(i)), kind);
      if (typeof place !== "number") return place;
      places.push(place);
    }
    const copy = new DataView(new ArrayBuffer(size));
    places.forEach((place, i) => copy.setUint8(i, this.view.getUint8(place)));
    use(copy, 0);
    if (kind !== "read") places.forEach((place, i) => this.view.setUint8(place, copy.getUint8(i)));
    return null;
  }
}
