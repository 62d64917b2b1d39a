import { box, line, picture, text } from "./svg.mjs";

const width = 130;
const room = (x, y, height, kind, lines) => [box(x, y, width, height, kind), ...lines.map((words, i) => text(x + width / 2, y + height / 2 + 5 + 18 * (i - (lines.length - 1) / 2), words, "on", "middle"))];
const tip = (x, y, down) => `<path d="M${x} ${y}l${down ? "-4 -8h8z" : "-8 -4v8z"}" class="ink"/>`;
const right = (x1, x2, y) => [line(x1, y, x2 - 6, y, "mark"), tip(x2, y, false)];

/** The two translations of a GPU's access, with the addresses of examples/memory.ts. @param printed what the example prints */
export function memory(printed) {
  const pointer = /CPU address, in the process's page table +(0x[0-9a-f]+)/.exec(printed)[1];
  const [, iova, physical] = /iommu:map: iova (0x[0-9a-f]+) +paddr (0x[0-9a-f]+)/.exec(printed);
  const shapes = [
    room(16, 50, 46, "soft", ["processor", pointer]), room(16, 206, 46, "soft", ["kernel on the GPU", pointer]),
    room(206, 50, 46, "a", ["process's", "page table"]), room(206, 206, 46, "a", ["GPU context's", "page table"]), room(420, 122, 46, "a", ["IOMMU domain", "of the group"]),
    room(624, 50, 118, "good", ["system memory", physical]), room(624, 206, 46, "good", ["GPU memory"]),
    right(146, 204, 73), right(336, 622, 73), right(146, 204, 229), right(336, 622, 238), right(550, 622, 145),
    line(336, 218, 372, 218, "mark"), line(372, 218, 372, 145, "mark"), right(372, 418, 145),
    text(478, 64, "CPU virtual to physical", "soft small", "middle"), text(362, 176, "I/O address", "soft small", "end"), text(362, 191, iova, "soft small", "end"), text(478, 254, "no IOMMU on this path", "soft small", "middle"),
    line(271, 252, 271, 272, "limit"), tip(271, 280, true), text(284, 280, "not there: Xid 31, the context ends", "soft small"),
    line(485, 168, 485, 182, "limit"), tip(485, 190, true), text(496, 190, "not there: DMAR fault, no effect", "soft small"),
  ];
  return picture(760, 296, "The two translations of a GPU's access", `A kernel's pointer ${pointer} goes through its context's page table, which leads to the GPU's own memory or to I/O address ${iova}; that goes through the IOMMU to physical address ${physical}. The processor's page table is beside both.`, shapes);
}
