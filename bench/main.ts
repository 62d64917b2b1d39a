// npm run bench [-- --json] [--quick] [--only kernel,kernel] [--workers 1,2] [--checked]
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { geometricMean, short } from "./clock.ts";
import { benchChecked, checkedTable } from "./checked.ts";
import { benchOpenCl, benchPtx, compileTable, inNewProcess, openClTable } from "./compile.ts";
import { benchHostCalls, hostTable } from "./host-calls.ts";
import { benchKernelEvents, kernelEventsTable } from "./kernel-events.ts";
import { benchKernels, kernelTable } from "./kernels.ts";
import { benchTwins, twinTable } from "./cases-ptx.ts";
import { findPocl } from "./pocl.ts";
import { benchStartUp } from "./start-up.ts";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false }, quick: { type: "boolean", default: false }, only: { type: "string" }, workers: { type: "string", default: "1,2" }, checked: { type: "boolean", default: false } } });
const only = values.only?.split(",") ?? [];
const say = (text: string): void => { if (!values.json) console.log(text); };

const threads = values.workers.split(",").map(Number);
const pocl = findPocl();
const system = { node: process.version, cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, pocl: pocl?.version ?? null };
say(`Node ${system.node}, ${system.cores} x ${system.cpu}; address translation on; ${pocl === null ? "PoCL's times are recorded ones (*)" : pocl.version}\n`);

// With --checked: nothing but checked mode, beside Oclgrind.
const checked = values.checked ? benchChecked(only, values.quick) : [];
if (values.checked) say(`All checks on, one thread, processor time; Oclgrind by its recorded time for each work-item\n${checkedTable(checked)}`);

const ptx = !values.checked && only.length === 0 ? benchPtx(inNewProcess) : [];
const kernels = values.checked ? [] : benchKernels(only, values.quick, threads[0] === 1 ? threads : [1, ...threads], pocl);
if (!values.checked) say(kernelTable(kernels));
const twins = values.checked ? [] : benchTwins(only, values.quick);
if (twins.length > 0) say(`\nThe same kernel from OpenCL C and from PTX\n${twinTable(twins)}`);
let rest: object = values.checked ? { checked } : {};
if (only.length === 0 && !values.checked) {
  say(`\nPTX file to ready module\n${compileTable(ptx)}`);
  const build = benchOpenCl(inNewProcess);
  say(`\nOpenCL C source (bench/kernels.cl) to ready program\n${openClTable(build)}`);
  const hostCalls = benchHostCalls(values.quick, inNewProcess);
  const { hostMicroseconds } = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8")) as { hostMicroseconds: Record<string, { pocl1: number | null }> };
  say(`\nHost calls\n${hostTable(hostCalls, hostMicroseconds)}`);
  const kernelEvents = benchKernelEvents(values.quick);
  say(`\nKernel model\n${kernelEventsTable(kernelEvents)}`);
  const startUp = benchStartUp(values.quick ? 3 : 11);
  say(`\nimport "glassgpu" and createMachine(): ${short(startUp.median)} ms (best ${short(startUp.best)}; without compiled code ${short(startUp.cold)})`);
  rest = { ptx, build, hostCalls, kernelEvents, startUp };
}
if (values.json) console.log(JSON.stringify({ system, kernels, twins, geometricMean: kernels.length === 0 ? null : geometricMean(kernels.map((r) => r.timesPocl1)), ...rest }, null, 2));
if ([...kernels, ...twins, ...checked].some(({ wrong }) => wrong !== null)) process.exitCode = 1;
