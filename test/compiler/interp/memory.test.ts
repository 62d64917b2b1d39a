import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { memoryConformance } from "../conformance/memory.ts";

memoryConformance(interpretModule);
