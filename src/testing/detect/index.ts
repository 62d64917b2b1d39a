import type { Observer } from "../../kernel/observe.ts";
import type { Machine } from "../../machine.ts";
import type { Finding } from "../schedule/finding.ts";
import type { Detector } from "./detector.ts";
import { fanout } from "./fanout.ts";
import { LeakDetector } from "./leaks.ts";
import { PollingDetector } from "./polling.ts";
import { RaceDetector } from "./races/detector.ts";

/** What can be watched for beside failures and deadlocks, which always are. */
export const detectorNames = ["races", "lifetimes", "leaks", "polling", "differences"] as const;
/** A class of mistakes. `differences`: outcomes that depend on the schedule. */
export type DetectorName = (typeof detectorNames)[number];

/** The observers that a machine needs for some classes, as one detector. */
class Watching implements Detector {
  private readonly names: ReadonlySet<DetectorName>;
  private readonly ends: ((failed: boolean) => readonly Finding[])[] = [];

  constructor(names: ReadonlySet<DetectorName>) {
    this.names = names;
  }

  attach(machine: Machine): void {
    const { names } = this;
    const observers: Observer[] = [];
    if (names.has("races") || names.has("lifetimes")) {
      const races = new RaceDetector(machine);
      observers.push(races);
      this.ends.push(() => races.finish().filter(({ kind }) => names.has(kind === "race" ? "races" : "lifetimes")));
    }
    if (names.has("leaks")) {
      const leaks = new LeakDetector(machine);
      observers.push(leaks.observer);
      this.ends.push((failed) => (failed ? (leaks.finish(), []) : leaks.finish()));
    }
    if (names.has("polling")) {
      const polling = new PollingDetector();
      observers.push(polling.observer);
      this.ends.push(() => polling.finish());
    }
    machine.kernel.observer = fanout(observers);
  }

  finish(failed: boolean): readonly Finding[] {
    return this.ends.flatMap((end) => end(failed));
  }
}

/** Makes the detectors of some classes, anew for each machine. @throws RangeError for a name that is none */
export function detectorsOf(names: readonly DetectorName[]): readonly (() => Detector)[] {
  for (const name of names) {
    if (!detectorNames.includes(name)) throw new RangeError(`there is no detector ${JSON.stringify(name)}; there are ${detectorNames.join(", ")}`);
  }
  const wanted = new Set(names);
  return names.some((name) => name !== "differences") ? [() => new Watching(wanted)] : [];
}
