import { expect, test } from "vitest";
import { createMachine, DeadlockError } from "glassgpu";
import { CL_DEVICE_TYPE_ALL } from "glassgpu/opencl";
import { checkSchedules, type Program } from "glassgpu/testing";
import { htmlTimeline } from "../../../src/tools/timeline/page.ts";
import { bigTrace } from "./big.ts";
import { BrowserPage } from "./browser.ts";
import { chromium } from "./chromium.ts";

/** Two streams that nothing orders: a fill and a copy of it. */
const racy: Program = ({ machine }) => {
  const p = machine({ gpus: ["tiny"], trace: true }).process("pipeline");
  const cu = p.throwing.cuda;
  cu.cuInit(0);
  cu.cuCtxCreate(null, 0, 0);
  const [a, b] = [cu.cuStreamCreate(1), cu.cuStreamCreate(1)];
  const [from, to] = [cu.cuMemAlloc(256), cu.cuMemAlloc(256)];
  cu.cuMemsetD8Async(from, 7, 256, a);
  cu.cuMemcpyDtoDAsync(to, from, 256, b);
  cu.cuCtxSynchronize();
};

/** The page of the racy program, with the race that was found. */
function racyPage(): string {
  const { findings } = checkSchedules(racy, { schedules: 1, detect: ["races"] });
  expect(findings.map(({ kind }) => kind)).toEqual(["race"]);
  let made: ReturnType<typeof createMachine> | null = null;
  racy({ machine: (options: Parameters<typeof createMachine>[0]) => (made = createMachine(options)) } as Parameters<Program>[0]);
  return htmlTimeline(made!.trace(), { title: "race", findings, diagnostics: made!.diagnostics() });
}

/** A program that waits for an event that only it could complete. */
function deadlockPage(): string {
  const machine = createMachine({ gpus: ["tiny"], trace: true });
  const cl = machine.process("app").throwing.opencl;
  const [platforms] = cl.clGetPlatformIDs(1);
  const [devices] = cl.clGetDeviceIDs(platforms[0]!, CL_DEVICE_TYPE_ALL, 1);
  const event = cl.clCreateUserEvent(cl.clCreateContext(null, 1, devices, null, null));
  try {
    cl.clWaitForEvents(1, [event]);
  } catch (error) {
    if (!(error instanceof DeadlockError)) throw error;
    return htmlTimeline(machine.trace(), { findings: [{ kind: "deadlock", message: error.message }] });
  }
  throw new Error("there was no deadlock");
}

const browser = test.runIf(chromium !== null);

test("whether the browser's tests run", () => {
  console.log(chromium === null ? "no Chromium on this computer: the timeline page was not opened in a browser" : `the timeline page is opened in ${chromium}`);
});

browser("a race is listed and marked; a bar's tip has its call site, its cost and where it ran, in light and dark", async () => {
  for (const dark of [false, true]) {
    const page = await BrowserPage.open(racyPage(), dark);
    try {
      expect(await page.evaluate("document.documentElement.dataset.theme")).toBe(dark ? "dark" : "light");
      expect(await page.evaluate("document.getElementById('details').innerText")).toMatch(/What was found\s+race: data race on 256 bytes[^]*cuMemsetD8Async[^]*cuEventRecord/);
      // The link of the finding leads to the call; its facts are in the panel.
      await page.evaluate("document.querySelector('.notes .link').click()");
      const facts = String(await page.evaluate("document.getElementById('details').innerText"));
      expect(facts).toMatch(/called at\s+browser\.test\.ts:18:\d+/);
      expect(facts).toMatch(/cost\s+[\d.]+ .?s of virtual time/);
      // And so has the tip, when the pointer is over it: bars are found by going over the picture.
      await page.press("0");
      let tip = "";
      for (let x = 200; x < 1390 && !tip.includes("cuMemsetD8Async"); x += 6) {
        await page.pointer(x, Number(await page.evaluate("document.getElementById('picture').getBoundingClientRect().top")) + 26 + 24 * 2 + 26 * Number(await page.evaluate("JSON.parse(document.getElementById('data').textContent).tracks.filter((t) => t.kind === 'engine').length")) + 12);
        tip = String(await page.evaluate("document.getElementById('tip').hidden ? '' : document.getElementById('tip').innerText"));
      }
      expect(tip).toMatch(/cuMemsetD8Async[^]*called at\s+browser\.test\.ts:18:\d+[^]*cost\s+/);
      expect(page.errors).toEqual([]);
    } finally {
      await page.close();
    }
  }
}, 60_000);

browser("a deadlock is listed, with the threads that hang", async () => {
  const page = await BrowserPage.open(deadlockPage(), true);
  try {
    expect(await page.evaluate("document.getElementById('details').innerText")).toMatch(/deadlock: nothing can wake any of these threads[^]*waits for/);
    expect(await page.evaluate("document.querySelectorAll('.notes .link').length")).toBeGreaterThan(0);
    expect(page.errors).toEqual([]);
  } finally {
    await page.close();
  }
}, 60_000);

browser("100,000 events stay responsive", async () => {
  const { events } = bigTrace(5300);
  expect(events.length).toBeGreaterThan(100_000);
  for (const dark of [false, true]) {
    const page = await BrowserPage.open(htmlTimeline(events), dark);
    try {
      await page.press("f"); // arrows too: the dearest picture
      await page.evaluate("void (frames_.length = 0)");
      for (const key of ["w", "w", "d", "w", "a", "w", "d", "s", "s", "d", "s", "s", "0", "a", "w", "w", "w", "w", "w", "d"]) await page.press(key);
      const frames = (await page.evaluate("frames_.filter((ms) => ms > 0.05)") as number[]).sort((a, b) => a - b);
      const [median, worst] = [frames[frames.length >> 1]!, frames.at(-1)!];
      console.log(`${events.length} events, ${dark ? "dark" : "light"}: ${frames.length} frames of zooming and panning, drawn in ${median.toFixed(1)} ms (median), ${worst.toFixed(1)} ms (worst)`);
      // Generous: browsers without a GPU, on machines that do other things too, are slow. A picture that draws every bar takes seconds.
      expect(median).toBeLessThan(150);
      expect(page.errors).toEqual([]);
    } finally {
      await page.close();
    }
  }
}, 120_000);
