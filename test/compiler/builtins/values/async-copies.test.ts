import { expect, test } from "vitest";
import { programsOf } from "./programs.ts";

/** Async copies (OpenCL C 3.0 section 6.15.11) of every type, in both directions, with strides, with events that are handed on, and in groups that the copy's size is no multiple of. */
const TYPES = ["char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", "half", "float", "double"].flatMap((name) => ["", "2", "3", "4", "8", "16"].map((lanes) => `${name}${lanes}`));
const SIZES: Readonly<Record<string, number>> = { char: 1, uchar: 1, short: 2, ushort: 2, int: 4, uint: 4, long: 8, ulong: 8, half: 2, float: 4, double: 8 };
const COUNT = 7;
const STRIDE = 3;

const source = `#pragma OPENCL EXTENSION cl_khr_fp16 : enable
${TYPES.map((type) => `kernel void k_${type}(global const ${type} *in, global ${type} *out, local ${type} *room) {
  in += get_group_id(0) * ${COUNT * STRIDE};
  out += get_group_id(0) * ${2 * COUNT * STRIDE};
  event_t e[2];
  e[0] = async_work_group_strided_copy(room, in, ${COUNT}, ${STRIDE}, 0);
  e[1] = async_work_group_copy(room + ${COUNT}, in + 1, ${COUNT}, 0);
  prefetch(in, ${COUNT});
  wait_group_events(2, e);
  event_t f = async_work_group_strided_copy(out, room, ${COUNT}, ${STRIDE}, 0);
  f = async_work_group_copy(out + ${COUNT * STRIDE}, room + ${COUNT}, ${COUNT}, f);
  wait_group_events(1, &f);
}`).join("\n")}
`;

const programs = programsOf("async-copies", source);

test.each(programs)("%s", (_engine, program) => {
  const faults: string[] = [];
  for (const type of TYPES) {
    const [, name, lanes] = /^(\D+)(\d*)$/.exec(type)!;
    const used = SIZES[name!]! * Number(lanes === "" ? 1 : lanes);
    const size = lanes === "3" ? SIZES[name!]! * 4 : used;
    const groups = 2;
    const input = Uint8Array.from({ length: groups * COUNT * STRIDE * size }, (_, n) => (n * 29 + (n >> 8)) % 251 + 1);
    const out = new Uint8Array(2 * groups * COUNT * STRIDE * size);
    program.run(`k_${type}`, [input, out, { local: 2 * COUNT * size }], 5 * groups, 5);
    for (let group = 0; group < groups; group++) {
      for (let n = 0; n < 2 * COUNT * STRIDE; n++) {
        const at = (group * 2 * COUNT * STRIDE + n) * size;
        const plain = n - COUNT * STRIDE;
        const from = plain < 0 ? (n % STRIDE === 0 ? n : null) : plain < COUNT ? plain + 1 : null;
        const want = from === null ? new Array<number>(used).fill(0) : [...input.slice((group * COUNT * STRIDE + from) * size, (group * COUNT * STRIDE + from) * size + used)];
        const got = [...out.slice(at, at + used)];
        if (String(got) !== String(want)) faults.push(`${type}: element ${n} of group ${group} is ${got.join(" ")}, not ${want.join(" ")}`);
      }
    }
  }
  expect(faults.slice(0, 20)).toEqual([]);
});
