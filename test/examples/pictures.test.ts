import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { drawn, pictures } from "../../scripts/pictures.mjs";
import { root, textOf } from "../architecture/sources.ts";

describe.each(Object.keys(pictures))("%s.svg", (name) => {
  test("shows what the example prints", () => {
    expect(readFileSync(`${root}/docs/guide/${name}.svg`, "utf8")).toBe(drawn(name));
  });

  test("is well-formed, has words for those who do not see it, colours for dark pages, and stands in a chapter", () => {
    const svg = drawn(name);
    const open: string[] = [];
    for (const [, end, tag, self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (end === "/") expect(open.pop()).toBe(tag);
      else if (self !== "/") open.push(tag!);
    }
    expect(open).toEqual([]);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg).toMatch(/<title id="title">[^<]{10,}<\/title>\n<desc id="about">[^<]{30,}<\/desc>/);
    expect(svg).toContain("prefers-color-scheme:dark");
    expect(textOf(`docs/guide/${name}.md`)).toContain(`](./${name}.svg)`);
  });
});
