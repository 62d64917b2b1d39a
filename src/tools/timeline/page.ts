import type { TraceEvent } from "../../kernel/trace/tracer.ts";
import { pageData, type PageNotes } from "./data.ts";
import { style } from "./style.ts";
import { connectInput } from "./viewer/input.ts";
import { layoutRows } from "./viewer/layout.ts";
import { startViewer } from "./viewer/main.ts";
import { makeModel } from "./viewer/model.ts";
import { makePainter } from "./viewer/paint.ts";
import { palette } from "./viewer/palette.ts";
import { makePanel } from "./viewer/panel.ts";
import { makeRuler } from "./viewer/ruler.ts";
import { formatTime, timeStep } from "./viewer/time.ts";
import type { Parts } from "./viewer/types.ts";
import { makeWarp } from "./viewer/warp.ts";

const parts: Parts = { formatTime, timeStep, palette, makeWarp, makeModel, layoutRows, makePainter, makeRuler, makePanel, connectInput };

/** Text that may stand inside a script element: nothing in it can end the element. */
function inScript(text: string): string {
  return text.replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

const keys: readonly (readonly [keys: string, what: string])[] = [
  ["W S", "zoom in, out (wheel too)"], ["A D", "left, right (drag too)"], ["↑ ↓", "scroll"], ["0", "whole trace"], ["N P", "next, previous bar of the row"],
  ["Enter", "zoom to the chosen bar"], ["/", "search"], ["F", "all arrows"], ["I", "squeeze idle time"], ["T", "dark or light"], ["Esc", "let go"],
];

const body = `
<header>
  <h1 id="title"></h1><span class="sub" id="subtitle"></span>
  <input id="search" type="search" placeholder="search  ( / )" aria-label="Search names">
  <button id="out" title="Zoom out (S)" aria-label="Zoom out">−</button><button id="in" title="Zoom in (W)" aria-label="Zoom in">+</button>
  <button id="fit" title="Whole trace (0)">fit</button>
  <button id="squeeze" title="Cut stretches in which nothing happens (I)">squeeze idle</button>
  <button id="arrows" title="From submission to work to wake-up (F)">arrows</button>
  <button id="theme" title="Dark or light (T)">dark</button>
  <button id="keys" title="Keys (?)">?</button>
</header>
<div class="bar2">
  <div id="legend" role="group" aria-label="Processes"></div>
  <div class="kinds"><span class="kernel"><i></i>kernel</span><span class="copy"><i></i>copy, fill</span><span class="api"><i></i>API call</span><span class="wait"><i></i>asleep</span><span class="failed"><i></i>failed</span><span class="arrow"><i>→</i>submits</span><span class="arrow depends"><i>→</i>waits for</span><span class="arrow wakes"><i>→</i>wakes</span></div>
</div>
<canvas id="overview" aria-hidden="true"></canvas>
<main id="stage"><canvas id="picture" tabindex="0" role="application" aria-label="Timeline. Press ? for the keys, N for the next bar."></canvas></main>
<section id="details" aria-label="Details"></section>
<div id="tip" hidden></div>
<div id="live" aria-live="polite"></div>
<div id="help" hidden role="dialog" aria-label="Keys"><h2>Keys</h2><dl>${keys.map(([key, what]) => `<dt>${key.split(" ").map((k) => `<kbd>${k}</kbd>`).join(" ")}</dt><dd>${what}</dd>`).join("")}</dl></div>
<noscript>This page draws its timeline with JavaScript.</noscript>`;

/** What a timeline page is called. */
export interface TimelineOptions extends PageNotes {
  /** Heading and window title. Default "glassgpu timeline". */
  readonly title?: string;
}

/**
 * A trace as one HTML page that needs nothing but itself: tracks by process, thread and engine; zoom, search, details; light and dark.
 * @param events as `machine.trace.events()` gives them.
 * @returns the page's text.
 */
export function htmlTimeline(events: readonly TraceEvent[], options: TimelineOptions = {}): string {
  const data = pageData(events, options.title ?? "glassgpu timeline", options);
  const functions = Object.entries(parts).map(([name, part]) => `${name}: ${String(part)}`);
  const script = `(() => {
const data = JSON.parse(document.getElementById("data").textContent);
document.getElementById("title").textContent = data.title;
document.getElementById("subtitle").textContent = data.subtitle;
const parts = {
${functions.join(",\n")}
};
(${String(startViewer)})(data, parts);
})();`;
  if (script.includes("</script")) throw new Error("the viewer's source must not end its own script element");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escapeHtml(data.title)}</title>
<style>${style}</style>
</head>
<body>${body}
<script type="application/json" id="data">${inScript(JSON.stringify(data))}</script>
<script>${script}</script>
</body>
</html>
`;
}
