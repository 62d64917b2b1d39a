import { expect, test } from "vitest";
import { OFFERED, programsOf } from "./programs.ts";

/** What is offered is seen by programs; barriers with every flag and scope; ballots (cl_khr_subgroup_ballot) of groups whose last sub-group is short. */
const FLAGS = ["CLK_LOCAL_MEM_FENCE", "CLK_GLOBAL_MEM_FENCE", "CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE", "CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE | CLK_IMAGE_MEM_FENCE"];
const SCOPES = ["memory_scope_work_group", "memory_scope_device", "memory_scope_all_svm_devices"];
const BARRIERS = FLAGS.flatMap((flags) => [`barrier(${flags})`, `work_group_barrier(${flags})`, ...SCOPES.map((scope) => `work_group_barrier(${flags}, ${scope})`)].map((call) => ({ call, flags })));
const BY_WARP = FLAGS.flatMap((flags) => [`sub_group_barrier(${flags})`, ...["memory_scope_sub_group", ...SCOPES].map((scope) => `sub_group_barrier(${flags}, ${scope})`)].map((call) => ({ call, flags })));
const SIZE = 20;
const WARP = 8;

const exchange = ({ call, flags }: { call: string; flags: string }, n: number, to: string): string => {
  const place = flags.startsWith("CLK_LOCAL") ? "room" : "wide";
  return `  ${place}[i] = i * 3 + ${n}; ${call}; out[i * many + at++] = ${place}[${to}]; ${call};`;
};
const source = `
kernel void offered(global int *out) {
${OFFERED.map((name, n) => `#ifdef ${name}\n  out[${n}] = 1;\n#endif`).join("\n")}
}
kernel void barriers(global int *wide, global int *out) {
  local int room[${SIZE}];
  int i = get_local_id(0), at = 0, many = ${BARRIERS.length + BY_WARP.length};
${BARRIERS.map((b, n) => exchange(b, n, `(i + 7) % ${SIZE}`)).join("\n")}
  int first = i - (int)get_sub_group_local_id();
${BY_WARP.map((b, n) => exchange(b, BARRIERS.length + n, "first + (i - first + 3) % (int)get_sub_group_size()")).join("\n")}
}
kernel void ballots(global const uchar *said, global const uchar *come, global uint *out) {
  int i = get_global_id(0);
  out += i * 16;
  if (come[i]) {
    uint4 b = sub_group_ballot(said[i]);
    out[0] = b.x; out[1] = b.y | b.z | b.w; out[2] = sub_group_inverse_ballot(b); out[3] = sub_group_ballot_bit_extract(b, 2); out[4] = sub_group_ballot_bit_count(b);
    out[5] = sub_group_ballot_inclusive_scan(b); out[6] = sub_group_ballot_exclusive_scan(b); out[7] = sub_group_ballot_find_lsb(b); out[8] = sub_group_ballot_find_msb(b);
  }
  out[9] = get_sub_group_eq_mask().x; out[10] = get_sub_group_ge_mask().x; out[11] = get_sub_group_gt_mask().x; out[12] = get_sub_group_le_mask().x; out[13] = get_sub_group_lt_mask().x;
}
`;
const programs = programsOf("offered", source);

test.each(programs)("macros: %s", (_engine, program) => {
  const out = new Int32Array(OFFERED.length);
  program.run("offered", [out], 1);
  expect(OFFERED.filter((_, n) => out[n] !== 1)).toEqual([]);
});

test.each(programs)("barriers: %s", (_engine, program) => {
  const many = BARRIERS.length + BY_WARP.length;
  const out = new Int32Array(SIZE * many);
  program.run("barriers", [new Int32Array(SIZE), out], SIZE, SIZE, { warpSize: WARP });
  const wanted = Array.from({ length: SIZE * many }, (_, at) => {
    const [i, n] = [Math.floor(at / many), at % many];
    const first = i - i % WARP;
    return (n < BARRIERS.length ? (i + 7) % SIZE : first + (i - first + 3) % Math.min(WARP, SIZE - first)) * 3 + n;
  });
  expect([...out]).toEqual(wanted);
});

test.each(programs)("ballots: %s", (_engine, program) => {
  const said = Uint8Array.from({ length: SIZE }, (_, n) => (n * 5 % 7 < 3 ? 9 : 0));
  const come = Uint8Array.from({ length: SIZE }, (_, n) => (n % 4 === 1 ? 0 : 1));
  const out = new Uint32Array(SIZE * 16);
  program.run("ballots", [said, come, out], SIZE, SIZE, { warpSize: WARP });
  for (let n = 0; n < SIZE; n++) {
    const [lane, first] = [n % WARP, n - n % WARP];
    const size = Math.min(WARP, SIZE - first);
    const bits = Array.from({ length: size }, (_, i) => (come[first + i] === 1 && said[first + i] !== 0 ? 1 << i : 0)).reduce((a, b) => a | b, 0);
    const count = (mask: number): number => mask.toString(2).replaceAll("0", "").length;
    const [below, upTo, all] = [2 ** lane - 1, 2 ** (lane + 1) - 1, 2 ** size - 1];
    const row = [...out.slice(n * 16, n * 16 + 14)];
    const ballot = [bits, 0, bits >> lane & 1, bits >> 2 & 1, count(bits), count(bits & upTo), count(bits & below)];
    if (come[n] === 1) expect([n, ...row.slice(0, 7)]).toEqual([n, ...ballot]);
    if (come[n] === 1 && bits !== 0) expect([n, row[7], row[8]]).toEqual([n, Math.log2(bits & -bits), Math.floor(Math.log2(bits))]);
    expect([n, ...row.slice(9)]).toEqual([n, 2 ** lane, all & ~below, all & ~upTo, upTo, below]);
  }
});
