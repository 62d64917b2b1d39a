import { axis, box, line, picture, text } from "./svg.mjs";

/** Who had the engine, for each place where hardware can stop: from the lines "instruction: long 0 us to 151 us, urgent ...". @param printed what the example prints */
export function preemption(printed) {
  const asked = Number(/launched at (\d+) us/.exec(printed)[1]);
  const rows = [...printed.matchAll(/^ {2}([a-z-]+): (long .*)$/gm)].map(([, name, rest]) => ({
    name, stints: [...rest.matchAll(/(\w+) (\d+) us to (\d+) us/g)].map(([, who, from, to]) => ({ who, from: Number(from), to: Number(to) })),
  }));
  const [top, step, most] = [66, 30, 800];
  const bottom = top + rows.length * step;
  const at = (us) => 130 + (us / most) * 600;
  const shapes = [axis([0, 200, 400, 600, 800], at, top - 6, bottom, "us")];
  rows.forEach(({ name, stints }, i) => {
    const y = top + i * step;
    shapes.push(text(118, y + 15, name, "ink", "end"));
    for (const { who, from, to } of stints) {
      if (from >= most) continue;
      const end = Math.min(to, most);
      // What is urgent is short: it stands out of its row, so that one sees it.
      shapes.push(who === "urgent" ? box(at(from), y - 2, Math.max(at(end) - at(from), 4), 26, "b", `urgent: ${from} to ${to} us`) : box(at(from), y + 3, at(end) - at(from), 16, "a", `long: ${from} to ${to} us`));
    }
  });
  shapes.push(line(at(asked), top - 12, at(asked), bottom, "limit"), text(at(asked), top - 18, "the urgent kernel is launched", "soft small"));
  const waits = rows.map(({ name, stints }) => `${name} ${stints.find(({ who }) => who === "urgent").from - asked} us`);
  shapes.push(box(130, bottom + 26, 14, 10, "a"), text(150, bottom + 35, "long kernels", "soft small"), box(250, bottom + 26, 14, 10, "b"), text(270, bottom + 35, "urgent kernel; in a gap state is saved or restored", "soft small"));
  return picture(770, bottom + 48, "Where the hardware can stop", `Who has the engine over time, on five kinds of hardware. The urgent kernel waits: ${waits.join(", ")}.`, shapes);
}
