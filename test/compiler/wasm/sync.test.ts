import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { syncConformance } from "../conformance/sync.ts";

syncConformance(compileModule);
