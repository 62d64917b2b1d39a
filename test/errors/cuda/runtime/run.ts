import { describe, expect, test } from "vitest";
import * as rt from "../../../../src/cuda/abi/runtime/constants.ts";
import { errorName } from "../../../../src/cuda/driver/core/fail.ts";
import { makeMachine } from "../../../cuda/support/host.ts";
import { unaccounted } from "../documented.ts";
import { makeWorld, state, type ErrorCase, type World } from "./world.ts";

const named = (code: number): string => errorName(code) ?? String(code);

/** A world with what a case needs. */
function prepared(c: ErrorCase): World {
  const w = makeWorld();
  c.setup?.(w);
  return w;
}

/** The errors every function has, and those of the table. Each call breaks one rule; the state must be as before, the last error be the call's, and the control call work after it. */
export function testErrors(chapter: string, cases: readonly ErrorCase[]): void {
  describe(chapter, () => {
    describe.each(cases.map((c) => [c.name, c] as const))("%s", (_name, c) => {
      test("every documented code is tested or explained", () => {
        expect(unaccounted(c.name, new Set(c.errors.map(([code]) => named(code))), c.needs)).toEqual([]);
      });

      test(`works; breaks one rule each: ${c.errors.map(([, rule]) => rule).join("; ")}`, () => {
        const w = prepared(c);
        expect(named(c.control(w.cudart, w))).toBe("cudaSuccess");
        w.easyrt.cudaDeviceSynchronize();
        expect(w.machine.diagnostics()).toEqual([]);
        expect(w.cudart.cudaGetLastError()).toBe(0);
        for (const [code, rule, call] of c.errors) {
          const before = state(w);
          const count = w.machine.diagnostics().length;
          expect(`${rule}: ${named(call(w.cudart, w))}`).toBe(`${rule}: ${named(code)}`);
          expect(state(w), rule).toEqual(before);
          expect(w.machine.diagnostics().length, `${rule}: is explained`).toBeGreaterThan(count);
          expect(w.machine.diagnostics().at(-1)).toMatchObject({ kind: "api-error", code });
          expect([w.cudart.cudaPeekAtLastError(), w.cudart.cudaGetLastError(), w.cudart.cudaGetLastError()], rule).toEqual([code, code, 0]);
        }
        expect(named(c.control(w.cudart, w)), "the control call still works").toBe("cudaSuccess");
      });

      if (c.needs !== "nothing") {
        test("without a device: cudaErrorNoDevice; in a callback: cudaErrorNotPermitted", () => {
          const w = prepared(c);
          expect(named(c.control(makeMachine({ gpus: ["mi250x"] }).process().cudart, w))).toBe("cudaErrorNoDevice");
          let inside = -1;
          w.easyrt.cudaLaunchHostFunc(w.stream, () => { inside = c.control(w.cudart, w); }, null);
          w.easyrt.cudaStreamSynchronize(w.stream);
          expect(named(inside)).toBe("cudaErrorNotPermitted");
        });
      }

      if (c.needs === "context") {
        test("after a kernel's fault: its error", () => {
          const w = prepared(c);
          w.cudart.cudaLaunchKernel("fault", 1, 1, [16], 0, 0);
          expect(w.cudart.cudaDeviceSynchronize()).toBe(rt.cudaErrorIllegalAddress);
          expect(named(c.control(w.cudart, w))).toBe("cudaErrorIllegalAddress");
        });
      }
    });
  });
}
