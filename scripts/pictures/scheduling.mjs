import { axis, box, picture, text } from "./svg.mjs";

/** "1.5 ms" in microseconds. */
const us = (time) => Number(/[\d.]+/.exec(time)[0]) * (time.includes(" ms") ? 1000 : 1);

/** Waits of urgent work and context switches, of examples/os-comparison.ts, on both systems; behind the switches the figures of the document. @param printed what the example prints */
export function scheduling(printed) {
  const rows = printed.split("\n").map((row) => row.split("|").map((cell) => cell.trim())).filter(({ length }) => length === 3);
  const waits = rows.filter(([name]) => name.startsWith("stops at")).map(([name, ...times]) => ({ name: name.replace(/;.*/, "").replace("stops at: ", "").replace("none", "end of all that was given"), times }));
  const switches = rows.filter(([name]) => ["A100", "H100", "MI250X"].includes(name)).map(([name, ...times]) => ({ name, times }));
  const left = 200;
  const log = (value) => left + Math.log10(value) * 150;
  const linear = (value) => left + value * 9;
  const shapes = [];
  const pair = (y, { name, times }, at) => {
    shapes.push(text(left - 12, y + 15, name, "ink", "end"));
    times.forEach((time, i) => {
      if (!/\d/.test(time)) shapes.push(text(at(0) + 6, y + 10 + i * 11, time, "soft small"));
      else shapes.push(box(left, y + i * 11, at(us(time)) - left, 9, i === 0 ? "a" : "b", `${["WDDM", "DRM"][i]}: ${time}`), text(at(us(time)) + 6, y + 9 + i * 11, time.replace("up to ", ""), "soft small"));
    });
  };
  shapes.push(box(left, 40, 10, 10, "a"), text(left + 15, 49, "Windows, WDDM", "soft small"), box(left + 120, 40, 10, 10, "b"), text(left + 135, 49, "Linux, DRM", "soft small"));
  let y = 78;
  shapes.push(text(16, y, "How long urgent work waits, at worst, by where a kernel can be stopped", "ink"));
  shapes.push(axis([1, 10, 100, 1000], log, y + 10, y + 20 + waits.length * 30, "us"));
  y += 16;
  for (const wait of waits) {
    pair(y, wait, log);
    y += 30;
  }
  y += 52;
  shapes.push(text(16, y, "A context switch, and what the document says", "ink"));
  const bottom = y + 20 + (switches.length + 1) * 30;
  shapes.push(axis([0, 10, 20, 30, 40, 50], linear, y + 10, bottom, "us"));
  y += 16;
  shapes.push(text(left - 12, y + 15, "the document", "soft", "end"));
  shapes.push(box(linear(0), y, linear(10) - linear(0), 9, "none", "WDDM: < 10 us"), text(linear(10) + 6, y + 9, "< 10 us", "soft small"));
  shapes.push(box(linear(20), y + 11, linear(50) - linear(20), 9, "none", "DRM: 20-50 us"), text(linear(50) + 6, y + 20, "20-50 us", "soft small"));
  y += 30;
  for (const one of switches) {
    pair(y, one, linear);
    y += 30;
  }
  const say = (list) => list.map(({ name, times }) => `${name}: WDDM ${times[0]}, DRM ${times[1]}`).join("; ");
  return picture(740, bottom + 28, "Stopping a kernel for another one", `Waits of urgent work. ${say(waits)}. Context switches. ${say(switches)}.`, shapes);
}
