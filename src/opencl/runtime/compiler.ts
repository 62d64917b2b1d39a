/** For now: no compiler. */
export function compilerAvailable(): boolean {
  return false;
}
