import type { ValueId } from "../../../ir/ops.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import type { Mnemonic } from "../../mnemonic.ts";

/**
 * alloca, stacksave, stackrestore (PTX ISA 9.7.15). Frames have a fixed size, so each function that uses these gets room of its own: the first word
 * counts the bytes in use. NON-SPEC: what does not fit gets an address that faults when it is used, as beyond the end of a real stack.
 */

/** Bytes that one call of a function can ask for. Real stacks have 1 KiB by default for all of a thread's frames together. */
const ROOM = 8192;
/** Alignment of the room, and so the largest that alloca can give. */
const ALIGN = 256;
/** An address in no work-item's local memory. */
const NOWHERE = 0x7fff_0000;
const NAME = "alloca";

/** Address of the function's room. */
function room(c: FnLowering): ValueId {
  const { em } = c;
  let index = em.fn.locals.findIndex((local) => local.name === NAME && local.size === ROOM + ALIGN);
  if (index < 0) {
    index = em.fn.locals.push({ name: NAME, size: ROOM + ALIGN, align: ALIGN }) - 1;
    const [at, none] = [em.value("i64"), em.value("i64")];
    em.atEntry({ op: "localaddr", dst: at, index });
    em.atEntry({ op: "const", dst: none, value: BigInt(ALIGN) });
    em.atEntry({ op: "store", src: [none], space: "local", addr: at, offset: 0, align: 8 });
  }
  return em.once(`local:${index}`, () => {
    const dst = em.value("i64");
    em.push({ op: "localaddr", dst, index, line: em.line });
    return dst;
  });
}

function used(c: FnLowering, at: ValueId): ValueId {
  const dst = c.em.value("i64");
  c.em.push({ op: "load", dst: [dst], space: "local", addr: at, offset: 0, align: 8, line: c.em.line });
  return dst;
}

function setUsed(c: FnLowering, at: ValueId, value: ValueId): void {
  c.em.push({ op: "store", src: [value], space: "local", addr: at, offset: 0, align: 8, line: c.em.line });
}

const alloca = (m: Mnemonic): Lower => (c, ops) => {
  const { em } = c;
  const type = m.types[0]!;
  const last = ops[2];
  const align = last === undefined ? 8 : last.kind === "int" ? Number(last.value) : 0;
  if (align < 1 || (align & (align - 1)) !== 0) c.fail("the alignment of alloca must be a constant power of two");
  if (align > ALIGN) c.unsupported(`alloca with an alignment above ${ALIGN}`);
  const at = room(c);
  const wanted = c.src(ops[1], type);
  const size = type.bits === 64 ? wanted : em.zext(wanted, "i64");
  const mask = em.int("i64", -align);
  const start = em.bin("and", "i64", em.bin("add", "i64", used(c, at), em.int("i64", align - 1)), mask);
  // A huge size must not wrap around.
  const end = em.bin("add", "i64", start, em.bin("min.u", "i64", size, em.int("i64", 2 * ROOM)));
  const over = em.icmp("gt.u", end, em.int("i64", ROOM + ALIGN));
  setUsed(c, at, em.select(over, start, end));
  const address = em.select(over, em.int("i64", NOWHERE), em.bin("add", "i64", at, start));
  c.dst(ops[0], type, type.bits === 64 ? address : em.trunc(address, "i32"));
};

const save = (m: Mnemonic): Lower => (c, ops) => {
  const value = used(c, room(c));
  c.dst(ops[0], m.types[0]!, m.types[0]!.bits === 64 ? value : c.em.trunc(value, "i32"));
};

const restore = (m: Mnemonic): Lower => (c, ops) => {
  const at = room(c);
  const type = m.types[0]!;
  const value = c.src(ops[0], type);
  // Only what stacksave gave leaves the count as it must be; anything else is cut to the room.
  const wide = type.bits === 64 ? value : c.em.zext(value, "i64");
  setUsed(c, at, c.em.bin("max.u", "i64", c.em.bin("min.u", "i64", wide, c.em.int("i64", ROOM + ALIGN)), c.em.int("i64", ALIGN)));
};

const T = "u32 u64";

/** Rows of stack manipulation. */
export const stackRows: readonly Row[] = [
  { op: "alloca", types: [T], operands: [2, 3], mode: "effect", make: alloca },
  { op: "stacksave", types: [T], operands: 1, mode: "effect", make: save },
  { op: "stackrestore", types: [T], operands: 1, mode: "effect", make: restore },
];
