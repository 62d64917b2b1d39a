/**
 * "MIG-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" of a compute instance: the same in every run, another for each place on each GPU.
 * @param gpu UUID of the GPU
 */
export function migUuid(gpu: string, gi: number, ci: number): string {
  let state = 0x811c9dc5;
  const step = (byte: number): void => {
    state = Math.imul(state ^ byte, 0x01000193) >>> 0;
  };
  for (const c of `${gpu}/${gi}/${ci}`) step(c.codePointAt(0)!);
  const hex = Array.from({ length: 16 }, (_, i) => {
    step(i);
    return (state >>> 24).toString(16).padStart(2, "0");
  }).join("");
  return `MIG-${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
