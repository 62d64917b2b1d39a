/** Name of the module variable that is the device heap. */
export const HEAP = "__gg_heap";

/** Bytes in front of the heap's blocks: what is used, the limit, and the lists of free blocks. */
export const HEAP_HEADER: number = 512;

/** Default size of the device heap (cudaLimitMallocHeapSize), bytes. */
export const HEAP_BYTES: number = 8 * 1024 * 1024;

/**
 * Device-side malloc and free (CUDA C++ Programming Guide, dynamic global memory allocation), in PTX.
 *
 * The heap is one variable. Its first word counts bytes handed out, its second is the limit in bytes (0: the variable's own size): a
 * driver may back the variable with more memory and write its size there, and may give one heap to all modules of a context, as
 * everything in it is kept by offset. From byte 64 on stands one list of free blocks for each power of two.
 * A block begins with its power of two and the next free block; 16 bytes further is what the program gets. Lists are stacks whose
 * heads carry a count in the upper 24 bits, so that a head that was taken and put back in between is not mistaken for the old one.
 */
export const heapPtx: string = `
.version 8.0
.target sm_70
.address_size 64
.weak .global .align 256 .b8 ${HEAP}[${HEAP_BYTES + HEAP_HEADER}];
.weak .func (.param .b64 r) __gg_malloc(.param .b64 size) {
  .reg .b64 %size, %base, %power, %block, %list, %head, %at, %next, %new, %got, %used, %limit, %tag;
  .reg .b32 %n;
  .reg .pred %none, %over, %default, %again;
  ld.param.u64 %size, [size];
  mov.u64 %at, 0;
  setp.eq.u64 %none, %size, 0;
  @%none bra FAIL;
  setp.gt.u64 %over, %size, 0xffffffffff;
  @%over bra FAIL;
  mov.u64 %base, ${HEAP};
  add.u64 %block, %size, 15;
  clz.b64 %n, %block;
  sub.u32 %n, 64, %n;
  max.u32 %n, %n, 5;
  cvt.u64.u32 %power, %n;
  mov.u64 %block, 1;
  shl.b64 %block, %block, %n;
  shl.b64 %list, %power, 3;
  add.u64 %list, %list, %base;
  ld.relaxed.gpu.global.u64 %head, [%list+64];
TAKE:
  and.b64 %at, %head, 0xffffffffff;
  setp.eq.u64 %none, %at, 0;
  @%none bra GROW;
  add.u64 %next, %base, %at;
  ld.relaxed.gpu.global.u64 %next, [%next+8];
  shr.u64 %tag, %head, 40;
  add.u64 %tag, %tag, 1;
  shl.b64 %tag, %tag, 40;
  or.b64 %new, %tag, %next;
  atom.acq_rel.gpu.global.cas.b64 %got, [%list+64], %head, %new;
  setp.ne.u64 %again, %got, %head;
  mov.u64 %head, %got;
  @%again bra TAKE;
  bra DONE;
GROW:
  ld.relaxed.gpu.global.u64 %limit, [%base+8];
  setp.eq.u64 %default, %limit, 0;
  selp.u64 %limit, ${HEAP_BYTES}, %limit, %default;
  atom.relaxed.gpu.global.add.u64 %used, [%base], %block;
  add.u64 %at, %used, ${HEAP_HEADER};
  add.u64 %used, %used, %block;
  setp.le.u64 %over, %used, %limit;
  @%over bra DONE;
  neg.s64 %block, %block;
  red.relaxed.gpu.global.add.u64 [%base], %block;
  bra FAIL;
DONE:
  add.u64 %at, %at, %base;
  st.global.u64 [%at], %power;
  add.u64 %at, %at, 16;
  st.param.b64 [r], %at;
  ret;
FAIL:
  st.param.b64 [r], 0;
  ret;
}
.weak .func __gg_free(.param .b64 address) {
  .reg .b64 %at, %base, %power, %list, %head, %next, %new, %got, %tag, %offset;
  .reg .pred %none, %again, %wild;
  ld.param.u64 %at, [address];
  setp.eq.u64 %none, %at, 0;
  @%none ret;
  mov.u64 %base, ${HEAP};
  sub.u64 %at, %at, 16;
  sub.u64 %offset, %at, %base;
  ld.u64 %power, [%at];
  setp.gt.u64 %wild, %power, 41;
  @%wild trap;
  shl.b64 %list, %power, 3;
  add.u64 %list, %list, %base;
  ld.relaxed.gpu.global.u64 %head, [%list+64];
PUT:
  and.b64 %next, %head, 0xffffffffff;
  st.relaxed.gpu.u64 [%at+8], %next;
  shr.u64 %tag, %head, 40;
  add.u64 %tag, %tag, 1;
  shl.b64 %tag, %tag, 40;
  or.b64 %new, %tag, %offset;
  atom.acq_rel.gpu.global.cas.b64 %got, [%list+64], %head, %new;
  setp.ne.u64 %again, %got, %head;
  mov.u64 %head, %got;
  @%again bra PUT;
  ret;
}
`;
