import { axis, box, line, picture, text } from "./svg.mjs";

/** Frame times and throughput of examples/game-and-inference.ts: for each way of sharing a bar from best to worst frame, its median, and how much inference was done. @param printed what the example prints */
export function sharing(printed) {
  const rows = printed.split("\n\n")[0].trimEnd().split("\n").slice(1).map((row) => ({ name: row.slice(0, 28).trimEnd(), cells: row.slice(28).replaceAll(" %", "%").trim().split(/ +/) }));
  const [top, step, most] = [72, 26, 60];
  const bottom = top + rows.length * step;
  const ms = (value) => 240 + (Math.min(value, most) / most) * 300;
  const rate = (value) => 590 + (value / 60) * 140;
  const shapes = [
    text(240, 54, "frame times: best to worst, mark: median", "soft small"), text(590, 54, "inferences a second", "soft small"),
    axis([0, 20, 40, 60], ms, top - 8, bottom, "ms"), axis([0, 20, 40, 60], rate, top - 8, bottom, "/s"),
  ];
  rows.forEach(({ name, cells: [best, median, worst, missed, inferences] }, i) => {
    const y = top + i * step;
    shapes.push(text(228, y + 13, name, "ink", "end"));
    if (best !== "-") {
      const late = !missed.startsWith("0");
      shapes.push(box(ms(Number(best)), y + 3, ms(Number(worst)) - ms(Number(best)), 12, late ? "b" : "a", `${best} to ${worst} ms, median ${median} ms`), line(ms(Number(median)), y, ms(Number(median)), y + 18, "mark"));
      if (late) shapes.push(text(ms(Number(worst)) + 6, y + 13, `${missed} late`, "soft small"));
    }
    if (inferences !== "-") shapes.push(box(rate(0), y + 3, rate(Number(inferences)) - rate(0), 12, "a"), text(rate(Number(inferences)) + 5, y + 13, inferences, "soft small"));
  });
  shapes.push(line(ms(16.6), top - 8, ms(16.6), bottom, "limit"), text(ms(16.6), bottom + 30, "16.6 ms: the next frame is due", "soft small", "middle"));
  const worst = rows.filter(({ cells }) => !/^(0%|-)$/.test(cells[3])).map(({ name, cells }) => `${name} (${cells[3]})`);
  return picture(770, bottom + 42, "A game and an inference server on one GPU", `Frame times and inferences a second under ${rows.length} ways to share a GPU. Frames are late with: ${worst.join(", ")}.`, shapes);
}
