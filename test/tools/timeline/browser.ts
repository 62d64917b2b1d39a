import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import { chromium } from "./chromium.ts";

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly exceptionDetails?: { readonly text?: string; readonly exception?: { readonly description?: string } } };
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** Runs before the page's own scripts: how long each frame's drawing takes. */
const timing = `(() => {
  const request = window.requestAnimationFrame.bind(window);
  window.frames_ = [];
  window.requestAnimationFrame = (draw) => request((time) => { const began = performance.now(); draw(time); window.frames_.push(performance.now() - began); });
})();`;

/** One page in a real browser without a window, spoken to by the devtools protocol over pipes: the few commands that tests need. */
export class BrowserPage {
  private readonly child: ChildProcess;
  private readonly folder: string;
  private readonly waiting = new Map<number, { done(result: Readonly<Record<string, unknown>>): void; failed(error: Error): void }>();
  private readonly listeners = new Map<string, () => void>();
  private next = 1;
  private session: string | null = null;
  /** Errors that the page's scripts threw. */
  readonly errors: string[] = [];

  private constructor(child: ChildProcess, folder: string) {
    this.child = child;
    this.folder = folder;
    let rest = "";
    (child.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => {
      const pieces = (rest + text).split("\0");
      rest = pieces.pop()!;
      for (const piece of pieces) this.take(JSON.parse(piece) as Reply);
    });
  }

  private take(reply: Reply): void {
    const entry = reply.id === undefined ? undefined : this.waiting.get(reply.id);
    if (entry !== undefined) {
      this.waiting.delete(reply.id!);
      if (reply.error === undefined) entry.done(reply.result ?? {});
      else entry.failed(new Error(reply.error.message));
    } else if (reply.method === "Runtime.exceptionThrown") {
      const details = reply.params?.exceptionDetails;
      this.errors.push(details?.exception?.description ?? details?.text ?? "an error");
    } else if (reply.method !== undefined) this.listeners.get(reply.method)?.();
  }

  private send(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = this.next++;
    (this.child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...(this.session === null ? {} : { sessionId: this.session }) })}\0`);
    return new Promise((done, failed) => this.waiting.set(id, { done, failed }));
  }

  /** Opens a page of that text. @param dark what the page is told that its user prefers */
  static async open(html: string, dark: boolean): Promise<BrowserPage> {
    const folder = mkdtempSync(join(tmpdir(), "timeline-"));
    const file = join(folder, "page.html");
    writeFileSync(file, html);
    const child = spawn(chromium!, [
      "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--window-size=1400,860",
      "--remote-debugging-pipe", `--user-data-dir=${join(folder, "profile")}`, "about:blank",
    ], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    const page = new BrowserPage(child, folder);
    const { targetId } = await page.send("Target.createTarget", { url: "about:blank" });
    page.session = (await page.send("Target.attachToTarget", { targetId, flatten: true }))["sessionId"] as string;
    await page.send("Runtime.enable");
    await page.send("Page.enable");
    await page.send("Emulation.setDeviceMetricsOverride", { width: 1400, height: 860, deviceScaleFactor: 1, mobile: false });
    await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
    await page.send("Page.addScriptToEvaluateOnNewDocument", { source: timing });
    const loaded = new Promise<void>((done) => page.listeners.set("Page.loadEventFired", done));
    await page.send("Page.navigate", { url: pathToFileURL(file).href });
    await loaded;
    return page;
  }

  /** Value of an expression in the page; promises are awaited. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true }) as { result: { value?: unknown }; exceptionDetails?: { text: string; exception?: { description?: string } } };
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Moves the pointer, as a user does. CSS pixels. */
  async pointer(x: number, y: number): Promise<void> {
    await this.send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  }

  /** Presses a key, and waits until the picture is drawn again. */
  async press(key: string): Promise<void> {
    await this.evaluate(`document.dispatchEvent(new KeyboardEvent("keydown", { key: ${JSON.stringify(key)}, bubbles: true, cancelable: true })); new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))`);
  }

  /** A picture of the page, PNG. */
  async screenshot(): Promise<Uint8Array> {
    return Buffer.from((await this.send("Page.captureScreenshot", { format: "png" }))["data"] as string, "base64");
  }

  async close(): Promise<void> {
    const ended = new Promise<void>((done) => this.child.once("exit", () => done()));
    this.session = null;
    void this.send("Browser.close").catch(() => {});
    await ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
