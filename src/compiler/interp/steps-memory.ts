import { accessBytes } from "../ir/cost.ts";
import type { Fn } from "../ir/module.ts";
import type { Instr } from "../ir/ops.ts";
import { atomicUpdate } from "./atomics.ts";
import { codecs } from "./codec.ts";
import type { Step } from "./code.ts";
import { access, accessMaker } from "./memory.ts";
import type { WorkItem } from "./work-item.ts";

type Of<Op extends Instr["op"]> = Extract<Instr, { readonly op: Op }>;

function count(item: WorkItem, inGlobal: boolean, bytes: number): void {
  if (inGlobal) item.group.launch.bytes += bytes;
}

/** Loads one value or a vector. */
export function loadStep(fn: Fn, instr: Of<"load">): Step {
  const codec = codecs[fn.types[instr.dst[0]!]!];
  const make = accessMaker(fn, instr);
  const bytes = accessBytes(instr, fn.types);
  return (item, frame) => {
    const inGlobal = access(item, make(frame.values[instr.addr] as bigint), (view, at) => {
      instr.dst.forEach((value, i) => (frame.values[value] = codec.read(view, at + i * codec.size)));
    });
    count(item, inGlobal, bytes);
  };
}

/** Stores one value or a vector. */
export function storeStep(fn: Fn, instr: Of<"store">): Step {
  const codec = codecs[fn.types[instr.src[0]!]!];
  const make = accessMaker(fn, instr);
  const bytes = accessBytes(instr, fn.types);
  return (item, frame) => {
    const inGlobal = access(item, make(frame.values[instr.addr] as bigint), (view, at) => {
      instr.src.forEach((value, i) => codec.write(view, at + i * codec.size, frame.values[value]!));
    });
    count(item, inGlobal, bytes);
  };
}

/** Read-modify-write. */
export function atomicStep(fn: Fn, instr: Of<"atomic">): Step {
  const type = fn.types[instr.dst]!;
  const codec = codecs[type];
  const update = atomicUpdate(instr.rmw, type);
  const make = accessMaker(fn, instr);
  return (item, frame) => {
    const inGlobal = access(item, make(frame.values[instr.addr] as bigint), (view, at) => {
      const old = codec.read(view, at);
      codec.write(view, at, update(old, frame.values[instr.value]!));
      frame.values[instr.dst] = old;
    });
    count(item, inGlobal, codec.size);
  };
}

/** Compare and exchange. */
export function exchangeStep(fn: Fn, instr: Of<"cmpxchg">): Step {
  const codec = codecs[fn.types[instr.dst]!];
  const make = accessMaker(fn, instr);
  return (item, frame) => {
    const inGlobal = access(item, make(frame.values[instr.addr] as bigint), (view, at) => {
      const old = codec.read(view, at);
      if (old === frame.values[instr.expected]) codec.write(view, at, frame.values[instr.value]!);
      frame.values[instr.dst] = old;
    });
    count(item, inGlobal, codec.size);
  };
}
