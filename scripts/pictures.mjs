// The guide's pictures: each is drawn from what an example prints (test/examples/printed), so that it shows what was measured. `node scripts/pictures.mjs` writes them into docs/guide,
// test/examples/pictures.test.ts compares.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { advice } from "./pictures/advice.mjs";
import { drmScheduler } from "./pictures/drm-scheduler.mjs";
import { faults } from "./pictures/faults.mjs";
import { memory } from "./pictures/memory.mjs";
import { preemption } from "./pictures/preemption.mjs";
import { scheduling } from "./pictures/scheduling.mjs";
import { sharing } from "./pictures/sharing.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Pictures by name: the example whose output they show, and how. */
export const pictures = {
  "best-practice": { example: "best-practice", draw: advice },
  "drm-scheduler": { example: "drm-scheduler", draw: drmScheduler },
  "faults": { example: "faults", draw: faults },
  "scheduling-table": { example: "os-comparison", draw: scheduling },
  "memory": { example: "memory", draw: memory },
  "preemption": { example: "preemption", draw: preemption },
  "sharing-a-gpu": { example: "game-and-inference", draw: sharing },
};

/** @returns the picture's SVG */
export function drawn(name) {
  const { example, draw } = pictures[name];
  return draw(readFileSync(`${root}test/examples/printed/${example}.txt`, "utf8"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const name of Object.keys(pictures)) writeFileSync(`${root}docs/guide/${name}.svg`, drawn(name));
