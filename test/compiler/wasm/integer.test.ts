import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { integerConformance } from "../conformance/integers.ts";

integerConformance(compileModule);
