import { describe, expect, test } from "vitest";
import { CUDA_ERROR_ILLEGAL_ADDRESS, CUDA_ERROR_INVALID_CONTEXT, CUDA_ERROR_NOT_INITIALIZED, CUDA_ERROR_NOT_PERMITTED, CUDA_SUCCESS } from "../../../src/cuda/abi/driver/constants.ts";
import { resultName } from "../../../src/cuda/driver/core/fail.ts";
import { unaccounted } from "./documented.ts";
import { breakContext, makeWorld, snapshot, type ErrorCase, type World } from "./world.ts";

/** Functions that go on working, or clean up, in a process with a sticky error. */
const stickyFree: ReadonlySet<string> = new Set();

/** A world with what a case needs. */
function prepared(c: ErrorCase): World {
  const w = makeWorld();
  c.setup?.(w);
  return w;
}

/** The errors every function has, and those of the table. Each call breaks one rule; the state must be as before, and the control call work after it. */
export function testErrors(chapter: string, cases: readonly ErrorCase[]): void {
  describe(chapter, () => {
    describe.each(cases.map((c) => [c.name, c] as const))("%s", (name, c) => {
      test("every documented code is tested or explained", () => {
        expect(unaccounted(name, new Set(c.errors.map(([code]) => resultName(code))), c.needs)).toEqual([]);
      });

      test("the control call works", () => {
        const w = prepared(c);
        expect(resultName(c.control(w.cuda, w))).toBe("CUDA_SUCCESS");
        expect(w.machine.diagnostics()).toEqual([]);
      });

      if (c.errors.length > 0) {
        test(`breaks one rule each: ${c.errors.map(([, rule]) => rule).join("; ")}`, () => {
          const w = prepared(c);
          for (const [code, rule, call] of c.errors) {
            const before = snapshot(w);
            const count = w.machine.diagnostics().length;
            expect(`${rule}: ${resultName(call(w.cuda, w))}`).toBe(`${rule}: ${resultName(code)}`);
            expect(snapshot(w), rule).toEqual(before);
            expect(w.machine.diagnostics().length, `${rule}: is explained`).toBeGreaterThan(count);
            expect(w.machine.diagnostics().at(-1)).toMatchObject({ kind: "api-error", code, api: "cuda" });
          }
          expect(resultName(c.control(w.cuda, w)), "the control call still works").toBe("CUDA_SUCCESS");
        });
      }

      if (c.needs !== "nothing") {
        test("before cuInit: NOT_INITIALIZED; in a callback: NOT_PERMITTED", () => {
          const w = prepared(c);
          const fresh = w.machine.process("fresh");
          expect(c.control(fresh.cuda, w)).toBe(CUDA_ERROR_NOT_INITIALIZED);
          let inside = -1;
          w.easy.cuLaunchHostFunc(w.stream, () => { inside = c.control(w.cuda, w); }, null);
          w.easy.cuStreamSynchronize(w.stream);
          expect(inside).toBe(CUDA_ERROR_NOT_PERMITTED);
        });
      }

      if (c.needs === "context") {
        test("without a current context: INVALID_CONTEXT; after a kernel's fault: its error", () => {
          const w = prepared(c);
          w.easy.cuCtxPopCurrent();
          const before = snapshot(w);
          expect(resultName(c.control(w.cuda, w))).toBe(resultName(CUDA_ERROR_INVALID_CONTEXT));
          expect(snapshot(w)).toEqual(before);
          w.easy.cuCtxPushCurrent(w.context);
          expect(breakContext(w)).toBe(CUDA_ERROR_ILLEGAL_ADDRESS);
          expect(resultName(c.control(w.cuda, w))).toBe(resultName(stickyFree.has(name) ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_ADDRESS));
        });
      }
    });
  });
}
