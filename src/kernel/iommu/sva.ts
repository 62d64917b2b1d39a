import { Errno, invariant } from "../errors.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import { mutant } from "../mutants.ts";
import type { IommuDomain } from "./domain.ts";
import type { IommuDevice } from "./iommu.ts";

/** Answer to a page request (enum iommu_page_response_code): mapped now; not possible, do not try again; nobody answers. */
export type PageResponse = "SUCCESS" | "INVALID" | "FAILURE";

/** A page that a device asked for. */
export interface PageRequest {
  readonly device: string;
  readonly pasid: number;
  readonly address: number;
  readonly write: boolean;
  readonly response: PageResponse;
}

/** Page requests kept for inspection. */
const MAX_REQUESTS = 256;

/** A process that devices share the address space of. */
interface Shared {
  readonly mm: AddressSpace;
  readonly pasid: number;
  readonly domain: IommuDomain;
  /** Bindings by device. */
  readonly users: Map<IommuDevice, number>;
  alive: boolean;
}

/** Devices that work in processes' address spaces (drivers/iommu/iommu-sva.c). A process has one PASID for all devices. */
export class SvaDomains {
  /** Newest last. */
  readonly requests: PageRequest[] = [];
  private readonly byMm: Map<AddressSpace, Shared> = new Map();
  private readonly byPasid: Map<number, Shared> = new Map();
  private readonly allocate: (type: "sva") => IommuDomain;

  constructor(allocate: (type: "sva") => IommuDomain) {
    this.allocate = allocate;
  }

  /** Processes that are bound to devices. */
  get size(): number {
    return this.byPasid.size;
  }

  /** @returns the PASID, or -ENOSPC, -ESRCH */
  bind(device: IommuDevice, mm: AddressSpace): number {
    if (mm.dead) return -Errno.ESRCH;
    let shared = this.byMm.get(mm);
    if (shared === undefined) {
      let pasid = 1;
      while (this.byPasid.has(pasid)) pasid++;
      if (pasid > device.maxPasids) return -Errno.ENOSPC;
      shared = this.share(mm, pasid);
    } else if (shared.pasid > device.maxPasids) return -Errno.ENOSPC;
    shared.users.set(device, (shared.users.get(device) ?? 0) + 1);
    device.pasids.set(shared.pasid, shared.domain);
    return shared.pasid;
  }

  private share(mm: AddressSpace, pasid: number): Shared {
    const domain = this.allocate("sva");
    const shared: Shared = { mm, pasid, domain, users: new Map(), alive: true };
    domain.walk = (address, write) => (shared.alive ? (mm.resolve(address, 1, write) ?? -1) : -1);
    mm.notifiers.add((_start, _end, event) => {
      if (event !== "release" || mutant("sva-outlives-process")) return;
      // The process is gone: its PASID stays with the devices until they unbind, and leads nowhere.
      shared.alive = false;
      this.byMm.delete(mm);
    });
    this.byMm.set(mm, shared);
    this.byPasid.set(pasid, shared);
    return shared;
  }

  /** @returns 0 or -ENOENT */
  unbind(device: IommuDevice, pasid: number): number {
    const shared = this.byPasid.get(pasid);
    const count = shared?.users.get(device);
    if (shared === undefined || count === undefined) return -Errno.ENOENT;
    if (count > 1) {
      shared.users.set(device, count - 1);
      return 0;
    }
    shared.users.delete(device);
    if (!mutant("sva-unbind-keeps-access")) device.pasids.delete(pasid);
    if (shared.users.size > 0) return 0;
    this.byPasid.delete(pasid);
    this.byMm.delete(shared.mm);
    return 0;
  }

  /**
   * A device asks for a page (PRI). A page that is only not present is brought in.
   * @returns SUCCESS: try again; INVALID: the process has no such memory, or has ended; FAILURE: nobody is responsible for the PASID
   */
  pageRequest(device: IommuDevice, pasid: number, address: number, write: boolean): PageResponse {
    const shared = device.pasids.has(pasid) ? this.byPasid.get(pasid) : undefined;
    const response: PageResponse = shared === undefined ? "FAILURE" : shared.alive && shared.mm.resolve(address, 1, write) !== null ? "SUCCESS" : "INVALID";
    if (this.requests.length === MAX_REQUESTS) this.requests.shift();
    this.requests.push({ device: device.name, pasid, address, write, response });
    return response;
  }

  checkInvariants(): void {
    for (const [pasid, shared] of this.byPasid) {
      invariant(shared.users.size > 0, "a PASID has users");
      for (const device of shared.users.keys()) invariant(device.pasids.get(pasid) === shared.domain, "a device that is bound has the PASID");
      invariant(!shared.alive || !shared.mm.dead, "a PASID of a process that has ended leads nowhere");
    }
  }
}
