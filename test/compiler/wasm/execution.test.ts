import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { executionConformance } from "../conformance/execution.ts";

executionConformance(compileModule);
