import { approxRows } from "./families/approx.ts";
import { asyncRemoteRows } from "./families/async-remote.ts";
import { asyncRows } from "./families/async.ts";
import { atomic128Rows } from "./families/atomic128.ts";
import { atomicRows } from "./families/atomic.ts";
import { barrierRows } from "./families/barrier.ts";
import { bitRows } from "./families/bits.ts";
import { callRows } from "./families/call.ts";
import { clusterRows } from "./families/cluster.ts";
import { collectiveRows } from "./families/collective.ts";
import { compareRows } from "./families/compare.ts";
import { controlRows } from "./families/control.ts";
import { convertFp8Rows } from "./families/convert-fp8.ts";
import { convertHalfRows } from "./families/convert-half.ts";
import { convertRows } from "./families/convert.ts";
import { extendedRows } from "./families/extended.ts";
import { floatRows } from "./families/float.ts";
import { halfRows } from "./families/half.ts";
import { integerRows } from "./families/integer.ts";
import { ldmatrixRows } from "./families/ldmatrix.ts";
import { logicRows } from "./families/logic.ts";
import { mbarrierRows } from "./families/mbarrier.ts";
import { memoryRows } from "./families/memory.ts";
import { mmaQuadRows } from "./families/mma-quad.ts";
import { mmaSparseRows } from "./families/mma-sparse.ts";
import { mmaRows } from "./families/mma.ts";
import { moveRows } from "./families/move.ts";
import { permuteRows } from "./families/permute.ts";
import { stackRows } from "./families/stack.ts";
import { surfaceRows } from "./families/surface.ts";
import { textureQueryRows } from "./families/texture-query.ts";
import { textureRows } from "./families/texture.ts";
import { videoRows } from "./families/video.ts";
import { wmmaRows } from "./families/wmma.ts";
import { Table } from "./rows.ts";

/** Opcodes of the ISA that have no rows yet: they are refused as unsupported, not as unknown. */
const notYet = [
  "wgmma", "multimem", "tensormap", "tcgen05", "clusterlaunchcontrol",
];

/** Modifiers and types whose forms are not executed (tensor copies, clusters of several blocks, what came with sm_100): they are refused as unsupported, not as wrong. */
const later = [
  "tensor", "tensormap", "im2col", "multicast::cluster", "levels", "rs", "ue8m0x2", "e2m1x2", "e2m3x2", "e3m2x2", "e4m3x4", "e5m2x4", "f4x4", "m8n16", "m16n16", "m16n8", "b4x16_p64", "b6x16_p32",
];

/** Every instruction this front end executes. */
export const instructionTable: Table = new Table([
  integerRows, extendedRows, bitRows, logicRows, permuteRows, compareRows, floatRows, approxRows, halfRows, convertRows, convertHalfRows, convertFp8Rows,
  moveRows, memoryRows, atomicRows, atomic128Rows, collectiveRows, barrierRows, clusterRows, asyncRows, asyncRemoteRows, mbarrierRows, mmaQuadRows, mmaRows, mmaSparseRows, ldmatrixRows, wmmaRows, videoRows, textureRows, textureQueryRows, surfaceRows, controlRows, callRows, stackRows,
], notYet, later);
