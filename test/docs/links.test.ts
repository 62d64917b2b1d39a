import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../architecture/sources.ts";

/** Pages of the repository: the README and everything below docs/ that is not made. */
const pages = ["README.md", ...readdirSync(`${root}/docs`, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md") && !name.startsWith("api")).map((name) => `docs/${name}`)];

/** The text without code. */
function prose(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "");
}

/** Anchors of a page's headings, as GitHub and typedoc make them. */
function anchors(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading] of text.replaceAll(/^```[^]*?^```$/gm, "").matchAll(/^#+ (.*)$/gm)) {
    const plain = heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    found.add(plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-"));
  }
  return found;
}

/** Links that lead nowhere, of one page. */
function broken(page: string, text: string): string[] {
  const links = [...prose(text).matchAll(/!?\[[^\]]*\]\(([^)\s]+)(?: "[^"]*")?\)/g)].map((match) => match[1]!);
  return links.filter((link) => !/^[a-z]+:/.test(link)).flatMap((link) => {
    const [path, anchor] = link.split("#") as [string, string | undefined];
    const file = path === "" ? join(root, page) : resolve(root, dirname(page), path);
    if (!existsSync(file)) return [`${page}: ${link}: no such file`];
    if (anchor === undefined || !file.endsWith(".md")) return [];
    return anchors(readFileSync(file, "utf8")).has(anchor) ? [] : [`${page}: ${link}: no such heading`];
  });
}

describe("links", () => {
  test("of the pages lead to files and headings that there are", () => {
    expect(pages.flatMap((page) => broken(page, readFileSync(join(root, page), "utf8")))).toEqual([]);
    expect(pages.length).toBeGreaterThan(20);
  });

  test("a broken one is found", () => {
    expect(broken("README.md", "[a](docs/nothing.md) [b](docs/timeline.md#no-such-heading) [c](docs/timeline.md#what-the-page-shows) `[d](e)`")).toEqual([
      "README.md: docs/nothing.md: no such file", "README.md: docs/timeline.md#no-such-heading: no such heading",
    ]);
  });

  test("every page can be reached from the README", () => {
    const seen = new Set<string>();
    const visit = (page: string): void => {
      if (seen.has(page)) return;
      seen.add(page);
      for (const [, link] of prose(readFileSync(join(root, page), "utf8")).matchAll(/\]\(([^)#\s]+\.md)/g)) {
        const file = relative(root, resolve(root, dirname(page), link!));
        if (pages.includes(file)) visit(file);
      }
    };
    visit("README.md");
    expect(pages.filter((page) => !seen.has(page))).toEqual([]);
  });

  test("of the built site, where it is built, lead to files and places that there are", () => {
    const site = `${root}/docs/api`;
    if (!existsSync(`${site}/index.html`)) {
      console.log("docs/api is not built (npm run docs): its links are not checked");
      return;
    }
    const files = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));
    const ids = new Map<string, Set<string>>();
    const idsOf = (file: string): Set<string> => {
      let known = ids.get(file);
      if (known === undefined) ids.set(file, (known = new Set([...readFileSync(file, "utf8").matchAll(/ id="([^"]+)"/g)].map((match) => match[1]!))));
      return known;
    };
    const wrong: string[] = [];
    // Of the thousands of pages of functions a tenth, all others whole.
    for (const name of files.filter((file, i) => !/^(functions|variables|types|interfaces)\//.test(file) || i % 10 === 0)) {
      const file = join(site, name);
      for (const [, link] of readFileSync(file, "utf8").matchAll(/ href="([^"]+)"/g)) {
        if (/^([a-z]+:|#?$)/.test(link!)) continue;
        const [path, anchor] = link!.replaceAll("&amp;", "&").split("#") as [string, string | undefined];
        const target = path === "" ? file : resolve(dirname(file), decodeURIComponent(path));
        if (!existsSync(target) || (statSync(target).isDirectory() && !existsSync(join(target, "index.html")))) wrong.push(`${name}: ${link}`);
        else if (anchor !== undefined && target.endsWith(".html") && !idsOf(target).has(decodeURIComponent(anchor))) wrong.push(`${name}: ${link}: no such place`);
      }
    }
    expect(wrong.slice(0, 20)).toEqual([]);
  }, 120_000);
});
