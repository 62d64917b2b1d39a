// Two programs on one GPU, isolated from each other: A computes with CUDA and PTX that nvcc wrote, B with OpenCL C. At the end B
// reads through a pointer of A and gets a fault that A never notices.
//
// Run: npm start, or: glassgpu run examples/two-processes.ts [-- folder for the reports]
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createMachine, formatDiagnostic } from "glassgpu";
import { chromeTrace, htmlTimeline, textTimeline } from "glassgpu/tools";
import { Board } from "./two-processes/board.ts";
import { cudaProgram } from "./two-processes/cuda-process.ts";
import { openclProgram } from "./two-processes/opencl-process.ts";

const machine = createMachine({ gpus: ["a100"], trace: true });
const board = new Board(machine);
const processes = [machine.spawn("A-cuda", (p) => cudaProgram(p, board)), machine.spawn("B-opencl", (p) => openclProgram(p, board))];
machine.run();

for (const { name, exitStatus, stderr } of processes) {
  console.log(`${name} ended with exit code ${exitStatus?.code ?? "none"}${stderr === "" ? "" : `\n${stderr}`}`);
  if (exitStatus?.code !== 0) process.exitCode = 1;
}
const fault = machine.diagnostics().find(({ kind }) => kind === "fault");
if (fault !== undefined) console.log(`what the machine says about the fault:\n  ${formatDiagnostic(fault)}`);

const events = machine.trace();
console.log(`\nwho ran when:\n${textTimeline(events)}`);

const folder = process.argv[2] ?? "out";
mkdirSync(folder, { recursive: true });
const page = join(folder, "two-processes.html");
const trace = join(folder, "two-processes.json");
writeFileSync(page, htmlTimeline(events, { title: "two processes on one GPU" }));
writeFileSync(trace, JSON.stringify(chromeTrace(events)));
console.log(`\nwrote ${page} (open it in a browser) and ${trace} (open it in ui.perfetto.dev)`);
