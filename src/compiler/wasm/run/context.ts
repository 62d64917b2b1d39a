import { DeviceFault, type FaultKind, type LaunchChecker, type LaunchHooks, type MemoryAccess, type PageTableView, type Site } from "../../abi.ts";
import type { Node } from "../graph/node.ts";
import type { Features, SiteInfo } from "../slow/program.ts";
import { slot } from "../lower/layout.ts";
import type { Views } from "./views.ts";

/** The launch that compiled code is running for, as its imports see it. */
export class Run {
  readonly kernel: string;
  readonly views: Views;
  readonly hooks: LaunchHooks;
  readonly pageTable: PageTableView;
  /** Linear address of the launch block, of the parameters in it, and of the slot in use. */
  readonly launch: number;
  readonly params: number;
  readonly paramBytes: number;
  slot = 0;
  readonly features: Features;
  /** Checked mode: who watches the launch. */
  readonly checked: LaunchChecker | null;
  private readonly siteList: SiteInfo[];

  constructor(kernel: string, views: Views, hooks: LaunchHooks, pageTable: PageTableView, launch: number, params: number, paramBytes: number, sites: SiteInfo[], features: Features, checked: LaunchChecker | null = null) {
    this.kernel = kernel;
    this.views = views;
    this.hooks = hooks;
    this.pageTable = pageTable;
    this.launch = launch;
    this.params = params;
    this.paramBytes = paramBytes;
    this.siteList = sites;
    this.features = features;
    this.checked = checked;
  }

  /** Operations at which work-items stop, by the number in their records. */
  get sites(): readonly SiteInfo[] {
    return this.siteList;
  }

  /** A number for an operation that compiled code has none for. */
  addSite(node: Node): number {
    const known = this.siteList.findIndex((site) => site.node === node);
    return known >= 0 ? known : this.siteList.push({ node, line: node.line > 0 ? node.line : null }) - 1;
  }

  /** Where work-item `item` of the group in the current slot is. Line 0: unknown. */
  site(line: number, item: number): Site {
    const { i32 } = this.views;
    const at = (offset: number): number => i32[(this.slot + offset) >> 2]!;
    const [nx, ny] = [Math.max(1, at(slot.ntid)), Math.max(1, at(slot.ntid + 4))];
    return {
      kernel: this.kernel, line: line > 0 ? line : null,
      block: [at(slot.ctaid), at(slot.ctaid + 4), at(slot.ctaid + 8)],
      thread: [item % nx, Math.floor(item / nx) % ny, Math.floor(item / (nx * ny))],
    };
  }

  /** Ends the kernel. @throws DeviceFault always */
  fault(kind: FaultKind, line: number, item: number, access: MemoryAccess | null, detail: string): never {
    throw new DeviceFault(kind, this.site(line, item), access, detail);
  }
}
