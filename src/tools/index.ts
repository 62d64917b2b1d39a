/**
 * What people look at a machine with: traces as Perfetto JSON, as an HTML page, as text; coverage of the APIs.
 * @packageDocumentation
 */
export { chromeTrace, type ChromeEvent, type ChromeTrace } from "../kernel/trace/export-chrome.ts";
export { buildTimeline, type Details, type Mark, type Slice, type SliceKind, type Timeline, type TimelineProcess, type Track } from "../kernel/trace/export-timeline.ts";
export type { Counter } from "../kernel/trace/export-counters.ts";
export type { Flow } from "../kernel/trace/export-flows.ts";
export type { TimelineFinding } from "./timeline/annotate.ts";
export type { PageNotes } from "./timeline/data.ts";
export { htmlTimeline, type TimelineOptions } from "./timeline/page.ts";
export { textTimeline, type TextTimelineOptions } from "./timeline/text.ts";
