import type { App, Parts } from "./types.ts";

/** The page's text: a tip beside the pointer, and below the picture what is known of the chosen bar, or who used the GPUs for how long. */
export interface Panel {
  tip(slice: number, x: number, y: number): void;
  details(): void;
}

/** Makes the panel of a page. */
export function makePanel(app: App, parts: Parts): Panel {
  const { data, model, state } = app;
  const { slices } = data;
  const tipBox = document.getElementById("tip")!;
  const box = document.getElementById("details")!;
  const live = document.getElementById("live")!;

  function element(name: string, className: string, ...children: (Node | string)[]): HTMLElement {
    const made = document.createElement(name);
    if (className !== "") made.className = className;
    made.append(...children);
    return made;
  }

  function processName(index: number): string {
    const process = data.processes[index];
    return process === undefined ? "the machine" : `${process.name} (pid ${process.pid})`;
  }

  function trackName(slice: number): string {
    const track = data.tracks[slices.track[slice]!]!;
    return `${track.group} · ${track.name}`;
  }

  function chip(process: number): HTMLElement {
    const made = element("i", "chip");
    made.style.background = process < 0 ? app.colors.muted : app.colors.process[process % app.colors.process.length]!;
    return made;
  }

  function facts(slice: number): [string, string][] {
    const start = slices.start[slice]!;
    const length = slices.length[slice]!;
    const kind = data.kinds[slices.kind[slice]!]!;
    const asleep = kind === "api" ? model.asleep(slice) : 0;
    // Work was asked for by the call that submitted it.
    const submission = kind === "api" ? undefined : model.flowsOf(slice).find((index) => data.flows[index]![4] === 0 && data.flows[index]![2] === slice);
    const caller = submission === undefined ? slice : data.flows[submission]![0];
    const site = model.detailsOf(slices.details[caller]!).find(([name]) => name === "site")?.[1];
    return [
      ...(site === undefined ? [] : [[caller === slice ? "called at" : "asked for at", site] as [string, string]]),
      ["kind", kind],
      ["where", trackName(slice)],
      ["for", processName(slices.process[slice]!)],
      ["cost", `${parts.formatTime(length, 6)} of virtual time${asleep === 0 ? "" : `: ${parts.formatTime(length - asleep, 4)} on the CPU, ${parts.formatTime(asleep, 4)} asleep`}`],
      ["from", parts.formatTime(start + data.start, 12)],
      ["to", parts.formatTime(start + length + data.start, 12)],
    ];
  }

  function table(rows: readonly (readonly [string, string])[]): HTMLElement {
    const made = element("dl", "");
    for (const [name, value] of rows) made.append(element("dt", "", name), element("dd", "", value));
    return made;
  }

  function jump(text: string, slice: number): HTMLElement {
    const made = element("button", "link", text);
    made.addEventListener("click", () => app.select(slice, true));
    return made;
  }

  function arrows(slice: number): HTMLElement {
    const list = element("ul", "");
    for (const index of model.flowsOf(slice)) {
      const [from, fromTime, to, toTime, kind] = data.flows[index]!;
      const outward = from === slice;
      const other = outward ? to : from;
      const verb = [["submitted by", "submitted"], ["woken by", "woke"], ["waited for", "let begin"]][kind]![Number(outward)]!;
      list.append(element("li", "", `${verb} `, jump(model.text(slices.name[other]!), other), ` in ${trackName(other)}, ${parts.formatTime(toTime - fromTime, 4)} ${outward ? "later" : "before"}`));
    }
    return list;
  }

  /** What was found, each with the bars that it is about. */
  function notes(): HTMLElement[] {
    if (data.notes.length === 0) return [];
    const list = element("ul", "notes");
    for (const note of data.notes) {
      const [head, ...rest] = note.message.split("\n");
      const item = element("li", "", element("b", "bad", `${note.kind}: `), head!.replace(`${note.kind}: `, ""));
      note.slices.forEach((slice) => item.append(" ", jump(`${model.text(slices.name[slice]!)} in ${trackName(slice)}`, slice)));
      if (rest.length > 0) item.append(element("pre", "", rest.map((line) => line.trim()).join("\n")));
      list.append(item);
    }
    return [element("h2", "", "What was found"), list];
  }

  function summary(): HTMLElement {
    const made = element("div", "columns");
    for (const [track, shares] of model.busy) {
      const total = [...shares.values()].reduce((a, b) => a + b, 0);
      const rows = [...shares].sort((a, b) => b[1] - a[1]);
      const body = element("div", "");
      for (const [process, ns] of rows) {
        const meter = element("span", "meter");
        const fill = chip(process);
        fill.style.width = `${Math.max(1, (ns / total) * 100)}%`;
        meter.append(fill);
        body.append(element("div", "share", element("span", "who", processName(process)), meter, element("span", "number", parts.formatTime(ns, 4)), element("span", "number", `${((ns / total) * 100).toFixed(1)} %`)));
      }
      const name = data.tracks[track]!;
      made.append(element("section", "", element("h3", "", `${name.group} · ${name.name}: ${parts.formatTime(total, 4)} of work`), body));
    }
    if (model.busy.size === 0) made.append(element("p", "", "No engine did any work in this trace."));
    return made;
  }

  return {
    tip(slice, x, y) {
      tipBox.hidden = slice < 0;
      if (slice < 0) return;
      const rest = model.detailsOf(slices.details[slice]!).filter(([name]) => name !== "site").slice(0, 8);
      const [first, ...others] = facts(slice);
      tipBox.replaceChildren(
        element("b", "", chip(slices.process[slice]!), model.text(slices.name[slice]!)),
        ...(slices.ok[slice] === 0 ? [element("em", "bad", " failed")] : []),
        table([...(first![0] === "kind" ? [] : [first!]), ...others.filter(([name]) => name === "where" || name === "for" || name === "cost"), ...rest]),
      );
      tipBox.style.left = `${Math.min(x + 14, window.innerWidth - tipBox.offsetWidth - 8)}px`;
      tipBox.style.top = `${y + 18 + tipBox.offsetHeight > window.innerHeight ? y - tipBox.offsetHeight - 10 : y + 18}px`;
    },

    details() {
      const slice = state.selected;
      if (slice < 0) {
        box.replaceChildren(...notes(), element("h2", "", "Who used the engines"), summary());
        return;
      }
      const name = model.text(slices.name[slice]!);
      const extra = model.detailsOf(slices.details[slice]!).filter(([key]) => key !== "site");
      box.replaceChildren(
        element("h2", "", chip(slices.process[slice]!), name, ...(slices.ok[slice] === 0 ? [element("em", "bad", " failed")] : [])),
        element("div", "columns", element("section", "", table(facts(slice))), element("section", "", table(extra)), element("section", "", arrows(slice))),
      );
      live.textContent = `${name}, ${facts(slice).map(([key, value]) => `${key} ${value}`).join(", ")}`;
    },
  };
}
