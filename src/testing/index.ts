/**
 * For property tests: strategies that decide what the machine leaves open, and exploration of all schedules.
 * @packageDocumentation
 */
export { firstStrategy, replayStrategy, seededStrategy, type Strategy } from "../kernel/choices.ts";
export { exploreAll, TooManySchedules, type ExploredRun, type ExploreOptions } from "./explore.ts";
