/**
 * For property tests: strategies that decide what the machine leaves open, exploration of all schedules, and checking of programs over many of them.
 * @packageDocumentation
 */
export { firstStrategy, formatDecisions, parseDecisions, replayStrategy, seededStrategy, type Alternative, type Strategy } from "../kernel/choices.ts";
export type { HostSharing } from "../kernel/footprint.ts";
export { exploreAll, TooManySchedules, type ExploredRun, type ExploreOptions } from "./explore.ts";
export { detectorNames, type DetectorName } from "./detect/index.ts";
export { checkSchedules, type CheckOptions, type CheckResult } from "./schedule/check.ts";
export type { Finding, FindingKind, Found } from "./schedule/finding.ts";
export type { Program, Schedule } from "./schedule/run.ts";
export { searchOf, strategyNames, type SearchOptions, type StrategyName } from "./strategy/index.ts";
export { exhaustiveSearch, type ExhaustiveOptions } from "./strategy/exhaustive.ts";
export { pctSearch } from "./strategy/pct.ts";
export { randomSearch } from "./strategy/random.ts";
export { decisionStrategy, replaySearch } from "./strategy/replay.ts";
export type { Search } from "./strategy/search.ts";
export { generators, type Fc, type GeneratedSchedule, type Generators, type ProgramSize } from "./generators.ts";
export { allowedOutcomes } from "./programs/allowed.ts";
export { apiNames, runProgram, type ApiName } from "./programs/index.ts";
export { ApiFailure, type Command, type LineProgram, type Outcome } from "./programs/language.ts";
export { properties, PropertyViolation, type Properties, type PropertyOptions } from "./properties.ts";
