import { axis, box, picture, text } from "./svg.mjs";

const us = (time) => Number(/[\d.]+/.exec(time)[0]) * (time.endsWith("ms") ? 1000 : 1);

/** Both times of each line of examples/best-practice.ts, on a logarithmic axis. @param printed what the example prints */
export function advice(printed) {
  const lines = printed.trimEnd().split("\n").filter((line) => line.startsWith("  ")).map((line) => {
    const [, what, plain, slow, better, quick, factor] = /^ {2}(.{42}) (.{21}) +([\d.]+ [mu]s) {3}(.{21}) +([\d.]+ [mu]s) {3}(.*)$/.exec(line);
    return { what: what.trim(), plain: plain.trim(), slow, better: better.trim(), quick, factor };
  });
  const [left, top, step] = [300, 66, 46];
  const at = (value) => left + Math.log10(value) * 62;
  const bottom = top + lines.length * step;
  const shapes = [axis([1, 10, 100, "1,000", "10,000", "100,000"].map(String), (value) => at(Number(value.replaceAll(",", ""))), top - 8, bottom, "us")];
  shapes.push(box(left, 40, 10, 10, "b"), text(left + 15, 49, "the plain way", "soft small"), box(left + 110, 40, 10, 10, "a"), text(left + 125, 49, "as the document advises", "soft small"));
  lines.forEach(({ what, plain, slow, better, quick, factor }, i) => {
    const y = top + i * step;
    shapes.push(text(left - 12, y + 14, what, "ink", "end"), text(left - 12, y + 29, factor, "soft small", "end"));
    for (const [j, way, time, cls] of [[0, plain, slow, "b"], [1, better, quick, "a"]]) {
      shapes.push(box(left, y + 2 + j * 15, at(us(time)) - left, 12, cls, `${way}: ${time}`), text(at(us(time)) + 6, y + 12 + j * 15, `${way}, ${time}`, "soft small"));
    }
  });
  return picture(870, bottom + 26, "What the advice is worth", `Virtual times on a logarithmic scale. ${lines.map(({ what, plain, slow, better, quick, factor }) => `${what}: ${plain} ${slow}, ${better} ${quick}, ${factor}`).join(". ")}.`, shapes);
}
