// Measures the host calls of one API, for host-calls.ts: BENCH_API says which.
import { apis } from "./host-calls.ts";

const api = process.env["BENCH_API"];
if (api !== "cuda" && api !== "opencl") throw new Error(`BENCH_API=${api}: cuda or opencl`);
console.log(JSON.stringify(apis[api](process.env["BENCH_QUICK"] === "1")));
