import { describe, expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { parseModule } from "../../../src/compiler/ir/parse.ts";
import { printModule } from "../../../src/compiler/ir/print.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { textureDescriptor } from "../../../src/compiler/ptx/texture.ts";
import { packParams } from "../wasm/harness.ts";
import { engines, HEAD, lowered, PtxBench } from "./bench.ts";

/** Variables of type .texref, .samplerref and .surfref: what texts may say of them, and that both engines find them. */
const INDEPENDENT = HEAD.replace("sm_90", "sm_90, texmode_independent");
const entry = (body: string, params = ""): string => `.visible .entry k(${params}) { .reg .b32 %r<4>; .reg .b64 %d<4>; .reg .f32 %f<8>; .reg .pred %p; ${body} ret; }`;

function refusal(text: string): CompileError {
  try {
    ptxToIr(text, "test", { linking: "whole" });
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe("declarations", () => {
  test("members are kept, and the text of the IR has them", () => {
    const module = lowered(`${INDEPENDENT}
.global .texref t = { normalized_coords = 1, width = 2 * (3 + 4), filter_mode = linear };
.visible .global .samplerref s = { addr_mode_0 = clamp_ogl, force_unnormalized_coords = 0 };
.weak .global .surfref u = { };
.global .texref v;
${entry("")}`);
    expect([...module.globals.values()].map(({ name, linkage, opaque }) => [name, linkage, opaque])).toEqual([
      ["t", "local", { kind: "texref", independent: true, members: { normalized_coords: 1, width: 14, filter_mode: "linear" } }],
      ["s", "visible", { kind: "samplerref", independent: true, members: { addr_mode_0: "clamp_ogl", force_unnormalized_coords: 0 } }],
      ["u", "weak", { kind: "surfref", independent: true, members: {} }], ["v", "local", { kind: "texref", independent: true, members: {} }],
    ]);
    expect(parseModule(printModule(module))).toEqual(module);
  });

  test.each([
    [".const .texref t;", "must be in .global"], [".shared .texref t;", "must be in .global"], [".global .texref t[4];", "must be a single one"], [".global .v2 .texref t;", "must be a single one"],
    [".global .texref t = 5;", "to begin an initialiser"], [".global .texref t = { 5 };", "the name of a member"], [".global .texref t = { width 5 };", "after the name of a member"], [".global .texref t = { width = 5;", "after an initialiser"],
    [".global .texref t = { width = 5, width = 6 };", "'width' is initialised twice"], [".global .texref t = { size = 5 };", "no member 'size' in unified texture mode"], [".global .texref t = { force_unnormalized_coords = 1 };", "no member"],
    [".global .surfref t = { filter_mode = linear };", "no member 'filter_mode'"], [".global .samplerref t;", "texmode_independent"], [".visible .entry j(.param .samplerref t) { ret; }", "texmode_independent"], [".global .texref t = { filter_mode = cubic };", "filter_mode is one of nearest, linear"],
    [".global .texref t = { filter_mode = 1 };", "filter_mode is one of"], [".global .texref t = { addr_mode_1 = repeat };", "addr_mode_1 is one of wrap, mirror"], [".global .texref t = { width = linear };", "width is a number"],
    [".global .texref t = { width = -1 };", "width is a number of 32 bits"], [".global .texref t = { normalized_coords = 2 };", "normalized_coords is 0 or 1"],
    [".global .texref t; .global .u64 p = t;", "'t' of type .texref cannot stand in an initialiser"], [".global .texref t; .global .texref t;", "'t' is defined twice"],
    [".func f(.param .texref t) { ret; }", "only kernels have such"],
  ])("refused: %s", (text, why) => {
    expect(refusal(`${HEAD}${text}${entry("")}`).message).toContain(why);
  });

  test("of the other texture mode", () => {
    expect(refusal(`${INDEPENDENT}.global .texref t = { addr_mode_0 = wrap };${entry("")}`).message).toContain("in independent texture mode");
    expect(refusal(`${INDEPENDENT}.global .samplerref t = { width = 1 };${entry("")}`).message).toContain("no member 'width'");
    expect(refusal(`${HEAD.replace("sm_90", "sm_90, texmode_independent, texmode_unified")}${entry("")}`)).toMatchObject({ kind: "target" });
    expect(() => ptxToIr(`${HEAD.replace("sm_90", "sm_90, texmode_unified")}.global .texref t;${entry("")}`, "test")).not.toThrow();
  });

  test("in a function", () => {
    expect(refusal(`${HEAD}${entry(".global .texref t;")}`).message).toContain("must be declared outside of functions");
    expect(refusal(`${HEAD}${entry(".local .texref t;")}`).message).toContain("outside of functions");
    expect(refusal(`${HEAD}${entry(".reg .texref %t;")}`).message).toContain("registers cannot be of type .texref");
  });
});

describe("operands", () => {
  const declared = ".global .texref t; .global .surfref s; .global .u32 v;";

  test.each([
    ["tex.1d.v4.f32.s32 {%f1, %f2, %f3, %f4}, [s, {%r1}];", "'s' is of type .surfref, .texref is wanted"], ["tex.1d.v4.f32.s32 {%f1, %f2, %f3, %f4}, [v, {%r1}];", "'v' is no variable or kernel parameter of type .texref"],
    ["tex.1d.v4.f32.s32 {%f1, %f2, %f3, %f4}, [t+8, {%r1}];", "no offsets"], ["tex.1d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [t, %d1, {%f1}];", "texmode_independent"], ["tex.1d.v4.f32.s32 {%f1, %f2, %f3, %f4}, [nothing, {%r1}];", "not declared"],
    ["suld.b.1d.b32.trap {%r1}, [t, {%r1}];", "'t' is of type .texref, .surfref is wanted"], ["sust.b.1d.b32.trap [t, {%r1}], %r1;", ".surfref is wanted"], ["sured.p.min.1d.b32.trap [v, {%r1}], %r1;", "no variable or kernel parameter"],
    ["txq.width.b32 %r1, [s];", ".texref is wanted"], ["txq.force_unnormalized_coords.b32 %r1, [t];", "texmode_independent"], ["suq.width.b32 %r1, [t];", ".surfref is wanted"],
    ["sured.p.add.1d.b64.trap [s, {%r1}], %d1;", "no form of 'sured'"], ["sured.p.add.1d.u32.trap [s, {%r1}], %r1;", "no form of 'sured'"], ["ld.global.u32 %r1, [t];", "access to variable 't' of type .texref"],
    ["st.global.u32 [s], %r1;", "access to variable 's' of type .surfref"], ["tex.cube.v4.f32.f32 {%f1, %f2, %f3, %f4}, [t, {%f1, %f1, %f1, %f1}], {1, 1};", "cube maps take no offset"],
    ["tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [t, {%f1, %f1}], %f2;", "depth comparison is not supported"], ["tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [t, {%f1, %f1}], {1};", "2 offsets are wanted, 1 are given"], ["tex.3d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [t, {%f1, %f1, %f1, %f1}], {1, 1, 1};", "4 offsets are wanted"], ["istypep.texref %p, t;", "the pointer must be in a register"],
    ["tex.3d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [t, {%f1, %f1, %f1}];", "4 coordinates are wanted, 3 are given"], ["suld.b.a2d.b32.trap {%r1}, [s, {%r1, %r1, %r1}];", "4 coordinates are wanted"], ["tex.grad.1d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [t, {%f1}], %f1, %f1;", "gradients are vectors"],
    ["sured.b.add.a1d.u32.trap [s, {%r1, %r1}], %r1;", "'sured' has no modifier .a1d"], ["sured.b.add.1d.b32.trap [s, {%r1}], %r1;", "no form of 'sured'"], ["suld.b.1d.v4.b64.trap {%d1, %d2, %d3, %d1}, [s, {%r1}];", "no form of 'suld'"],
  ])("refused: %s", (body, why) => {
    expect(refusal(`${HEAD}${declared}${entry(body)}`).message).toContain(why);
  });

  test("separate samplers have their kind too; versions", () => {
    const apart = `${declared} .global .samplerref m;`;
    expect(refusal(`${INDEPENDENT}${apart}${entry("tex.1d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [t, t, {%f1}];")}`).message).toContain("'t' is of type .texref, .samplerref is wanted");
    expect(refusal(`${INDEPENDENT}${apart}${entry("tex.1d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [t, {%f1}];")}`).message).toContain("wants a sampler");
    expect(() => lowered(`${HEAD}${entry("tex.1d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%d1, %d2, {%f1}]; txq.force_unnormalized_coords.b32 %r1, [%d2];")}`)).not.toThrow();
    expect(refusal(`${HEAD.replace("8.8", "7.0").replace("sm_90", "sm_80")}${declared}${entry("tex.1d.v4.f32.s32 {%f1, %f2, %f3, %f4}|%p, [t, {%r1}];")}`).message).toContain("requires .version 7.1");
    expect(refusal(`${HEAD.replace("8.8", "8.0")}${declared}${entry("sured.p.min.1d.b64.trap [s, {%r1}], %d1;")}`).message).toContain("requires .version 8.1");
    expect(refusal(`${INDEPENDENT}${apart}${entry("txq.filter_mode.b32 %r1, [t];")}`).message).toContain(".samplerref is wanted");
  });
});

describe.each(engines)("%s", (_, compile) => {
  test("a launch says where the descriptor of a name is", () => {
    const text = `${HEAD}.global .texref t; .global .surfref s;${entry(`ld.param.u64 %d1, [out];
tex.1d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [t, {0f3FC00000}]; st.global.f32 [%d1], %f1;
mov.u64 %d2, t; txq.width.b32 %r1, [%d2]; st.global.u32 [%d1+4], %r1;
sured.p.max.1d.b32.trap [s, {1}], 100; sured.p.min.1d.b32.zero [s, {9}], 0; suld.b.1d.b32.clamp {%r2}, [s, {400}]; st.global.u32 [%d1+8], %r2;
istypep.surfref %p, %d2; selp.u32 %r3, 1, 0, %p; st.global.u32 [%d1+12], %r3;`, ".param .u64 out")}`;
    const bench = new PtxBench(text, compile);
    const pixels = bench.machine.upload(Float32Array.of(1, 2, 3));
    const numbers = bench.machine.upload(Int32Array.of(-1, -1, -5));
    const at = (address: bigint, width: number, dataType: number, kind: "texref" | "surfref"): bigint => bench.machine.upload(textureDescriptor(
      { address, width, height: 1, depth: 1, layers: 1, rowPitch: 4 * width, slicePitch: 4 * width, order: 0x10b0, dataType }, { normalized: false, linear: false, address: "clamp" }, [], { kind })!);
    const out = bench.machine.map(256);
    bench.symbols.set("t", at(pixels, 3, 0x10de, "texref"));
    bench.symbols.set("s", at(numbers, 3, 0x10d9, "surfref"));
    bench.launch("k", packParams(out));
    expect([bench.machine.f32(out, 1)[0], ...bench.machine.i32(out, 4).slice(1)]).toEqual([2, 3, -5, 0]);
    expect([...bench.machine.i32(numbers, 3)]).toEqual([-1, 100, -5]);
    // Another launch, another texture.
    bench.symbols.set("t", at(pixels + 4n, 2, 0x10de, "texref"));
    bench.launch("k", packParams(out));
    expect([bench.machine.f32(out, 1)[0], bench.machine.i32(out, 2)[1]]).toEqual([3, 2]);
  });
});
