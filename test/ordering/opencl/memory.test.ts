import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import { seededStrategy } from "../../../src/kernel/choices.ts";
import * as C from "../../../src/opencl/abi/constants.ts";
import type { cl_event, cl_int, cl_mem } from "../../../src/opencl/abi/types.ts";
import { Bench } from "../../opencl/harness.ts";
import { testModule } from "../../opencl/kernels.ts";

const SIZE = 1024;
/** Where the second name of each buffer's memory begins: a sub-buffer over its upper half. */
const HALF = SIZE / 2;

const place = fc.record({ mem: fc.nat({ max: 2 }), part: fc.boolean(), at: fc.integer({ min: 0, max: 96 }), bytes: fc.integer({ min: 1, max: 96 }) });
const command = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), to: place, value: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant("fill" as const), to: place, value: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant("copy" as const), from: place, to: place }),
  fc.record({ kind: fc.constant("kernel" as const), to: place, value: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant("map" as const), to: place, value: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant("read" as const), to: place }),
);

describe("memory is what the commands before left in it", () => {
  test("M1, M3: any commands, through buffers of all kinds and through their parts, in both kinds of queues", () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 14 }), fc.boolean(), fc.nat(), (commands, outOfOrder, seed) => {
        const b = new Bench({ gpus: ["tiny"], strategy: seededStrategy(seed), order: "any" });
        const { cl } = b;
        const ctx = b.context();
        const q = b.queue(ctx, outOfOrder ? C.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE : 0);
        const zeros = new Uint8Array(SIZE);
        const mems = [
          b.buffer(ctx, SIZE, C.CL_MEM_COPY_HOST_PTR, zeros),
          b.buffer(ctx, SIZE, C.CL_MEM_ALLOC_HOST_PTR | C.CL_MEM_COPY_HOST_PTR, zeros),
          b.buffer(ctx, SIZE, C.CL_MEM_USE_HOST_PTR, b.malloc(SIZE)),
        ];
        b.ok(cl.clEnqueueFillBuffer(q, mems[2]!, zeros, 1, 0, SIZE, 0, null, null));
        b.ok(cl.clFinish(q));
        const parts = mems.map((mem) => b.make((e) => cl.clCreateSubBuffer(mem, 0, C.CL_BUFFER_CREATE_TYPE_REGION, { origin: HALF, size: HALF }, e)));
        const model = mems.map(() => new Uint8Array(SIZE));
        const prog = b.program(ctx, testModule());
        type Place = (typeof commands)[number] extends infer K ? (K extends { to: infer P } ? P : never) : never;
        const object = (p: Place): cl_mem => (p.part ? parts : mems)[p.mem]!;
        const region = (p: Place): Uint8Array => model[p.mem]!.subarray((p.part ? HALF : 0) + p.at, (p.part ? HALF : 0) + p.at + p.bytes);
        let last: cl_event | null = null;
        /** Enqueues after what was enqueued last. */
        const next = (call: (num: number, list: cl_event[] | null, event: ReturnType<typeof out<cl_event>>) => cl_int): void => {
          const event = out<cl_event>();
          const list = outOfOrder && last !== null ? [last] : null;
          b.ok(call(list?.length ?? 0, list, event));
          last = event.value;
        };
        const reads: (readonly [Uint8Array, Uint8Array])[] = [];
        for (const c of commands) {
          const { to } = c;
          switch (c.kind) {
            case "write": {
              const data = new Uint8Array(to.bytes).map((_, i) => c.value + i);
              next((n, l, e) => cl.clEnqueueWriteBuffer(q, object(to), 0, to.at, to.bytes, data, n, l, e));
              region(to).set(data);
              break;
            }
            case "fill":
              next((n, l, e) => cl.clEnqueueFillBuffer(q, object(to), new Uint8Array([c.value]), 1, to.at, to.bytes, n, l, e));
              region(to).fill(c.value);
              break;
            case "copy": {
              const bytes = Math.min(c.from.bytes, to.bytes);
              // Regions that share a byte are refused (CL_MEM_COPY_OVERLAP): this is about those that do not.
              if (c.from.mem === to.mem) break;
              next((n, l, e) => cl.clEnqueueCopyBuffer(q, object(c.from), object(to), c.from.at, to.at, bytes, n, l, e));
              region(to).set(region(c.from).subarray(0, bytes));
              break;
            }
            case "kernel": {
              const kernel = b.kernelOf(prog, "fill");
              b.ok(cl.clSetKernelArg(kernel, 0, 8, object(to)));
              b.ok(cl.clSetKernelArg(kernel, 1, 4, new Uint32Array([c.value])));
              next((n, l, e) => cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [8], null, n, l, e));
              const words = new DataView(model[to.mem]!.buffer, to.part ? HALF : 0);
              for (let i = 0; i < 8; i++) words.setUint32(4 * i, c.value + i, true);
              break;
            }
            case "map": {
              // M2: what the host writes between map and unmap is there for what comes after.
              const pointer = b.make((code) => {
                const event = out<cl_event>();
                const list = outOfOrder && last !== null ? [last] : null;
                const at = cl.clEnqueueMapBuffer(q, object(to), 1, C.CL_MAP_READ | C.CL_MAP_WRITE, to.at, to.bytes, list?.length ?? 0, list, event, code);
                last = event.value;
                return at;
              });
              const bytes = typeof pointer === "number" ? b.view(pointer, to.bytes) : new Uint8Array(pointer!.buffer, pointer!.byteOffset, to.bytes);
              expect([...bytes]).toEqual([...region(to)]);
              bytes.fill(c.value);
              next((n, l, e) => cl.clEnqueueUnmapMemObject(q, object(to), pointer, n, l, e));
              region(to).fill(c.value);
              break;
            }
            case "read": {
              const data = new Uint8Array(to.bytes);
              next((n, l, e) => cl.clEnqueueReadBuffer(q, object(to), 0, to.at, to.bytes, data, n, l, e));
              reads.push([data, region(to).slice()]);
            }
          }
        }
        b.ok(cl.clFinish(q));
        // M7: the end of a command is before the return of the wait for it.
        for (const [seen, wanted] of reads) expect([...seen]).toEqual([...wanted]);
        mems.forEach((mem, i) => {
          const all = new Uint8Array(SIZE);
          b.ok(cl.clEnqueueReadBuffer(q, mem, 1, 0, SIZE, all, 0, null, null));
          expect(Buffer.compare(all, model[i]!)).toBe(0);
        });
        b.checkInvariants();
      }),
      { seed: 31, numRuns: 150 },
    );
  });
});
