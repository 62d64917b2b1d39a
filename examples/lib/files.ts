import { readFileSync } from "node:fs";

/** Text of a file in examples/kernels. */
export function kernelFile(name: string): string {
  return readFileSync(new URL(`../kernels/${name}`, import.meta.url), "utf8");
}

/** Bytes of a file in examples/kernels. */
export function kernelBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../kernels/${name}`, import.meta.url)));
}
