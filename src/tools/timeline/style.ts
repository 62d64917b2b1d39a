/** Style sheet of the timeline page. */
export const style: string = `
:root { color-scheme: light; --bg: #ffffff; --band: #f5f6f8; --line: #dfe3e8; --text: #1c2127; --muted: #66707d; --accent: #b07d00; --bad: #d42a2a; --depend: #2563c9; }
:root[data-theme="dark"] { color-scheme: dark; --bg: #14171c; --band: #1a1e25; --line: #2b313b; --text: #e3e7ed; --muted: #8c96a5; --accent: #f2c744; --bad: #ff5d5d; --depend: #6aa5ff; }
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; background: var(--bg); color: var(--text); font: 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; padding: 8px 12px; border-bottom: 1px solid var(--line); }
h1 { font-size: 15px; margin: 0; } h2 { font-size: 14px; margin: 0 0 8px; } h3 { font-size: 12px; margin: 0 0 6px; color: var(--muted); font-weight: 600; }
.sub { color: var(--muted); margin-right: auto; }
button, input { font: inherit; color: inherit; background: var(--band); border: 1px solid var(--line); border-radius: 5px; padding: 2px 9px; }
button { cursor: pointer; } button:hover { border-color: var(--muted); }
button[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
#search { width: 150px; }
#legend, .kinds { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.bar2 { display: flex; flex-wrap: wrap; gap: 6px 18px; padding: 6px 12px; border-bottom: 1px solid var(--line); font-size: 12px; }
.kinds { color: var(--muted); gap: 12px; }
.kinds i { display: inline-block; width: 20px; height: 11px; margin-right: 5px; vertical-align: -1px; background: #2f6fd0; border-radius: 1px; }
.kinds .api i { opacity: .3; } .kinds .copy i { border-top: 3px solid #a9c6f2; }
.kinds .wait i { background: repeating-linear-gradient(135deg, var(--line) 0 1.5px, transparent 1.5px 4px); border: 1px solid var(--line); }
.kinds .arrow i { background: none; width: auto; height: auto; font: 14px/11px system-ui, sans-serif; margin-right: 3px; } .kinds .depends i { color: var(--depend); } .kinds .wakes i { color: var(--accent); }
.kinds .failed i { border-bottom: 3px solid var(--bad); }
.chip { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px; vertical-align: -1px; }
#overview { display: block; width: 100%; height: 34px; flex: none; border-bottom: 1px solid var(--line); cursor: ew-resize; }
#stage { position: relative; flex: 1 1 auto; min-height: 160px; }
#picture { position: absolute; inset: 0; width: 100%; height: 100%; display: block; touch-action: none; }
#picture:focus-visible { outline-offset: -2px; }
#details { flex: none; height: 190px; overflow: auto; padding: 10px 12px; border-top: 1px solid var(--line); background: var(--band); }
.columns { display: flex; flex-wrap: wrap; gap: 12px 40px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 1px 12px; margin: 0; } dt { color: var(--muted); } dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
ul { margin: 0; padding: 0; list-style: none; }
.link { border: 0; background: none; padding: 0; color: var(--accent); text-decoration: underline; }
.share { display: flex; align-items: center; gap: 10px; } .who { min-width: 150px; } .number { min-width: 70px; text-align: right; font-variant-numeric: tabular-nums; }
.meter { width: 160px; height: 10px; background: var(--line); border-radius: 2px; } .meter .chip { display: block; height: 100%; margin: 0; }
.notes { margin: 0 0 10px; } .notes li { border-left: 3px solid var(--bad); padding: 1px 0 1px 10px; margin: 0 0 6px; } .notes pre { margin: 2px 0 0; white-space: pre-wrap; font: 12px/1.5 ui-monospace, Menlo, Consolas, monospace; color: var(--muted); }
.bad { color: var(--bad); font-style: normal; }
#tip { position: fixed; z-index: 2; max-width: 420px; padding: 7px 10px; background: var(--bg); border: 1px solid var(--line); border-radius: 6px; box-shadow: 0 4px 18px rgba(0,0,0,.25); pointer-events: none; font-size: 12px; }
#help { position: fixed; z-index: 3; inset: 0; margin: auto; width: max-content; height: max-content; max-width: 94vw; padding: 16px 22px; background: var(--bg); border: 1px solid var(--line); border-radius: 8px; box-shadow: 0 8px 40px rgba(0,0,0,.4); }
kbd { font: 11px ui-monospace, monospace; border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 4px; padding: 0 5px; background: var(--band); }
[hidden] { display: none !important; }
#live { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;
