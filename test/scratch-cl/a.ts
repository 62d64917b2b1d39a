import { newModule } from "../../src/compiler/ir/builder.ts";
const m: string = newModule("x").name; console.log(m);
