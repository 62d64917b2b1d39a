import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { controlConformance } from "../conformance/control.ts";

controlConformance(interpretModule);
