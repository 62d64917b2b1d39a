import type { KernelInfo } from "../abi.ts";
import { EmulatorBug } from "../../kernel/errors.ts";
import { kernelInfos, knowKernelInfos } from "../ir/kernel-info.ts";
import type { Fn, Module } from "../ir/module.ts";

/** What is used of node:v8. */
type V8 = { serialize(value: unknown): Uint8Array; deserialize(bytes: Uint8Array): unknown };

/** What a function is made of, most of a module. */
type Body = Pick<Fn, "types" | "blocks">;

/**
 * A lowered program as it lies on disk. A host that builds a program asks for its kernels and their parameters; what is in the functions is wanted at the first launch, by the program that has one.
 * So functions and their bodies are apart, and what a host may know of the kernels is beside them: reading takes a quarter of the time.
 */
export interface KeptModule {
  readonly rest: Omit<Module, "functions">;
  readonly functions: readonly Omit<Fn, keyof Body>[];
  /** Of the functions in their order, serialized one by one. */
  readonly bodies: readonly Uint8Array[];
  readonly kernels: ReadonlyMap<string, KernelInfo>;
}

/** Takes a module apart. */
export function packModule(module: Module, v8: V8): KeptModule {
  const { functions, ...rest } = module;
  const parts = [...functions.values()].map(({ types, blocks, ...fn }) => ({ fn, body: v8.serialize({ types, blocks } satisfies Body) }));
  return { rest, functions: parts.map(({ fn }) => fn), bodies: parts.map(({ body }) => body), kernels: kernelInfos(module) };
}

/** A function whose body is read when somebody looks at it. */
function lazyFunction(fn: Omit<Fn, keyof Body>, packed: Uint8Array, v8: V8): Fn {
  const read = (): Body => {
    let body: Body;
    try {
      body = v8.deserialize(packed) as Body;
    } catch (error) {
      throw new EmulatorBug(`the cache of compiled programs is damaged (${fn.name}): remove its folder (${String(error)})`);
    }
    for (const part of ["types", "blocks"] as const) Object.defineProperty(fn, part, { value: body[part], enumerable: true, writable: true, configurable: true });
    return body;
  };
  for (const part of ["types", "blocks"] as const) Object.defineProperty(fn, part, { get: () => read()[part], enumerable: true, configurable: true });
  return fn as Fn;
}

/**
 * Puts a module together.
 * @throws what it throws when it is none (the caller knows no such file)
 */
export function unpackModule(kept: KeptModule, v8: V8): Module {
  if (kept.bodies.length !== kept.functions.length) throw new RangeError("a function without a body");
  const module: Module = { ...kept.rest, functions: new Map(kept.functions.map((fn, i) => [fn.name, lazyFunction(fn, kept.bodies[i]!, v8)])) };
  knowKernelInfos(module, kept.kernels);
  return module;
}
