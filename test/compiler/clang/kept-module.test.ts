import v8 from "node:v8";
import { expect, test } from "vitest";
import { packModule, unpackModule, type KeptModule } from "../../../src/compiler/clang/kept-module.ts";
import { kernelInfos } from "../../../src/compiler/ir/kernel-info.ts";
import type { Module } from "../../../src/compiler/ir/module.ts";
import { printModule } from "../../../src/compiler/ir/print.ts";
import { openclToIr } from "../../../src/compiler/llvm/opencl.ts";
import { EmulatorBug } from "../../../src/kernel/errors.ts";
import { irOf, PROGRAMS } from "./fixtures.ts";

/** As a file has it. */
const written = (module: Module): KeptModule => v8.deserialize(v8.serialize(packModule(module, v8))) as KeptModule;

test.each(PROGRAMS)("%s comes back as it was, with what a host may know of its kernels", (name) => {
  const module = openclToIr(irOf(name), name, { sourceName: "program.cl" });
  const infos = new Map(kernelInfos(module));
  const back = unpackModule(written(module), v8);
  expect(kernelInfos(back)).toEqual(infos);
  expect(printModule(back)).toBe(printModule(module));
  expect(back).toEqual(module);
  expect({ ...[...unpackModule(written(module), v8).functions.values()][0] }, "a copy of a function that nobody has looked at").toEqual([...module.functions.values()][0]);
});

test("bodies are read at the first look, each once, and only those that are looked at", () => {
  const read: Uint8Array[] = [];
  const spy = { ...v8, deserialize: (bytes: Uint8Array): unknown => (read.push(bytes), v8.deserialize(bytes)) };
  const kept = written(openclToIr(irOf("build-time"), "m"));
  const back = unpackModule(kept, spy);
  for (const info of kernelInfos(back).values()) expect(back.functions.get(info.name)!.kernelParams).toEqual(info.params);
  expect(read).toEqual([]);
  const [name, fn] = [...back.functions][1]!;
  expect(fn.types.length).toBeGreaterThan(0);
  expect(fn.blocks).toBe(fn.blocks);
  expect(read).toEqual([kept.bodies[[...back.functions.keys()].indexOf(name)]]);
});

test("a body that cannot be read is told, a file with too few is none", () => {
  const kept = written(openclToIr(irOf("build-time"), "m"));
  const back = unpackModule({ ...kept, bodies: kept.bodies.map(() => new Uint8Array(5)) }, v8);
  expect(() => [...back.functions.values()][0]!.blocks).toThrow(EmulatorBug);
  expect(() => unpackModule({ ...kept, bodies: kept.bodies.slice(1) }, v8)).toThrow(RangeError);
});
