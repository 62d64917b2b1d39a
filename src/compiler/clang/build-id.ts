/**
 * What tells one state of the compiler's sources from another, so that results of theirs can be kept between processes. Null in the sources themselves, which may change under a running
 * program: scripts/bundle.mjs puts a hash of src/compiler here.
 */
export const buildId: string | null = null;
