/** Forms for which we do not answer as the assembler does, and why. */

const refused: readonly (readonly [RegExp, string])[] = [
  [/^(?:addc|subc|madc)\.(?:hi\.|lo\.)?[us]16 /, "carries of 16 bits: the manual has 32 and 64"],
  [/^fma\.r[zmp]\.(?:oob\.|relu\.|oob\.relu\.)*bf16/, "the manual has .rn alone for .bf16"],
  [/^rcp\.r[nzmp]\.ftz\.f64 /, "the manual has .ftz for .f32 alone"],
  [/^wmma\.(?:load\.c|store\.d)\.sync\.aligned\.(?:row|col)\.m8n8k(?:32|128)\.(?:\w+\.)?f32/, "the manual has .s32 alone"],
  [/(?:^| |\{)q\d/, "128-bit registers hold 128-bit values alone"],
  [/\.b128 \[d3\], (?:-?\d|gv|0x)/, "a constant has 64 bits"],
  [/\[[hw]1\]/, "an address has 32 or 64 bits"],
  [/^(?:ld|st)\.global\.v2.*\{(?:p1|f1|1\.0),|\{(?:p1|f1|1\.0), \w+\}$/, "types of the components of vectors are looked at"],
  [/gv\+4/, "the address of a variable is no constant"], [/gv\[4\]/, "the manual has + and -"],
  [/^wmma\.mma\.sync\.aligned\.row\.col\.(?:m16n16k16|m8n32k16|m32n8k16|m16n16k8|m8n8k4)\.(?:rn\.)?s32\.[us]4/, "the manual has 4-bit integers in m8n8k32 alone"],
  [/^mov\.b128 q0, gv$/, "an address has 64 bits"],
  [/^(?:tex|tld4)\..*, f11$/, "depth comparison: there are no depth textures"],
];

const taken: readonly (readonly [RegExp, string])[] = [
  [/^mov\.u64 d1, gv-4$/, "an offset may be negative"], [/^mov\.u64 d1, callee$/, "an external function has an address when modules are linked"],
  [/^cvta\.to\.\w+\.u64 d0, [gs]v$/, "a name stands where a register is wanted: it is its address"],
];

/** Both lists, for the support page. */
export const exceptions: { readonly refused: typeof refused; readonly taken: typeof taken } = { refused, taken };

/** Whether the assembler takes this form and we do not. */
export function refusedHere(line: string): boolean {
  return refused.some(([form]) => form.test(line));
}

/** Whether we take this form and the assembler does not. */
export function takenHere(line: string): boolean {
  return taken.some(([form]) => form.test(line));
}
