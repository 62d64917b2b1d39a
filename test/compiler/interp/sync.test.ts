import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { syncConformance } from "../conformance/sync.ts";

syncConformance(interpretModule);
