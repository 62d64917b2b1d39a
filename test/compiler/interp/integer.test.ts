import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { integerConformance } from "../conformance/integers.ts";

integerConformance(interpretModule);
