import type { ValueId } from "../../../ir/ops.ts";
import { Field, SamplerBit } from "../../../builtins/opencl/images/descriptor.ts";
import { DescriptorKind, MAX_LEVELS, ShapeBit, TAG, TEXTURE_DESCRIPTOR_BYTES, TextureField } from "../../texture.ts";
import { Reg } from "../../ast.ts";
import { ptxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { bracketed, field, reference, type OpaqueName } from "./texture-operand.ts";

/** Queries of textures, samplers and surfaces: txq, suq and istypep (PTX ISA 9.7.10.5, 9.7.10.6 and 9.7.11.5). */

type Query = (c: FnLowering, descriptor: ValueId) => ValueId;

const plain = (offset: number): Query => (c, descriptor) => field(c, descriptor, offset);

/** A field that is 0 for what is not of that shape. */
const when = (bit: number, offset: number): Query => (c, descriptor) => {
  const { em } = c;
  const has = em.icmp("ne", em.bin("and", "i32", field(c, descriptor, TextureField.shape), em.i32(bit)), em.i32(0));
  return em.select(has, field(c, descriptor, offset), em.i32(0));
};

const bit = (offset: number, mask: number): Query => (c, descriptor) => {
  const { em } = c;
  return em.zext(em.icmp("ne", em.bin("and", "i32", field(c, descriptor, offset), em.i32(mask)), em.i32(0)), "i32");
};

const mode = (dimension: number): Query => (c, descriptor) => {
  const { em } = c;
  return em.bin("and", "i32", em.bin("lshr", "i32", field(c, descriptor, TextureField.modes), em.i32(4 * dimension)), em.i32(15));
};

const sizes: Readonly<Record<string, Query>> = { width: plain(Field.width), height: plain(Field.height), depth: plain(Field.depth) };

/** Of textures and surfaces. NON-SPEC: CUDA has no enumerations of its own here, so that formats are numbered as OpenCL does. */
const shared: Readonly<Record<string, Query>> = {
  ...sizes, channel_data_type: plain(Field.dataType), channel_order: plain(Field.order), array_size: when(ShapeBit.array, Field.layers),
};

const layout = bit(TextureField.shape, ShapeBit.rows);

const ofTextures: Readonly<Record<string, Query>> = {
  ...shared, normalized_coords: bit(TextureField.sampler, SamplerBit.normalized), num_mipmap_levels: when(ShapeBit.levels, TextureField.levels), num_samples: plain(TextureField.samples),
  // Not in the manual; the assembler takes it.
  memory_layout: layout,
};

const ofSamplers: Readonly<Record<string, Query>> = {
  force_unnormalized_coords: bit(TextureField.shape, ShapeBit.plain), filter_mode: bit(TextureField.sampler, SamplerBit.linear), addr_mode_0: mode(0), addr_mode_1: mode(1), addr_mode_2: mode(2),
};

const ofSurfaces: Readonly<Record<string, Query>> = { ...shared, memory_layout: layout };

const query = (ask: Query, ...types: readonly OpaqueName[]) => (): Lower => (c, ops) => c.dst(ops[0], ptxType("b32"), ask(c, bracketed(c, ops[1], ...types)));

/** Sampler queries go to the texture, or to the separate sampler. */
const samplerQuery = (name: string) => (): Lower => (c, ops) => {
  const { independent } = c.module;
  const byName = ops[1]?.kind === "mem" && !(ops[1].base instanceof Reg);
  if (name === "force_unnormalized_coords" && !independent && byName) c.fail(`.${name} is for modules with .target texmode_independent`);
  c.dst(ops[0], ptxType("b32"), ofSamplers[name]!(c, bracketed(c, ops[1], independent ? "samplerref" : "texref")));
};

/** The size of a level of detail; one that the texture does not have is its last. */
const levelQuery = (ask: Query) => (): Lower => (c, ops) => {
  const { em } = c;
  const image = bracketed(c, ops[1], "texref");
  const last = em.bin("min.u", "i32", em.bin("sub", "i32", field(c, image, TextureField.levels), em.i32(1)), em.i32(MAX_LEVELS - 1));
  const level = em.bin("min.u", "i32", c.u32(ops[2]), last);
  const offset = em.bin("mul", "i64", em.zext(level, "i64"), em.int("i64", BigInt(TEXTURE_DESCRIPTOR_BYTES)));
  c.dst(ops[0], ptxType("b32"), ask(c, em.bin("add", "i64", image, offset)));
};

/**
 * istypep: descriptors are told by their tag, and stand at multiples of their size. NON-SPEC: the memory there is looked at, so that a pointer to nothing ends the kernel (in PTX it is no opaque
 * variable); NULL and addresses that are not aligned are none.
 */
const isType = (type: OpaqueName) => (): Lower => (c, ops) => {
  const { em } = c;
  if (!(ops[1] instanceof Reg)) c.fail("the pointer must be in a register");
  const address = reference(c, ops[1]);
  const before = em.block;
  const [then, join] = [em.newBlock("descriptor"), em.newBlock("join")];
  const aligned = em.icmp("eq", em.bin("and", "i64", address, em.int("i64", TEXTURE_DESCRIPTOR_BYTES - 1)), em.int("i64", 0));
  em.condbr(em.bin("and", "i1", aligned, em.icmp("ne", address, em.int("i64", 0))), then, join);
  em.at(then);
  const same = em.icmp("eq", field(c, address, TextureField.tag), em.i32(TAG | DescriptorKind[type]));
  const end = em.block;
  em.br(join);
  em.at(join);
  c.dstPred(ops[0], em.phi("i1", [[before, em.zero("i1")], [end, same]]));
};

/** Rows of queries. */
export const textureQueryRows: readonly Row[] = [
  ...Object.entries(ofTextures).map(([name, ask]): Row => ({ op: "txq", types: ["b32"], needs: name, operands: 2, mode: "effect", make: query(ask, "texref") })),
  ...Object.entries(sizes).map(([name, ask]): Row => ({ op: "txq", types: ["b32"], needs: `level ${name}`, operands: 3, mode: "effect", make: levelQuery(ask) })),
  ...Object.keys(ofSamplers).map((name): Row => ({ op: "txq", types: ["b32"], needs: name, operands: 2, mode: "effect", make: samplerQuery(name) })),
  ...Object.entries(ofSurfaces).map(([name, ask]): Row => ({ op: "suq", types: ["b32"], needs: name, operands: 2, mode: "effect", make: query(ask, "surfref") })),
  ...(["texref", "samplerref", "surfref"] as const).map((type): Row => ({ op: "istypep", types: [type], operands: 2, mode: "effect", make: isType(type) })),
];
