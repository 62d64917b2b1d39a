import type { Node, Rig } from "../drm/rig.ts";

/** A process with what it takes to submit work. */
export interface Program {
  readonly node: Node;
  readonly vm: number;
  readonly context: number;
  readonly queue: number;
  readonly timeline: number;
}

/** Makes one. */
export function program(rig: Rig, name: string): Program {
  const node = rig.process(name).open();
  const vm = node.vm();
  const context = node.context(vm);
  return { node, vm, context, ...node.queue(context) };
}
