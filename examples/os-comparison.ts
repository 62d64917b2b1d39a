// The document this project grew from compares scheduling under Windows (WDDM) and Linux (DRM) in a table of six rows. Here each row is measured: the same programs, CUDA and OpenCL, run on one machine with Windows
// and on one with Linux, and every number comes from these runs, in virtual time.
//
// Run: glassgpu run examples/os-comparison.ts
import { experiments } from "./os-comparison/experiments.ts";

const seed: Readonly<Record<string, readonly [string, string]>> = {
  "scheduling model": ["preemptive, by time quanta", "fair queue (FIFO) and priorities"],
  "preemption granularity": ["instruction (Pascal+)", "kernel (CDNA2+)"],
  "context switch": ["< 10 us", "20-50 us"],
  "memory migration": ["on-demand paging", "SVM and HMM"],
  "multi-process": ["MPS", "isolation of processes"],
  "real-time": ["WDDM 2.0+", "SCHED_FIFO"],
};

const row = (name: string, windows: string, linux: string): void => console.log(`${name.padEnd(44)} | ${windows.padEnd(34)} | ${linux}`.trimEnd());
row("", "Windows, WDDM", "Linux, DRM");
for (const [name, measure] of Object.entries(experiments)) {
  console.log(name);
  row("  the document", ...seed[name]!);
  const [windows, linux] = [measure("windows"), measure("linux")];
  for (const line of Object.keys(linux)) row(`  ${line}`, windows[line]!, linux[line]!);
}
