import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { executionConformance } from "../conformance/execution.ts";

executionConformance(interpretModule);
