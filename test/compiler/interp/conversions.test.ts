import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { conversionConformance } from "../conformance/conversions.ts";

conversionConformance(interpretModule);
