import { expect, test } from "vitest";
import { faultsTo } from "./convert.ts";

test.each(["int", "uint", "long", "ulong", "half", "float", "double"])("to %s from all types", (type) => expect(faultsTo(type)).toEqual([]));
