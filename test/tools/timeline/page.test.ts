import { describe, expect, test } from "vitest";
import type { TraceEvent } from "../../../src/kernel/trace/tracer.ts";
import { htmlTimeline } from "../../../src/tools/timeline/page.ts";
import type { PageData } from "../../../src/tools/timeline/viewer/types.ts";
import { sampleTrace, TraceScript } from "../../kernel/trace/sample.ts";
import { bigTrace } from "./big.ts";
import { chromium, renderedDocument } from "./chromium.ts";

function dataOf(html: string): PageData {
  const text = /<script type="application\/json" id="data">([^<]*)<\/script>/.exec(html)![1]!;
  return JSON.parse(text) as PageData;
}

describe("the page", () => {
  const html = htmlTimeline(sampleTrace(), { title: "sample" });

  test("needs nothing but itself", () => {
    expect(html).not.toMatch(/https?:\/\//);
    expect(html).not.toMatch(/<(link|script|img|iframe)[^>]+(src|href)="(?!data:)/);
    expect(html).not.toMatch(/@import|url\((?!data:)/);
    expect(html).not.toMatch(/\bimport\s*\(|\bfetch\s*\(|XMLHttpRequest/);
    expect(html).not.toMatch(/__vi_import|__vite/);
    expect(html).toContain("default-src 'none'");
  });

  test("carries the whole trace", () => {
    const data = dataOf(html);
    expect(data.slices.name.map((name) => data.strings[name])).toEqual(["launch", "vecadd", "copy", "inner", "memcpy HtoD", "sync", "futex wait", "saxpy"]);
    expect(new Set(Object.values(data.slices).map((column) => column.length))).toEqual(new Set([8]));
    expect(data.processes).toEqual([{ pid: 1000, name: "vecadd" }, { pid: 1001, name: "saxpy" }]);
    expect(data.flows).toHaveLength(3);
    expect(data.marks).toHaveLength(1);
    expect(data.counters).toHaveLength(3);
    for (const details of data.slices.details) expect(data.details[details]).toBeDefined();
  });

  test("knows which bars findings and diagnostics are about, and what waited for what", () => {
    const s = new TraceScript().name(7, "app");
    s.emit(7, "api:enter", { call: "fill", site: "/some/where/a.ts:3:4" }).submit(7, "1:1", "copy").after(10).emit(7, "api:exit", { call: "fill", code: 0 });
    s.emit(7, "api:enter", { call: "copy", site: "/some/where/b/c.ts:5:6" }).submit(7, "2:1", "copy").emit(7, "gpu_scheduler:drm_sched_job_add_dep", { fence: "2:1", dependency: "1:1" });
    s.after(10).emit(7, "api:exit", { call: "copy", code: 1 });
    s.begin(1, 7, "copy0", "memset", "1:1").after(5).end(1, "copy0").done("1:1").begin(2, 7, "copy1", "memcpy", "2:1").after(5).end(2, "copy1").done("2:1");
    const diagnostic = {
      kind: "api-error", api: "cuda", call: "copy", code: 1, codeName: "WRONG", message: "the rule", values: {}, process: "app", pid: 7, tid: 7, time: 15, site: null,
    } as const;
    const data = dataOf(htmlTimeline(s.events, { findings: [{ kind: "race", message: "data race\n  fill writes at /some/where/a.ts:3:4\n  copy reads at /some/where/b/c.ts:5:6" }], diagnostics: [diagnostic] }));
    const names = (slices: readonly number[]): (string | undefined)[] => slices.map((slice) => data.strings[data.slices.name[slice]!]);
    expect(data.notes.map(({ kind, message, slices }) => [kind, message, names(slices)])).toEqual([["race", "data race\n  fill writes at a.ts:3:4\n  copy reads at b/c.ts:5:6", ["fill", "copy"]]]);
    expect(data.marks.filter(({ name }) => name === "race")).toHaveLength(2);
    expect(data.strings).toEqual(expect.arrayContaining(["a.ts:3:4", "b/c.ts:5:6", "the rule"]));
    expect(data.flows.filter(([, , , , kind]) => kind === 2).map(([from, , to]) => names([from, to]))).toEqual([["memset", "memcpy"]]);
  });

  test("is not broken by what programs call their kernels", () => {
    const nasty = `</script><script>alert(1)</script><!-- ${"\u2028"} " & '`;
    const s = new TraceScript().name(5, nasty).emit(5, "api:enter", { call: nasty }).after(1).emit(5, "api:exit", { call: nasty, code: nasty });
    const page = htmlTimeline(s.events, { title: nasty });
    const data = dataOf(page);
    expect(data.strings).toContain(nasty);
    expect(data.title).toBe(nasty);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
  });

  test("stays small: under 120 bytes a bar", () => {
    const events = bigTrace(2000).events;
    const page = htmlTimeline(events);
    expect(page.length - htmlTimeline([]).length).toBeLessThan(dataOf(page).slices.start.length * 120);
  });

  test("works in a browser", () => {
    if (chromium === null) {
      console.log("no Chromium on this computer: the page was not rendered");
      return;
    }
    const press = ["t", "n", "Enter", "w", "s", "d", "0", "i", "f", "n"];
    const script = `<script>
      addEventListener("error", (event) => { document.body.dataset.failed = event.message; });
      for (const key of ${JSON.stringify(press)}) document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      const canvas = document.getElementById("picture");
      const box = canvas.getBoundingClientRect();
      requestAnimationFrame(() => {
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        document.body.dataset.colors = String(new Set(new Uint32Array(pixels.buffer)).size);
      });
      canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + 700, clientY: box.top + 40, bubbles: true }));
    </script></body>`;
    const page = (events: readonly TraceEvent[]): string => renderedDocument(htmlTimeline(events, { title: "x < y" }).replace("</body>", script));
    const small = page(sampleTrace());
    expect(small).not.toContain("data-failed");
    expect(small).toContain('data-ready="8"');
    expect(small).toContain('data-theme="dark"');
    expect(small).toMatch(/<h1 id="title">x &lt; y<\/h1>/);
    expect(small).toMatch(/<section id="details"[^>]*><h2>.*sync<\/h2>/);
    expect(Number(/data-colors="(\d+)"/.exec(small)?.[1])).toBeGreaterThan(20);
    expect(page([])).toContain('data-ready="0"');
    expect(page(bigTrace(3000).events)).not.toContain("data-failed");
  });
});
