/** All generated files: path below src/cuda/abi -> text. */
export function generate(): Map<string, string>;
