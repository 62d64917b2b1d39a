/** Weight of the newest value in the moving average: one in four (DECLARE_EWMA(drm_sched_avgtime, 6, 4)). */
const WEIGHT = 4;

/** A moving average of times. */
export class AverageTime {
  private value = 0;
  private any = false;

  add(ns: number): void {
    this.value = this.any ? (this.value * (WEIGHT - 1) + ns) / WEIGHT : ns;
    this.any = true;
  }

  /** Whole microseconds; 0 before the first value. */
  get us(): number {
    return Math.floor(this.value / 1000);
  }
}

/** What an entity has had of the hardware (drm_sched_entity_stats). */
export class EntityStats {
  /** Time from `scheduled` to `finished` of its jobs, ns. */
  runtime = 0;
  /** Jobs that ended. */
  jobs = 0;
  readonly average: AverageTime = new AverageTime();

  add(ns: number): void {
    this.runtime += ns;
    this.jobs++;
    this.average.add(ns);
  }
}
