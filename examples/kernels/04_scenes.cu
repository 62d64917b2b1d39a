// Kernels of the guide's scenes: the smallest that show something.

// Reads one word at any address.
extern "C" __global__ void peek(const unsigned *from, unsigned *to) { *to = *from; }

// One more in every word.
extern "C" __global__ void increment(unsigned *words, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) words[i] += 1;
}

// Counts to `rounds` in every thread, and writes where it came to: takes as long as one likes, and leaves something to check.
extern "C" __global__ void spin(unsigned *sums, unsigned rounds) {
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned sum = i;
  for (unsigned r = 0; r < rounds; r++) sum = sum * 1664525u + 1013904223u;
  sums[i] = sum;
}

// Never ends of itself: waits for a word that nobody writes.
extern "C" __global__ void forever(volatile unsigned *word) {
  while (*word == 0);
}
