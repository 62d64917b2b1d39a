/** Pages that are written from the source, by file name. */
export function pages(): ReadonlyMap<string, string>;
