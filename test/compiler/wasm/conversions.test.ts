import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { conversionConformance } from "../conformance/conversions.ts";

conversionConformance(compileModule);
