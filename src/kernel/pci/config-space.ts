import type { PciFunction } from "./bus.ts";

/** Bytes of a PCI Express function's configuration space. */
export const CONFIG_BYTES = 4096;

/** Capability numbers of the first 256 bytes, and of what lies behind (PCI Express Base Specification 6, 7.5 to 7.9). */
export const PCI_CAP_ID_PM = 0x01;
export const PCI_CAP_ID_MSI = 0x05;
export const PCI_CAP_ID_EXP = 0x10;
export const PCI_EXT_CAP_ID_ERR = 0x0001;
export const PCI_EXT_CAP_ID_ACS = 0x000d;
export const PCI_EXT_CAP_ID_ATS = 0x000f;
export const PCI_EXT_CAP_ID_PRI = 0x0013;
export const PCI_EXT_CAP_ID_PASID = 0x001b;

/** What isolation between functions needs: source validation, request and completion redirection, upstream forwarding. */
export const PCI_ACS_ISOLATION = 0x1d;

/** Where the base address registers of a function lie: start and bytes of each, naturally aligned, 64-bit ones from 256 GiB on. */
export function barRanges(f: PciFunction): readonly { readonly start: number; readonly bytes: number }[] {
  let at = 2 ** 38 * (f.bus + 1);
  return f.bars.map((bytes) => {
    const start = Math.ceil(at / bytes) * bytes;
    at = start + bytes;
    return { start, bytes };
  });
}

/** A function's configuration space, as a read of all of it gives it. */
export function configSpace(f: PciFunction): Uint8Array {
  const bytes = new Uint8Array(CONFIG_BYTES);
  const view = new DataView(bytes.buffer);
  const w16 = (at: number, value: number): void => view.setUint16(at, value, true);
  const w32 = (at: number, value: number): void => view.setUint32(at, value >>> 0, true);
  w16(0x00, f.vendorId);
  w16(0x02, f.deviceId);
  // Command: memory space, bus master. Status: capability list.
  w16(0x04, 0x0006);
  w16(0x06, 0x0010);
  bytes[0x08] = 0xa1;
  bytes[0x09] = f.classCode & 0xff;
  w16(0x0a, f.classCode >>> 8);
  bytes[0x0e] = (f.bridge === undefined ? 0 : 1) | (f.multiFunction === true ? 0x80 : 0);
  if (f.bridge === undefined) {
    barRanges(f).slice(0, 3).forEach(({ start }, i) => {
      // Memory, 64 bits, prefetchable.
      w32(0x10 + 8 * i, (start % 2 ** 32) + 0xc);
      w32(0x14 + 8 * i, Math.floor(start / 2 ** 32));
    });
    w16(0x2c, f.subsystemId & 0xffff);
    w16(0x2e, f.subsystemId >>> 16);
  } else {
    bytes[0x18] = f.bus;
    bytes[0x19] = f.bridge.secondary;
    bytes[0x1a] = f.bridge.subordinate;
  }
  bytes[0x34] = 0x60;
  capability(bytes, 0x60, PCI_CAP_ID_PM, 0x68);
  capability(bytes, 0x68, PCI_CAP_ID_MSI, 0x78);
  capability(bytes, 0x78, PCI_CAP_ID_EXP, 0);
  // Port type: endpoint, or root port.
  w16(0x7a, 2 | ((f.bridge === undefined ? 0 : 4) << 4));
  w32(0x84, f.link.generation | (f.link.lanes << 4));
  w16(0x8a, f.link.generation | (f.link.lanes << 4));
  const extended: (readonly [number, number, (at: number) => void])[] = [[PCI_EXT_CAP_ID_ERR, 0x48, () => {}]];
  if (f.acs === true) extended.push([PCI_EXT_CAP_ID_ACS, 8, (at) => (w16(at + 4, PCI_ACS_ISOLATION), w16(at + 6, PCI_ACS_ISOLATION))]);
  if (f.ats === true) extended.push([PCI_EXT_CAP_ID_ATS, 8, (at) => w16(at + 6, 0x8000)]);
  if (f.pri === true) extended.push([PCI_EXT_CAP_ID_PRI, 16, (at) => (w16(at + 4, 1), w32(at + 8, 32))]);
  // Supported width of the number in bits 8 to 12; enabled.
  if ((f.pasids ?? 0) > 0) extended.push([PCI_EXT_CAP_ID_PASID, 8, (at) => (w16(at + 4, Math.floor(Math.log2(f.pasids! + 1)) << 8), w16(at + 6, 1))]);
  let at = 0x100;
  extended.forEach(([id, size, fill], i) => {
    const next = i + 1 < extended.length ? at + size : 0;
    w32(at, id | (1 << 16) | (next << 20));
    fill(at);
    at += size;
  });
  return bytes;
}

function capability(bytes: Uint8Array, at: number, id: number, next: number): void {
  bytes[at] = id;
  bytes[at + 1] = next;
}

/** Where a capability of the first 256 bytes is (pci_find_capability), or 0. */
export function findCapability(config: Uint8Array, id: number): number {
  for (let at = config[0x34]!; at !== 0; at = config[at + 1]!) if (config[at] === id) return at;
  return 0;
}

/** Where an extended capability is (pci_find_ext_capability), or 0. */
export function findExtendedCapability(config: Uint8Array, id: number): number {
  const view = new DataView(config.buffer, config.byteOffset);
  for (let at = 0x100; at !== 0; ) {
    const header = view.getUint32(at, true);
    if ((header & 0xffff) === id) return at;
    at = header >>> 20;
  }
  return 0;
}
