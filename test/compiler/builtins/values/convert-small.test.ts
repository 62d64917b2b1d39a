import { expect, test } from "vitest";
import { faultsTo } from "./convert.ts";

test.each(["char", "uchar", "short", "ushort"])("to %s from all types", (type) => expect(faultsTo(type)).toEqual([]));
