import { expect, test } from "vitest";
import { ptxToIr } from "../../../src/compiler/ptx/lower/to-ir.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import { launch } from "../../gpu/fake-code.ts";
import { Rig, type Node } from "./rig.ts";

const P = 65536;

/** Compiled kernels on the engines, without any API between. */
const code = compileModule(ptxToIr(`
.version 7.0
.target sm_80
.address_size 64
.visible .entry add(.param .u64 at, .param .u64 n) {
  .reg .u32 %r<6>;
  .reg .u64 %rd<4>;
  ld.param.u64 %rd1, [at];
  ld.param.u32 %r1, [n];
  ld.global.u32 %r2, [%rd1];
  add.u32 %r2, %r2, %r1;
  st.global.u32 [%rd1], %r2;
  ret;
}
.visible .entry endless(.param .u64 at, .param .u64 n) {
  .reg .u32 %r<4>;
  mov.u32 %r1, 0;
L:
  add.u32 %r1, %r1, 1;
  bra L;
}
.visible .entry spin(.param .u64 at, .param .u64 n) {
  .reg .u32 %r<4>;
  .reg .u64 %rd<4>;
  .reg .pred %p<2>;
  ld.param.u64 %rd1, [at];
L:
  ld.volatile.global.u32 %r1, [%rd1];
  setp.eq.u32 %p1, %r1, 0;
  @%p1 bra L;
  ret;
}`));

function setup(vramBytes = 64 * 2 ** 20): { rig: Rig; node: Node; vm: number; context: number; queue: number; timeline: number } {
  const rig = new Rig({ gpus: [{ ...tiny, vramBytes }] });
  const node = rig.process().open();
  const vm = node.vm();
  const context = node.context(vm);
  return { rig, node, vm, context, ...node.queue(context) };
}

test("pages of a huge object come into being where kernels touch them", () => {
  const { rig, node, vm, queue, timeline } = setup(2 ** 34);
  const size = 2 ** 33;
  const va = node.reserve(size);
  node.bind(vm, node.gem(size), va, size);
  for (const at of [va, va + 5 * 2 ** 30, va + size - 4]) {
    node.exec(queue, launch(code, "add", 1, 1, [at, 3]));
    node.exec(queue, launch(code, "add", 1, 1, [at, 4]));
  }
  const b = node.buffer(vm, P, "system");
  const last = node.exec(queue, { kind: "copy", dst: b.address, src: va + size - 4, extent: { width: 4, height: 1, depth: 1 }, dstPitch: 0, srcPitch: 0, dstSlicePitch: 0, srcSlicePitch: 0 });
  expect(node.wait([{ syncobj: timeline, point: last }])).toEqual({ result: 0, error: 0 });
  expect(b.bytes[0]).toBe(7);
  expect(rig.store.counts().vram).toBe(3);
});

test("when a program has ended, no scratch memory of its kernels is left", () => {
  const { rig, node, vm, queue, timeline } = setup();
  const b = node.buffer(vm, P);
  for (const threads of [1, 100, 1000]) node.exec(queue, launch(code, "add", 4, threads, [b.address, 1]));
  node.wait([{ syncobj: timeline, point: 3 }]);
  rig.kernel.kill(node.client.process);
  expect(rig.store.counts()).toEqual({ system: 0, vram: 0, pagetable: 0, scratch: 0 });
});

test("a store to a read-only mapping and a load from nowhere die of their own faults", () => {
  for (const [flags, kind] of [[1, "write-protected"], [0, "illegal-address"]] as const) {
    const { node, vm, context, queue, timeline } = setup();
    const va = node.reserve(P);
    if (flags !== 0) node.bind(vm, node.gem(P), va, P, flags);
    node.exec(queue, launch(code, "add", 1, 1, [va + 8, 1]));
    expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(-Errno.EIO);
    expect(node.do("GLASS_CONTEXT_STATE", { context, fault: null }).fault?.fault).toMatchObject({ kind, access: { address: BigInt(va + 8), size: 4 } });
  }
});

test("endless loops are found in bounded work, whether they compute or wait", () => {
  for (const [kernel, blocks, threads] of [["endless", 100, 256], ["spin", 100, 256]] as const) {
    const { rig, node, vm, queue, timeline } = setup();
    node.exec(queue, launch(code, kernel, blocks, threads, [node.buffer(vm, P).address, 0]));
    expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(-Errno.ETIME);
    expect(rig.kernel.events.ran).toBeLessThan(2500);
    expect(rig.kernel.clock.now).toBeLessThan(3e9);
  }
}, 60_000);

test("a kernel that spins on a word in system memory sees the host's store", () => {
  const { rig, node, vm, queue, timeline } = setup();
  const b = node.buffer(vm, P, "system");
  node.exec(queue, launch(code, "spin", 2, 32, [b.address, 0]));
  rig.kernel.events.advance(200_000);
  expect(node.do("GLASS_JOB_STATE", { queue, point: 1, state: "done", error: 0 }).state).toBe("running");
  b.bytes[0] = 1;
  expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(0);
  expect(rig.kernel.clock.now).toBeLessThan(1_000_000);
});
