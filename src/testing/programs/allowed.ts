import type { Command, LineProgram, Outcome } from "./language.ts";

type Work = Extract<Command, { readonly op: "fill" | "copy" | "read" }>;

interface Node {
  readonly work: Work;
  /** Work that has ended before this begins. */
  readonly after: ReadonlySet<number>;
}

/**
 * Work and what must come before it, by the rules alone: a line runs in order; an event stands for what was in its line when it was recorded, at the moment that somebody waits for it; what the host has waited for is over
 * before anything that it submits later.
 */
function order(program: LineProgram): Node[] {
  const nodes: Node[] = [];
  const lines = Array.from({ length: program.lines }, () => new Set<number>());
  const events = new Map<number, ReadonlySet<number>>();
  let host: ReadonlySet<number> = new Set();
  for (const command of program.commands) {
    const line = lines[command.line]!;
    switch (command.op) {
      case "record":
        events.set(command.event, new Set(line));
        break;
      case "wait":
        for (const work of events.get(command.event) ?? []) line.add(work);
        break;
      case "bad":
        break;
      case "sync":
        host = new Set([...host, ...line]);
        break;
      default: {
        const after = new Set([...line, ...host]);
        line.add(nodes.length);
        nodes.push({ work: command, after });
        if (command.op === "read") host = new Set([...host, ...line]);
      }
    }
  }
  return nodes;
}

/** Every outcome that the rules allow, as a sorted list of texts (`JSON.stringify` of an Outcome). */
export function allowedOutcomes(program: LineProgram): string[] {
  const nodes = order(program);
  const found = new Set<string>();
  const seen = new Set<string>();
  const reads = nodes.flatMap(({ work }, i) => (work.op === "read" ? [i] : []));
  const walk = (done: readonly boolean[], buffers: readonly number[], values: readonly number[]): void => {
    const state = `${done.map(Number).join("")} ${buffers.join()} ${values.join()}`;
    if (seen.has(state)) return;
    seen.add(state);
    if (done.every(Boolean)) {
      const outcome: Outcome = { reads: reads.map((i) => values[i]!), buffers };
      found.add(JSON.stringify(outcome));
      return;
    }
    nodes.forEach(({ work, after }, i) => {
      if (done[i] === true || [...after].some((before) => !done[before])) return;
      const next = buffers.slice();
      const seenValues = values.slice();
      if (work.op === "fill") next[work.buffer] = work.value;
      else if (work.op === "copy") next[work.to] = buffers[work.from]!;
      else seenValues[i] = buffers[work.buffer]!;
      walk(done.map((d, k) => d || k === i), next, seenValues);
    });
  };
  walk(nodes.map(() => false), Array<number>(program.buffers).fill(0), nodes.map(() => -1));
  return [...found].sort();
}
