import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { floatConformance } from "../conformance/floats.ts";

floatConformance(compileModule, "f32");
