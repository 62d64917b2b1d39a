import type { Detector } from "./detector.ts";

/** What can be watched for beside failures and deadlocks, which always are. */
export const detectorNames = ["races", "lifetimes", "leaks", "polling", "differences"] as const;
/** A class of mistakes. `differences`: outcomes that depend on the schedule. */
export type DetectorName = (typeof detectorNames)[number];

/** Makes the detectors of some classes, anew for each machine. @throws RangeError for a name that is none */
export function detectorsOf(names: readonly DetectorName[]): readonly (() => Detector)[] {
  const detectors: (() => Detector)[] = [];
  for (const name of names) {
    if (!detectorNames.includes(name)) throw new RangeError(`there is no detector ${JSON.stringify(name)}; there are ${detectorNames.join(", ")}`);
  }
  return detectors;
}
