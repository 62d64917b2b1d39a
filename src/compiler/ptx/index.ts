export { newestVersion, ptxHeader } from "./header.ts";
export { parsePtx, type ParseOptions } from "./parser.ts";
export { ptxToIr } from "./lower/to-ir.ts";
export type { PtxHeader, PtxModule } from "./ast.ts";
