/** A function on the PCI bus. */
export interface PciFunction {
  readonly domain: number;
  readonly bus: number;
  readonly device: number;
  readonly function: number;
  readonly vendorId: number;
  readonly deviceId: number;
  /** Subsystem device in the upper, subsystem vendor in the lower 16 bits. */
  readonly subsystemId: number;
  /** Class code, 24 bits: 0x030000 VGA, 0x030200 3D controller, 0x038000 other display. */
  readonly classCode: number;
  /** Kernel driver bound to it. */
  driver: string | null;
  readonly link: { readonly generation: number; readonly lanes: number };
  /** Sizes of the base address registers, bytes. */
  readonly bars: readonly number[];
  /** A bridge: the bus behind it, and the last one below. */
  readonly bridge?: { readonly secondary: number; readonly subordinate: number };
  /** One of several functions of its device. */
  readonly multiFunction?: boolean;
  /** Keeps requests from below apart (Access Control Services, all that isolation needs). */
  readonly acs?: boolean;
  /** Caches translations (Address Translation Services). */
  readonly ats?: boolean;
  /** Asks for pages (Page Request Interface). */
  readonly pri?: boolean;
  /** Greatest process address space number it can use; absent or 0: none. */
  readonly pasids?: number;
  /** Its requests carry this function's name. */
  readonly aliasOf?: string;
}

/** Any vendor or device, in `getDevice`. */
export const PCI_ANY_ID = -1;

/** "0000:01:00.0" */
export function pciName(f: PciFunction): string {
  const hex = (n: number, width: number): string => n.toString(16).padStart(width, "0");
  return `${hex(f.domain, 4)}:${hex(f.bus, 2)}:${hex(f.device, 2)}.${f.function}`;
}

/** The bus that drivers look for their devices on. */
export class PciBus {
  private readonly functions: PciFunction[] = [];

  /** Adds a function; the bus is kept in the order of addresses, as enumeration finds them. */
  add(f: PciFunction): void {
    const after = this.functions.findIndex((other) => pciName(other) > pciName(f));
    this.functions.splice(after < 0 ? this.functions.length : after, 0, f);
  }

  /** Hot removal. */
  remove(f: PciFunction): void {
    const at = this.functions.indexOf(f);
    if (at >= 0) this.functions.splice(at, 1);
  }

  /** All functions, in the order of their addresses. */
  all(): readonly PciFunction[] {
    return this.functions;
  }

  /** The function at an address, "0000:01:00.0"; undefined: there is none. */
  find(name: string): PciFunction | undefined {
    return this.functions.find((f) => pciName(f) === name);
  }

  /**
   * The next function with these ids after `from` (pci_get_device): what a driver's probe walks the bus with. User programs
   * find GPUs by the nodes they may open, not by this.
   * @param from null for the first
   */
  getDevice(vendor: number, device: number, from: PciFunction | null): PciFunction | null {
    const start = from === null ? 0 : this.functions.indexOf(from) + 1;
    const matches = (f: PciFunction): boolean => (vendor === PCI_ANY_ID || f.vendorId === vendor) && (device === PCI_ANY_ID || f.deviceId === device);
    return this.functions.slice(start).find(matches) ?? null;
  }
}
