/** A property list as C writes it, [name, value, name, value, 0], as pairs. A missing final 0 is taken for granted. */
export function pairsOf(list: readonly number[] | null): [name: number, value: number][] {
  const pairs: [number, number][] = [];
  for (let i = 0; list !== null && i < list.length && list[i] !== 0; i += 2) pairs.push([list[i]!, list[i + 1] ?? 0]);
  return pairs;
}

/** A name that stands twice, or null. */
export function duplicateProperty(pairs: readonly (readonly [number, number])[]): number | null {
  const seen = new Set<number>();
  for (const [name] of pairs) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return null;
}
