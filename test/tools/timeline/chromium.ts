import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A Chromium on this computer, or null. */
export const chromium: string | null =
  [...(process.env["PATH"] ?? "").split(":").flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name))), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"].find((path) => existsSync(path)) ?? null;

const flags = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--hide-scrollbars", "--window-size=1400,860", "--virtual-time-budget=3000",
];

/** What the page's document is after its scripts have run. */
export function renderedDocument(html: string): string {
  const folder = mkdtempSync(join(tmpdir(), "timeline-"));
  try {
    const file = join(folder, "page.html");
    writeFileSync(file, html);
    const done = spawnSync(chromium!, [...flags, `--user-data-dir=${join(folder, "profile")}`, "--dump-dom", pathToFileURL(file).href], { encoding: "utf8", timeout: 60_000, maxBuffer: 2 ** 26 });
    return done.stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
