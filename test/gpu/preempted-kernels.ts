/**
 * Kernels that are in the middle of something of each kind when they are stopped: each goes round a loop with that in it, and ends with a number for each work-item that depends on all of it.
 * Parameters: results, 256 words of input, a texture, rounds. Registers: %out the work-item's own result, %in, %tex, %n; %t its number in its group of 64, %g its group, %x the result.
 */
const bodies: Readonly<Record<string, string>> = {
  "loops in a recursion": `{ .param .b32 d; .param .b32 s; .param .b32 r; and.b32 %a, %t, 3; add.u32 %a, %a, 2; st.param.b32 [d], %a; st.param.b32 [s], %t; call (r), walk, (d, s); ld.param.b32 %x, [r]; }`,
  "indirect calls": `mov.u32 %i, 0;
AGAIN: and.b32 %a, %i, 1; xor.b32 %a, %a, %g; and.b32 %a, %a, 1; setp.eq.u32 %p, %a, 0; mov.u64 %q, twist; @%p mov.u64 %q, turn;
{ .param .b32 s; .param .b32 r; st.param.b32 [s], %x; call (r), %q, (s), shape; ld.param.b32 %x, [r]; }
add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN;`,
  "printf half way": `.local .align 8 .b8 args[8]; mov.u32 %i, 0; setp.ne.u32 %p2, %t, 5;
AGAIN: add.u32 %x, %x, %i; mad.lo.u32 %x, %x, 3, %g; @%p2 bra QUIET; and.b32 %a, %i, 7; setp.ne.u32 %p, %a, 0; @%p bra QUIET;
st.local.u32 [args], %g; st.local.u32 [args+4], %i;
{ .param .b64 f; .param .b64 v; .param .b32 r; cvta.global.u64 %q, text; st.param.b64 [f], %q; cvta.local.u64 %q2, args; st.param.b64 [v], %q2; call (r), vprintf, (f, v); ld.param.b32 %a, [r]; add.u32 %x, %x, %a; }
QUIET: add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN;`,
  "texture fetches": `mov.u32 %i, 0;
AGAIN: add.u32 %a, %i, %t; and.b32 %a, %a, 255; tex.1d.v4.u32.s32 {%b, %c, %d, %e}, [%tex, {%a}]; mad.lo.u32 %x, %x, 5, %b;
add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN;`,
  "asynchronous copies in flight": `mov.u32 %i, 0; mov.u32 %base, team;
AGAIN: and.b32 %a, %i, 1; shl.b32 %a, %a, 8; shl.b32 %b, %t, 2; add.u32 %c, %a, %b; add.u32 %c, %c, %base; add.u32 %d, %i, %t; and.b32 %d, %d, 255; mul.wide.u32 %q, %d, 4; add.u64 %q, %q, %in;
cp.async.ca.shared.global [%c], [%q], 4; cp.async.commit_group; setp.eq.u32 %p, %i, 0; @%p bra FIRST; cp.async.wait_group 1; bar.sync 0; xor.b32 %a, %a, 256; xor.b32 %b, %b, 4; add.u32 %c, %a, %b; add.u32 %c, %c, %base; ld.shared.u32 %d, [%c]; mad.lo.u32 %x, %x, 3, %d;
FIRST: bar.sync 0; add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN; cp.async.wait_all;`,
  "mbarriers waited for": `mov.u32 %base, meet; setp.ne.u32 %p, %t, 0; @%p bra READY; mbarrier.init.shared.b64 [%base], 64; READY: bar.sync 0; mov.u32 %i, 0; mov.u32 %b, team; add.u32 %x, %x, %t; shl.b32 %c, %t, 2; add.u32 %b, %b, %c;
AGAIN: add.u32 %d, %x, %i; st.shared.u32 [%b], %d; mbarrier.arrive.shared.b64 %q, [%base];
WAIT: mbarrier.test_wait.shared.b64 %p, [%base], %q; @!%p bra WAIT;
xor.b32 %d, %b, 4; ld.shared.u32 %e, [%d]; mad.lo.u32 %x, %x, 7, %e; mbarrier.arrive.shared.b64 %q, [%base];
WAIT2: mbarrier.test_wait.shared.b64 %p, [%base], %q; @!%p bra WAIT2;
add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN;`,
  "one warp at a barrier, the other on its way": `mov.u32 %base, team; shl.b32 %c, %t, 2; add.u32 %c, %c, %base; mov.u32 %i, 0;
AGAIN: shr.u32 %a, %t, 5; add.u32 %a, %a, %i; and.b32 %a, %a, 1; mul.lo.u32 %a, %a, 9; mov.u32 %b, 0;
MORE: mad.lo.u32 %x, %x, 1664525, 1013904223; add.u32 %b, %b, 1; setp.le.u32 %p, %b, %a; @%p bra MORE;
st.shared.u32 [%c], %x; bar.sync 0; xor.b32 %d, %c, 128; ld.shared.u32 %e, [%d]; add.u32 %x, %x, %e; bar.sync 0; add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN;`,
  "named barriers, half arrived": `mov.u32 %base, team; and.b32 %a, %t, 31; shl.b32 %a, %a, 2; add.u32 %c, %a, %base; setp.lt.u32 %p2, %t, 32; mov.u32 %i, 0;
AGAIN: @%p2 bra TAKE; mad.lo.u32 %x, %x, 3, %i; st.shared.u32 [%c], %x; bar.arrive 1, 64; bar.sync 2, 64; bra NEXT;
TAKE: bar.sync 1, 64; ld.shared.u32 %d, [%c]; mad.lo.u32 %x, %x, 5, %d; bar.arrive 2, 64;
NEXT: add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN;`,
  "collectives of warps with loops of their own": `shr.u32 %m, %t, 5; mad.lo.u32 %m, %m, 3, %n; mov.u32 %i, 0;
AGAIN: shfl.sync.bfly.b32 %a, %x, 1, 31, -1; add.u32 %x, %x, %a; and.b32 %b, %x, 1; setp.ne.u32 %p, %b, 0; vote.sync.ballot.b32 %c, %p, -1; xor.b32 %x, %x, %c; and.b32 %b, %x, 3; match.any.sync.b32 %d, %b, -1; add.u32 %x, %x, %d; redux.sync.max.u32 %e, %x, -1; mad.lo.u32 %x, %x, 3, %e;
add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %m; @%p bra AGAIN;`,
  "votes of the group": `mov.u32 %i, 0;
AGAIN: mad.lo.u32 %x, %x, 1664525, %t; shr.u32 %a, %x, 13; and.b32 %a, %a, 1; setp.ne.u32 %p, %a, 0; bar.red.popc.u32 %b, 0, %p; add.u32 %x, %x, %b; bar.red.or.pred %p2, 0, %p; selp.u32 %c, 3, 5, %p2; add.u32 %x, %x, %c;
add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN;`,
  "atomics, and a loop that compares and swaps": `mov.u32 %base, team; setp.ne.u32 %p, %t, 0; @%p bra READY; st.shared.u32 [%base], 0; st.shared.u32 [%base+4], 0; READY: bar.sync 0; mov.u32 %i, 0;
AGAIN: atom.shared.add.u32 %a, [%base], %t; ld.volatile.shared.u32 %b, [%base+4];
TRY: mov.u32 %c, %b; add.u32 %d, %c, %i; atom.shared.cas.b32 %b, [%base+4], %c, %d; setp.ne.u32 %p, %b, %c; @%p bra TRY;
add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN; bar.sync 0; ld.shared.u32 %a, [%base]; ld.shared.u32 %b, [%base+4]; mad.lo.u32 %x, %a, 31, %b; add.u32 %x, %x, %g;`,
  "local arrays, and registers of every kind": `.local .align 8 .b8 own[64]; .reg .b16 %h<3>; .reg .f32 %f<3>; .reg .f64 %fd<3>; mov.u32 %i, 0; cvt.u16.u32 %h1, %t; cvt.rn.f32.u32 %f1, %t; cvt.rn.f64.u32 %fd1, %t; mov.u64 %q2, 0x123456789abcdef; setp.gt.u32 %p2, %t, 40; mov.u32 %base, own; mov.u32 %a, 0;
CLEAR: add.u32 %c, %base, %a; st.local.u32 [%c], %a; add.u32 %a, %a, 4; setp.lt.u32 %p, %a, 64; @%p bra CLEAR;
AGAIN: mad.lo.u32 %b, %i, 7, %t; and.b32 %b, %b, 15; shl.b32 %b, %b, 2; add.u32 %b, %b, %base; ld.local.u32 %c, [%b]; mad.lo.u32 %c, %c, 13, %i; st.local.u32 [%b], %c; add.u16 %h1, %h1, 3; fma.rn.f32 %f1, %f1, 0f3F400000, 0f3F800000; fma.rn.f64 %fd1, %fd1, 0d3FE8000000000000, 0d3FF0000000000000; mad.lo.u64 %q2, %q2, 3, 7; not.pred %p2, %p2;
add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN;
cvt.u32.u16 %a, %h1; mov.b32 %b, %f1; mov.b64 {%c, %d}, %fd1; xor.b32 %x, %a, %b; xor.b32 %x, %x, %c; xor.b32 %x, %x, %d; mov.b64 {%c, %d}, %q2; xor.b32 %x, %x, %c; add.u32 %x, %x, %d; selp.u32 %a, 1, 2, %p2; add.u32 %x, %x, %a; ld.local.u32 %a, [%base+20]; add.u32 %x, %x, %a;`,
  "vectors of memory": `mov.u32 %i, 0;
AGAIN: mad.lo.u32 %a, %t, 4, %i; and.b32 %a, %a, 252; mul.wide.u32 %q, %a, 4; add.u64 %q, %q, %in; ld.global.v4.u32 {%a, %b, %c, %d}, [%q]; add.u32 %a, %a, %b; add.u32 %c, %c, %d; mad.lo.u32 %x, %x, 3, %a; xor.b32 %x, %x, %c; st.global.u32 [%out], %x; ld.global.u32 %b, [%out]; add.u32 %x, %x, %b;
add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN;`,
  "memory of its own from the heap": `mov.u32 %i, 0;
AGAIN: { .param .b64 s; .param .b64 r; st.param.b64 [s], 48; call (r), malloc, (s); ld.param.b64 %q, [r]; } st.u32 [%q+8], %x; mov.u32 %b, 0;
MORE: mad.lo.u32 %x, %x, 3, %i; add.u32 %b, %b, 1; setp.lt.u32 %p, %b, 3; @%p bra MORE; ld.u32 %a, [%q+8]; add.u32 %x, %x, %a; { .param .b64 s; st.param.b64 [s], %q; call free, (s); }
add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN; add.u32 %x, %x, %t;`,
  "work-items that leave, and those that wait for the others": `mov.u32 %i, 0;
AGAIN: mad.lo.u32 %x, %x, 5, %i; bar.sync 0; setp.ne.u32 %p, %i, %t; @!%p bra END; add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN;`,
  "a nap": `mov.u32 %i, 0;
AGAIN: nanosleep.u32 20; mad.lo.u32 %x, %x, 5, %i; add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN;`,
  "a barrier of the grid": `mov.u32 %i, 0;
AGAIN: mad.lo.u32 %x, %x, 5, %i; bar.sync 0; setp.ne.u32 %p, %t, 0; @%p bra ALL; membar.gl; atom.global.add.u32 %a, [%in+1024], 1; add.u32 %b, %i, 1; mul.lo.u32 %b, %b, 4;
SPIN: ld.volatile.global.u32 %a, [%in+1024]; setp.lt.u32 %p, %a, %b; @%p bra SPIN; membar.gl; ALL: bar.sync 0;
add.u32 %i, %i, 1; setp.lt.u32 %p, %i, 6; @%p bra AGAIN;`,
  "rows of work-items in step": `mov.u32 %i, 0; mov.u32 %base, team; shl.b32 %c, %t, 2; add.u32 %c, %c, %base;
AGAIN: add.u32 %a, %i, %t; and.b32 %a, %a, 255; mul.wide.u32 %q, %a, 4; add.u64 %q, %q, %in; ld.global.u32 %b, [%q]; mad.lo.u32 %x, %x, 3, %b; add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra AGAIN; st.shared.u32 [%c], %x; bar.sync 0; xor.b32 %d, %c, 32; ld.shared.u32 %e, [%d]; add.u32 %x, %x, %e;`,
};

/** What is in the middle of what, by name. */
export const kinds: readonly string[] = Object.keys(bodies);

/** PTX of a kernel "k". @param slow with a clock, which only the slow path has @param serial for a text of its own */
export function preemptedKernel(kind: string, slow: boolean, serial: number): string {
  return `.version 8.0\n.target sm_80\n.address_size 64\n// ${serial}\n.extern .func (.param .b32 r) vprintf (.param .b64 f, .param .b64 v);\n.extern .func (.param .b64 r) malloc (.param .b64 s);\n.extern .func free (.param .b64 s);\n`
    + `.global .align 1 .b8 text[13] = {37, 117, 32, 115, 97, 121, 115, 32, 37, 117, 10, 0, 0};\n`
    + `.func (.param .b32 r) walk (.param .b32 d, .param .b32 s) { .reg .pred %p; .reg .b32 %d, %s, %a, %b, %i; ld.param.b32 %d, [d]; ld.param.b32 %s, [s]; mov.u32 %i, 0;\nAGAIN: mad.lo.u32 %s, %s, 1664525, %d; add.u32 %i, %i, 1; setp.lt.u32 %p, %i, 5; @%p bra AGAIN; setp.eq.u32 %p, %d, 0; @%p bra DONE; sub.u32 %d, %d, 1;\n`
    + `{ .param .b32 d2; .param .b32 s2; .param .b32 r2; st.param.b32 [d2], %d; st.param.b32 [s2], %s; call (r2), walk, (d2, s2); ld.param.b32 %a, [r2]; }\n{ .param .b32 d2; .param .b32 s2; .param .b32 r2; add.u32 %b, %s, %a; st.param.b32 [d2], %d; st.param.b32 [s2], %b; call (r2), walk, (d2, s2); ld.param.b32 %b, [r2]; }\nxor.b32 %s, %a, %b;\nDONE: st.param.b32 [r], %s; ret; }\n`
    + [["twist", "mul.lo.u32 %s, %s, 5;"], ["turn", "xor.b32 %s, %s, 0x55;"]].map(([name, what]) => `.func (.param .b32 r) ${name} (.param .b32 s) { .reg .pred %p; .reg .b32 %s, %i; ld.param.b32 %s, [s]; mov.u32 %i, 0;\nAGAIN: ${what} add.u32 %s, %s, %i; add.u32 %i, %i, 1; setp.lt.u32 %p, %i, 4; @%p bra AGAIN; st.param.b32 [r], %s; ret; }\n`).join("")
    + `.visible .entry k(.param .u64 o, .param .u64 s, .param .u64 x, .param .u32 m)\n{ .reg .pred %p, %p2; .reg .b32 %t, %g, %n, %m, %x, %i, %a, %b, %c, %d, %e, %base; .reg .b64 %out, %in, %tex, %q, %q2;\n.shared .align 16 .b8 team[1024]; .shared .align 8 .b64 meet;\n`
    + `${kind === "indirect calls" ? "shape: .callprototype (.param .b32 _) _ (.param .b32 _);\n" : ""}ld.param.u64 %out, [o]; ld.param.u64 %in, [s]; ld.param.u64 %tex, [x]; ld.param.u32 %n, [m]; mov.u32 %t, %tid.x; mov.u32 %g, %ctaid.x; mad.lo.u32 %x, %g, 64, %t; mul.wide.u32 %q, %x, 4; add.u64 %out, %out, %q;${slow ? " mov.u64 %q, %clock64; setp.eq.u64 %p, %q, 0x7fffffffffffffff; @%p trap;" : ""}\n`
    + `${bodies[kind]!}\nEND: st.global.u32 [%out], %x;\nret;\n}\n`;
}
