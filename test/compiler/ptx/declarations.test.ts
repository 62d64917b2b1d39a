import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";

/** Declarations of variables, registers, functions and kernels, each in a module of its own, with what the assembler of CUDA 13.0 says (forms/declarations.txt, written by scripts/ptx-forms.mjs). */

/** Where we answer otherwise, and why. */
const otherwise: Readonly<Record<string, string>> = {
  ".extern .global .u32 x[];": "an external variable of a whole program is its own, of no size",
  ".global .u32 x[2][2] = {1,2,3,4};": "rows may stand without braces, as in C",
  ".tex .u32 t;": "the old spelling of .texref is taken",
  ".visible .entry k();": "a kernel that is only declared is not there",
  ".entry k() { ; ret; }": "an empty statement is one",
  ".entry k() { ret; ; }": "an empty statement is one",
  ".entry k() { .loc 1 2 3; ret; }": "a semicolon behind .loc is an empty statement",
  ".global .u32 %tid;": "names of special registers may be declared",
  ".entry k() { .reg .u32 WARP_SZ; ret; }": "names of constants may be declared",
};

const rows = readFileSync(new URL("forms/declarations.txt", import.meta.url), "utf8").trim().split("\n").map((line) => [line[0] === "+", line.slice(2)] as const);

test.each(rows)("%s %s", (legal, text) => {
  let error: unknown = null;
  try {
    ptxToIr(`.version 9.0\n.target sm_90\n.address_size 64\n${text}\n.visible .entry k0() { ret; }\n`, "declaration", { linking: "whole" });
  } catch (caught) {
    error = caught;
  }
  if (error !== null) expect(error).toBeInstanceOf(CompileError);
  expect(error === null).toBe(otherwise[text] === undefined ? legal : !legal);
});
