import { expect, test } from "vitest";
import { userCredentials } from "../../../src/kernel/process/cred.ts";
import { createMachine } from "../../../src/machine.ts";

test("a program forks: the child reads its copy, the parent waits for it; the kernel remembers which libraries the parent had in use", () => {
  const machine = createMachine({ gpus: ["tiny"] });
  const p = machine.process("parent", { cred: userCredentials(1000) });
  expect(p.cuda.cuInit(0)).toBe(0);
  const at = p.malloc(64);
  p.view(at, 1)[0] = 41;
  const seen: unknown[] = [];
  const child = p.fork(function* (c) {
    yield* c.sleep(1000);
    seen.push(++c.view(at, 1)[0]!, c.sys.credentials.uid, machine.kernel.processes.get(c.pid)!.inheritedLibraries.size > 0);
  });
  if (typeof child === "number") throw new Error(`fork: ${child}`);
  const status = { value: -1 };
  expect(p.run((self) => self.sys.waitpid(child.pid, status))).toBe(child.pid);
  expect([seen, status.value, p.view(at, 1)[0]]).toEqual([[42, 1000, true], 0, 41]);
  machine.checkInvariants();
});
