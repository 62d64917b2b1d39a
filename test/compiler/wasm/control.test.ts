import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { controlConformance } from "../conformance/control.ts";

controlConformance(compileModule);
