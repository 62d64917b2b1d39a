/** The text of src/cuda/support.ts. */
export function generateSupport(): string;
