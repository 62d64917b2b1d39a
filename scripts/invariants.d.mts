import type { Area } from "../test/invariants/catalogue.ts";

export function numbersOf(name: string): number[];
export function testsByInvariant(): Map<number, { readonly file: string; readonly name: string }[]>;
export function mutantsByInvariant(): Map<number, string[]>;
export function page(areas: readonly Area[]): string;
