/** Both tables: path below the repository's root -> text. */
export function generateTables(): Map<string, string>;
/** CUDA 13 names of numbered functions. */
export function aliases(): Map<string, string>;
