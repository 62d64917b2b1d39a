// The kernels of kernels.cl in CUDA C++: the same parameters (dynamic shared memory instead of local ones), the same arithmetic.
// kernels.ptx is what nvcc makes of this: nvcc -arch=sm_75 -ptx -o bench/kernels.ptx bench/kernels.cu (CUDA 13.0)
#define KERNEL extern "C" __global__ void
#define GLOBAL(d) (blockIdx.d * blockDim.d + threadIdx.d)

KERNEL vecadd(const float *a, const float *b, float *c) { unsigned i = GLOBAL(x); c[i] = a[i] + b[i]; }
KERNEL saxpy(float a, const float *x, float *y) { unsigned i = GLOBAL(x); y[i] = a * x[i] + y[i]; }
KERNEL triad(float *a, const float *b, const float *c, float s) { unsigned i = GLOBAL(x); a[i] = b[i] + s * c[i]; }

// As CUDA programs have it: a guard, since grids are whole blocks; a loop, so that any grid will do.
KERNEL vecadd_guarded(const float *a, const float *b, float *c, int n) { int i = GLOBAL(x); if (i < n) c[i] = a[i] + b[i]; }
KERNEL saxpy_strided(float a, const float *__restrict__ x, float *__restrict__ y, size_t n) {
  for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n; i += (size_t)gridDim.x * blockDim.x) y[i] = a * x[i] + y[i];
}

KERNEL matmul_naive(const float *A, const float *B, float *C, int N) {
  int x = GLOBAL(x), y = GLOBAL(y);
  float s = 0;
  for (int k = 0; k < N; k++) s += A[y * N + k] * B[k * N + x];
  C[y * N + x] = s;
}
#define TS 16
KERNEL __launch_bounds__(TS * TS) matmul_tiled(const float *A, const float *B, float *C, int N) {
  __shared__ float As[TS][TS], Bs[TS][TS];
  int lx = threadIdx.x, ly = threadIdx.y, x = blockIdx.x * TS + lx, y = blockIdx.y * TS + ly;
  float s = 0;
  for (int t = 0; t < N; t += TS) {
    As[ly][lx] = A[y * N + t + lx];
    Bs[ly][lx] = B[(t + ly) * N + x];
    __syncthreads();
    for (int k = 0; k < TS; k++) s += As[ly][k] * Bs[k][lx];
    __syncthreads();
  }
  C[y * N + x] = s;
}

extern __shared__ unsigned shared[];
KERNEL reduce(const float *in, float *out) {
  float *sm = (float *)shared;
  unsigned l = threadIdx.x;
  sm[l] = in[GLOBAL(x)];
  __syncthreads();
  for (unsigned s = blockDim.x / 2; s > 0; s >>= 1) {
    if (l < s) sm[l] += sm[l + s];
    __syncthreads();
  }
  if (l == 0) out[blockIdx.x] = sm[0];
}

KERNEL hist_global(const unsigned char *in, unsigned *h) { atomicAdd(&h[in[GLOBAL(x)]], 1u); }
KERNEL hist_local(const unsigned char *in, unsigned *h, int per) {
  __shared__ unsigned lh[256];
  unsigned l = threadIdx.x;
  lh[l] = 0;
  __syncthreads();
  unsigned base = blockIdx.x * 256 * per;
  for (int k = 0; k < per; k++) atomicAdd(&lh[in[base + k * 256 + l]], 1u);
  __syncthreads();
  atomicAdd(&h[l], lh[l]);
}

KERNEL scan_block(const unsigned *in, unsigned *out, unsigned *sums) {
  unsigned *t = shared;
  unsigned l = threadIdx.x, n = 2 * blockDim.x, b = blockIdx.x * n, off = 1;
  t[2 * l] = in[b + 2 * l];
  t[2 * l + 1] = in[b + 2 * l + 1];
  for (unsigned d = n >> 1; d > 0; d >>= 1) {
    __syncthreads();
    if (l < d) { unsigned ai = off * (2 * l + 1) - 1, bi = off * (2 * l + 2) - 1; t[bi] += t[ai]; }
    off <<= 1;
  }
  if (l == 0) { sums[blockIdx.x] = t[n - 1]; t[n - 1] = 0; }
  for (unsigned d = 1; d < n; d <<= 1) {
    off >>= 1;
    __syncthreads();
    if (l < d) { unsigned ai = off * (2 * l + 1) - 1, bi = off * (2 * l + 2) - 1, x = t[ai]; t[ai] = t[bi]; t[bi] += x; }
  }
  __syncthreads();
  out[b + 2 * l] = t[2 * l];
  out[b + 2 * l + 1] = t[2 * l + 1];
}
KERNEL scan_add(unsigned *out, const unsigned *sums) {
  unsigned g = blockIdx.x, l = threadIdx.x, n = 2 * blockDim.x, s = sums[g];
  out[g * n + 2 * l] += s;
  out[g * n + 2 * l + 1] += s;
}

KERNEL nbody(const float4 *p, float4 *acc, int n) {
  int i = GLOBAL(x);
  float4 pi = p[i];
  float ax = 0, ay = 0, az = 0;
  for (int j = 0; j < n; j++) {
    float4 q = p[j];
    float dx = q.x - pi.x, dy = q.y - pi.y, dz = q.z - pi.z;
    float r2 = dx * dx + dy * dy + dz * dz + 1e-3f, inv = 1.0f / sqrtf(r2), f = q.w * inv * inv * inv;
    ax += f * dx; ay += f * dy; az += f * dz;
  }
  acc[i] = make_float4(ax, ay, az, 0);
}
KERNEL mandel(int *out, int w, int h, int maxit) {
  int x = GLOBAL(x), y = GLOBAL(y), it = 0;
  float cx = -2.0f + 3.0f * x / w, cy = -1.5f + 3.0f * y / h, zx = 0, zy = 0;
  while (it < maxit) {
    float x2 = zx * zx, y2 = zy * zy;
    if (x2 + y2 > 4.0f) break;
    zy = 2 * zx * zy + cy;
    zx = x2 - y2 + cx;
    it++;
  }
  out[y * w + x] = it;
}

__device__ float cnd(float d) {
  const float A1 = 0.31938153f, A2 = -0.356563782f, A3 = 1.781477937f, A4 = -1.821255978f, A5 = 1.330274429f, R = 0.39894228040143267f;
  float K = 1.0f / (1.0f + 0.2316419f * fabsf(d)), c = R * expf(-0.5f * d * d) * (K * (A1 + K * (A2 + K * (A3 + K * (A4 + K * A5)))));
  return d > 0 ? 1.0f - c : c;
}
KERNEL bs(const float *S, const float *X, const float *T, float *call, float *put, float r, float v) {
  unsigned i = GLOBAL(x);
  float s = S[i], x = X[i], t = T[i], sq = sqrtf(t);
  float d1 = (logf(s / x) + (r + 0.5f * v * v) * t) / (v * sq), d2 = d1 - v * sq, c1 = cnd(d1), c2 = cnd(d2), e = expf(-r * t);
  call[i] = s * c1 - x * e * c2;
  put[i] = x * e * (1.0f - c2) - s * (1.0f - c1);
}

KERNEL stencil(const float *a, float *b, int w, int h) {
  int x = GLOBAL(x), y = GLOBAL(y);
  if (x == 0 || y == 0 || x == w - 1 || y == h - 1) return;
  int i = y * w + x;
  b[i] = 0.5f * a[i] + 0.125f * (a[i - 1] + a[i + 1] + a[i - w] + a[i + w]);
}
KERNEL sobel(const float *a, float *b, int w, int h) {
  int x = GLOBAL(x), y = GLOBAL(y);
  if (x == 0 || y == 0 || x == w - 1 || y == h - 1) return;
  int i = y * w + x;
  float gx = a[i - w + 1] + 2 * a[i + 1] + a[i + w + 1] - a[i - w - 1] - 2 * a[i - 1] - a[i + w - 1];
  float gy = a[i + w - 1] + 2 * a[i + w] + a[i + w + 1] - a[i - w - 1] - 2 * a[i - w] - a[i - w + 1];
  b[i] = sqrtf(gx * gx + gy * gy);
}

KERNEL bitonic(unsigned *d, unsigned j, unsigned k) {
  unsigned i = GLOBAL(x), p = i ^ j;
  if (p > i) {
    unsigned a = d[i], b = d[p];
    bool up = (i & k) == 0;
    if ((a > b) == up) { d[i] = b; d[p] = a; }
  }
}
KERNEL counter(int *count) { atomicAdd(count, 1); }
