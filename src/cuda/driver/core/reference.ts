import type { Caller } from "../../../api/caller.ts";
import type { ImageFields } from "../../../compiler/builtins/opencl/images/descriptor.ts";
import type { OpaqueVar } from "../../../compiler/ir/module.ts";
import { textureDescriptor, unboundDescriptor, type DescriptorShape } from "../../../compiler/ptx/texture.ts";
import type { SyncPoint } from "../../../kernel/sys/uapi.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUaddress_mode, CUarray_format } from "../../abi/driver/enums.ts";
import type { CUDA_TEXTURE_DESC, CUsurfref, CUtexref } from "../../abi/driver/types.ts";
import { bindlessOf } from "../bindless.ts";
import { fieldsOf, type Resource } from "../resource-argument.ts";
import { arrayFormat, type ArrayFormat } from "./array-format.ts";
import type { Context } from "./context.ts";
import type { Module } from "./module.ts";
import { readsIntegers, samplingOf } from "./sampling.ts";
import type { Stream } from "./stream.ts";

/** Numbers of the PTX ISA's address modes, by CUaddress_mode, and the other way by the ISA's names. */
const ISA_MODES = [0, 3, 1, 4];
const ISA_NAMES: Readonly<Record<string, readonly [mode: CUaddress_mode, number: number]>> = {
  wrap: [cu.CU_TR_ADDRESS_MODE_WRAP, 0], mirror: [cu.CU_TR_ADDRESS_MODE_MIRROR, 1], clamp_ogl: [cu.CU_TR_ADDRESS_MODE_CLAMP, 2],
  clamp_to_edge: [cu.CU_TR_ADDRESS_MODE_CLAMP, 3], clamp_to_border: [cu.CU_TR_ADDRESS_MODE_BORDER, 4],
};

const scratch = new DataView(new ArrayBuffer(4));

/** The bits of a single-precision number, as an integer. */
function floatBits(value: number): number {
  scratch.setFloat32(0, value, true);
  return scratch.getInt32(0, true);
}

/**
 * A texture, sampler or surface reference: a name in a module, or (textures) one made by cuTexRefCreate. What it reads and how is state of the host's; a launch takes the state of its moment along, because
 * each state has a descriptor of its own once a launch has seen it.
 */
export class Reference {
  /** CUtexref or CUsurfref; 0 while nobody has asked for it. */
  handle: CUtexref | CUsurfref = 0;
  readonly context: Context;
  /** The module it belongs to, and its position in the symbols of that module's code; null: made by cuTexRefCreate. */
  readonly owner: { readonly module: Module; readonly symbol: number } | null;
  readonly opaque: OpaqueVar;
  /** What is bound: for linear memory the address as given, with the memory from the last aligned address before it. */
  bound: { readonly resource: Resource; readonly dptr: number } | null = null;
  /** NON-SPEC: the manual names no defaults. These are those of a CUDA_TEXTURE_DESC of zeros, and single floats. */
  format: CUarray_format = cu.CU_AD_FORMAT_FLOAT;
  channels = 1;
  sampling: CUDA_TEXTURE_DESC & { addressMode: CUaddress_mode[]; borderColor: number[] } = {
    addressMode: [0, 0, 0], filterMode: 0, flags: 0, maxAnisotropy: 0, mipmapFilterMode: 0, mipmapLevelBias: 0, minMipmapLevelClamp: 0, maxMipmapLevelClamp: 0, borderColor: [0, 0, 0, 0], reserved: [],
  };
  private modes: number[] = [0, 0, 0];
  /** Address of the descriptor of the present state; 0: none yet. */
  place = 0;
  /** The last launch of each stream that was given the place. */
  private readonly users: Map<Stream, SyncPoint> = new Map();

  constructor(context: Context, owner: Reference["owner"], opaque: OpaqueVar) {
    this.context = context;
    this.owner = owner;
    this.opaque = opaque;
    const { members } = opaque;
    if (members["normalized_coords"] === 1) this.sampling.flags |= cu.CU_TRSF_NORMALIZED_COORDINATES;
    if (members["filter_mode"] === "linear") this.sampling.filterMode = cu.CU_TR_FILTER_MODE_LINEAR;
    for (let d = 0; d < 3; d++) {
      const named = ISA_NAMES[members[`addr_mode_${d}`] ?? "wrap"]!;
      [this.sampling.addressMode[d], this.modes[d]] = named;
    }
  }

  setAddressMode(dimension: number, mode: CUaddress_mode): void {
    this.sampling.addressMode[dimension] = mode;
    this.modes[dimension] = ISA_MODES[mode]!;
  }

  /** Format of the bound pixels, or as set. */
  get pixels(): ArrayFormat {
    return arrayFormat(this.format)!;
  }

  /** A launch that was just put into the stream has the present place. */
  used(stream: Stream): void {
    this.users.set(stream, { syncobj: stream.tail, point: stream.tailPoint });
  }

  private descriptor(): Uint8Array {
    const { kind, members } = this.opaque;
    const { channels } = this;
    const { resource } = this.bound ?? { resource: null };
    const shape: DescriptorShape = {
      kind, array: resource?.layered ?? (members["array_size"] ?? 0) !== 0, mipmapped: resource?.mipmapped ?? (members["num_mipmap_levels"] ?? 0) !== 0, forcePlain: members["force_unnormalized_coords"] === 1,
      rows: members["memory_layout"] === 1, samples: resource === null ? Number(members["num_samples"] ?? 0) : 0, modes: this.modes,
    };
    const sampled = { format: this.pixels, channels, linear: resource?.linear ?? false, levels: (resource?.further.length ?? 0) > 0 };
    if (kind === "samplerref") {
      // Whether coordinates are normalised is the texture's affair, but for those that the sampler forbids.
      return unboundDescriptor({}, samplingOf({ ...this.sampling, flags: cu.CU_TRSF_NORMALIZED_COORDINATES }, { ...sampled, format: arrayFormat(cu.CU_AD_FORMAT_FLOAT)! }), shape);
    }
    const integer = readsIntegers(this.sampling.flags, sampled.format);
    // Colours for integers are their bits, taken as floats.
    const sampling = samplingOf({ ...this.sampling, ...(integer ? { borderColor: this.sampling.borderColor.map(floatBits) } : {}) }, sampled);
    if (resource === null) return unboundDescriptor(declared(members), sampling, shape);
    if (kind === "surfref") return textureDescriptor(fieldsOf(resource, false), { normalized: false, linear: false, address: "border" }, [], shape)!;
    const seen = { ...resource, format: sampled.format, channels };
    const fields = (level: Parameters<typeof fieldsOf>[3]): ImageFields => fieldsOf(seen, !integer, sampling.srgb, level);
    return textureDescriptor(fields(resource), sampling, resource.further.map(fields), shape)!;
  }

  /** Changes the state for launches from now on. @returns 0, or a negative errno; then nothing has changed */
  change(t: Caller, edit: () => void): number {
    const { bound, format, channels, sampling, modes } = this;
    this.sampling = { ...sampling, addressMode: [...sampling.addressMode], borderColor: [...sampling.borderColor] };
    this.modes = [...modes];
    edit();
    const error = this.update(t);
    if (error < 0) Object.assign(this, { bound, format, channels, sampling, modes });
    return error;
  }

  /** Writes the present state down for later launches. @returns 0, or a negative errno; then launches go on with the state before */
  update(t: Caller): number {
    const bytes = this.descriptor();
    const bindless = bindlessOf(t);
    // Nobody has seen the state before: it may be replaced.
    if (this.place !== 0 && this.users.size === 0 && bindless.rewrite(t, this.place, bytes)) return 0;
    const place = bindless.place(t, this.context, bytes);
    if (place < 0) return place;
    this.retire(t);
    this.place = place;
    if (this.owner !== null) {
      // Launches that are under way have the array of before.
      const { module, symbol } = this.owner;
      module.symbols = module.symbols.slice();
      module.symbols[symbol] = BigInt(place);
    }
    return 0;
  }

  /** Gives the place back, for use when the launches that have it have ended. */
  retire(t: Caller): void {
    if (this.place !== 0) bindlessOf(t).retire(this.place, this.context, [...this.users.values()]);
    this.place = 0;
    this.users.clear();
  }
}

/** Sizes and format that a reference's declaration names. */
function declared(members: OpaqueVar["members"]): Partial<ImageFields> {
  const number = (name: string): number => Number(members[name] ?? 0);
  return { width: number("width"), height: number("height"), depth: number("depth"), layers: number("array_size"), order: number("channel_order"), dataType: number("channel_data_type") };
}
