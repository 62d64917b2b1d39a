import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { memoryConformance } from "../conformance/memory.ts";

memoryConformance(compileModule);
