const encoder = new TextEncoder();

/**
 * A name for a text: 128 bits in hexadecimal. It spreads, and no more: whoever finds something under the name compares the text itself. Node's own hashes would cost 3 ms for loading them, half of what
 * it takes to fetch a known program.
 */
export function nameOf(text: string): string {
  const bytes = encoder.encode(text);
  const padded = new Uint8Array((bytes.length + 3) & ~3);
  padded.set(bytes);
  const words = new Int32Array(padded.buffer);
  let [a, b, c, d] = [0x243f6a88, 0x13198a2e, 0x0370734 ^ bytes.length, 0x299f31d0];
  // A round a word, of which every step can be undone: no two texts that differ in one word meet. Four more let the last word reach everything.
  for (let i = 0; i < words.length + 4; i++) {
    a = Math.imul(a ^ (i < words.length ? words[i]! : i), 0x9e3779b1);
    b = Math.imul(b + a, 0x85ebca6b) ^ (a >>> 15);
    c = Math.imul(c ^ b, 0xc2b2ae35) + (b >>> 13);
    d = Math.imul(d + c, 0x27d4eb2f) ^ (c >>> 16);
    a = ((a << 13) | (a >>> 19)) ^ d;
  }
  const mix = (x: number): number => {
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  };
  const ends = [mix(a + d), mix(b ^ a), mix(c + b), mix(d ^ c)];
  return ends.map((word) => word.toString(16).padStart(8, "0")).join("");
}
