/** OpenCL: the implementation, and what derives from it. */
export { opencl, type OpenCl } from "./table.ts";
