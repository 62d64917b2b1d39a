// Measures loading PTX in a process that has loaded none: for compile.ts. BENCH_PTX names the file.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { timePtx } from "./compile.ts";

const name = process.env["BENCH_PTX"] ?? "01_vecadd.ptx";
const image = readFileSync(fileURLToPath(new URL(`../examples/kernels/${name}`, import.meta.url)), "utf8");
console.log(JSON.stringify(Array.from({ length: 21 }, () => timePtx(image))));
