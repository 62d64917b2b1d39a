import { axis, box, line, picture, text } from "./svg.mjs";

/** Who has the engine and what the loop's steps are, from the lines "103.3 us  run_job  compute  fence=5:1  B". @param printed what the example prints */
export function drmScheduler(printed) {
  const steps = [...printed.split("\n\n")[0].matchAll(/^ +([\d.]+) us {2}(\w+) +\w* +fence=(\S+) *(.*)$/gm)].map(([, time, step, fence, note]) => ({ time: Number(time), step, fence, note }));
  const begun = new Map();
  const stints = [];
  for (const { time, step, fence, note } of steps) {
    if (step === "run_job") begun.set(fence, { from: time, who: note });
    const mine = begun.get(fence);
    if (step === "slice_end" && mine !== undefined) stints.push({ ...mine, to: time, fence });
  }
  const end = Math.ceil(Math.max(...stints.map(({ to }) => to)) / 200) * 200;
  const [left, right, top] = [110, 730, 74];
  const at = (us) => left + (us / end) * (right - left);
  const rows = { A: top, B: top + 34 };
  const bottom = top + 106;
  const shapes = [axis([0, 1, 2, 3, 4].map((i) => (i * end) / 4), at, top - 8, bottom, "us"), text(left - 12, rows.A + 17, "A", "ink", "end"), text(left - 12, rows.B + 17, "B", "ink", "end"), text(left - 12, top + 90, "drm_sched", "ink", "end")];
  for (const { from, to, who, fence } of stints) shapes.push(box(at(from), rows[who] + 3, at(to) - at(from), 20, who === "A" ? "a" : "b", `${who}, fence ${fence}: ${from} to ${to} us`));
  for (const { time, step } of steps) if (step === "preempt") shapes.push(line(at(time), top - 8, at(time), top + 66, "limit"));
  for (const { time, step, fence } of steps) {
    if (step === "drm_sched_job_begin") shapes.push(box(at(time) - 1.5, top + 76, 3, 20, "good", `job ${fence} begins`));
  }
  const key = bottom + 27;
  shapes.push(line(left, key, left, key + 12, "limit"), text(left + 8, key + 10, "preempt: the hardware changes contexts", "soft small"), box(360, key, 3, 12, "good"), text(370, key + 10, "drm_sched hands a job over", "soft small"));
  const count = (wanted) => steps.filter(({ step }) => step === wanted).length;
  return picture(770, key + 24, "Two layers: drm_sched hands over, the engine divides its time", `Two programs A and B on one engine: ${count("drm_sched_job_begin")} jobs handed over by drm_sched, ${count("preempt")} preemptions by the hardware in between.`, shapes);
}
