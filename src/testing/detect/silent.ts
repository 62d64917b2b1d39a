import type { Observer } from "../../kernel/observe.ts";

const nothing = (): void => {};

/** An observer that looks at nothing: detectors put what they need over it. */
export const silent: Observer = {
  called: nothing, returned: nothing, resumed: nothing, parked: nothing, threadStarted: nothing, joined: nothing, submitted: nothing, started: nothing, ended: nothing, signaled: nothing, saw: nothing,
  sawQueue: nothing, released: nothing, acquired: nothing, allocated: nothing, freed: nothing, touched: nothing, viewed: nothing, lent: nothing,
};
