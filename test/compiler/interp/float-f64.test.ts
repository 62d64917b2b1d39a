import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { floatConformance } from "../conformance/floats.ts";

floatConformance(interpretModule, "f64");
