import { Choices, firstStrategy } from "../../../src/kernel/choices.ts";
import { EventQueue, type Clock } from "../../../src/kernel/clock.ts";
import { Band, PAGING_PRIORITY } from "../../../src/kernel/wddm/constants.ts";
import { VidSchNode, type NodePorts } from "../../../src/kernel/wddm/node.ts";
import { Packet, type DmaWork, type SchedContext, type SchedDevice, type SchedProcess, type SchedulingProperties } from "../../../src/kernel/wddm/packet.ts";
import type { NodePolicy } from "../../../src/kernel/wddm/policy.ts";
import { VidMm } from "../../../src/kernel/wddm/vidmm.ts";

/** Something of a node's trace. */
export interface Line {
  readonly time: number;
  readonly name: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** How a mock engine treats a packet. */
export interface WorkShape {
  readonly ns: number;
  /** From the request to stop to the stop; Infinity: it does not listen. */
  readonly stopNs: number;
}

/** Work of a mock engine: it takes its time, and stops when it is asked to as late as its shape says. */
export class MockWork implements DmaWork {
  readonly label: string;
  state: "new" | "running" | "stopped" | "done" | "lost" = "new";
  packet!: Packet;
  left: number;
  ran = 0;
  stopAskedAt: number | null = null;
  private readonly bench: Bench;
  private readonly stopNs: number;
  private since = 0;
  private end: ReturnType<EventQueue["at"]> | null = null;
  private stop: ReturnType<EventQueue["at"]> | null = null;

  constructor(bench: Bench, label: string, shape: WorkShape) {
    this.bench = bench;
    this.label = label;
    this.left = shape.ns;
    this.stopNs = shape.stopNs;
  }

  begin(): boolean {
    this.resume();
    return true;
  }

  resume(): void {
    if (this.bench.onEngine !== null) throw new Error(`${this.label} begins while ${this.bench.onEngine.label} is on the engine`);
    this.bench.onEngine = this;
    this.state = "running";
    this.since = this.bench.clock.now;
    if (this.left !== Infinity) this.end = this.bench.events.at(this.since + this.left, () => this.finish(), "work ends");
  }

  suspend(stopped: () => void): void {
    this.stopAskedAt = this.bench.clock.now;
    if (this.stopNs === Infinity) return;
    this.stop = this.bench.events.at(this.bench.clock.now + this.stopNs, () => {
      this.leave("stopped");
      stopped();
    }, "work stops");
  }

  savedBytes(): number {
    return 0;
  }

  saveNs(): number {
    return 10;
  }

  restoreNs(): number {
    return 10;
  }

  /** The engine is reset under it. */
  lose(): void {
    this.leave("lost");
  }

  private finish(): void {
    this.leave("done");
    this.bench.node.completed(this.packet);
  }

  private leave(state: "stopped" | "done" | "lost"): void {
    if (this.end !== null) this.bench.events.cancel(this.end);
    if (this.stop !== null) this.bench.events.cancel(this.stop);
    this.end = this.stop = null;
    if (this.state === "running") {
      const ns = this.bench.clock.now - this.since;
      this.left -= ns;
      this.ran += ns;
      this.bench.onEngine = null;
    }
    this.state = state;
    this.stopAskedAt = null;
  }
}

/** A node with a mock engine behind it and no machine around it. */
export class Bench {
  readonly clock: Clock = { now: 0 };
  readonly events: EventQueue;
  readonly node: VidSchNode;
  readonly lines: Line[] = [];
  readonly work: MockWork[] = [];
  readonly timeouts: { readonly time: number; readonly work: MockWork }[] = [];
  onEngine: MockWork | null = null;
  /** The memory manager, where a test has one. */
  memory: VidMm<string> | null = null;
  readonly trims: { readonly device: SchedDevice; readonly bytesToTrim: number }[] = [];
  private lastContext = 0;
  private lastPacket = 0;

  constructor(policy: (chooser: { choose(n: number, label: string): number }) => NodePolicy, options: { readonly hws?: boolean; readonly tdrDelayNs?: number; readonly watchNs?: number } = {}) {
    const choices = new Choices(firstStrategy);
    this.events = new EventQueue(this.clock, choices, "timed");
    const ports: NodePorts = {
      clock: this.clock,
      events: this.events as NodePorts["events"],
      trace: { enabled: true, emit: (name, fields) => void this.lines.push({ time: this.clock.now, name, fields }) },
      resident: (packet) => packet.type === "paging" || (this.memory?.ready(packet.context.device) ?? true),
      left: (packet) => this.memory?.left(packet.context.device),
      tdrDelayNs: () => options.tdrDelayNs ?? Infinity,
      irqNs: 2,
      timeout: (node, packet) => {
        const work = packet.work as MockWork;
        this.timeouts.push({ time: this.clock.now, work });
        const lost = node.reset();
        work.lose();
        node.enqueueAgain(lost.filter((p) => p !== packet));
        node.pump();
      },
    };
    this.node = new VidSchNode(ports, 0, "compute", policy(choices), options.hws ?? false, options.watchNs ?? Infinity);
  }

  process(pid: number): SchedProcess {
    return { pid };
  }

  device(process: SchedProcess): SchedDevice {
    return { process };
  }

  context(device: SchedDevice, priority: number, properties: Partial<SchedulingProperties> = {}): SchedContext {
    return {
      id: ++this.lastContext, inOrder: true, device, priority, lastTurn: 0,
      properties: { band: Band.NORMAL, realtimeBandPriorityLevel: 0, inProcessPriority: 0, quantumNs: 1000, gracePeriodSamePriorityNs: 0, gracePeriodLowerPriorityNs: 0, ...properties },
    };
  }

  submit(context: SchedContext, shape: WorkShape, paging: boolean = false): MockWork {
    const work = new MockWork(this, `w${this.work.length}`, shape);
    if (paging) context.priority = PAGING_PRIORITY;
    work.packet = new Packet(paging ? "paging" : "compute", context, work, ++this.lastPacket, this.clock.now);
    this.work.push(work);
    this.node.enqueue(work.packet);
    return work;
  }

  /** Puts a memory manager with so many bytes behind the node; a move takes 100 ns. */
  attachMemory(localBytes: number, budgetShare: number = 1): VidMm<string> {
    this.memory = new VidMm<string>(
      {
        localBytes,
        move: (_allocation, _to, done) => void this.events.at(this.clock.now + 100, done, "paging"),
        discard: () => {},
      },
      {
        running: (device) => this.node.runs(device),
        waiting: (device) => this.node.awaits(device),
        pump: () => this.node.pump(),
        trim: (device, bytesToTrim) => void this.trims.push({ device, bytesToTrim }),
      },
      budgetShare,
    );
    return this.memory;
  }

  /** Lets time pass. */
  pass(ns: number): void {
    this.events.advance(this.clock.now + ns);
  }
}
