// The benchmark kernels on a real OpenCL, for comparison: reads kernels.cl (argument 1), prints one line for each kernel, "name median best" in milliseconds.
// Sizes, groups and launches are those of the cases-*.ts; argument 2: how many runs; further arguments: which kernels.
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static cl_context context;
static cl_command_queue queue;
static cl_program program;

static void must(cl_int code, const char *what) {
  if (code == CL_SUCCESS) return;
  fprintf(stderr, "%s: OpenCL error %d\n", what, code);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static unsigned state = 1;
static unsigned next(void) { return state = state * 1664525u + 1013904223u; }

static cl_mem zeros(size_t bytes) {
  void *data = calloc(1, bytes);
  cl_int code;
  cl_mem memory = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes, data, &code);
  must(code, "clCreateBuffer");
  free(data);
  return memory;
}

static cl_mem floats(size_t n, float low, float high) {
  float *data = malloc(4 * n);
  for (size_t i = 0; i < n; i++) data[i] = low + (high - low) * (next() / 4294967296.0f);
  cl_mem memory = zeros(4 * n);
  must(clEnqueueWriteBuffer(queue, memory, CL_TRUE, 0, 4 * n, data, 0, NULL, NULL), "write");
  free(data);
  return memory;
}

static void *words(size_t bytes, int each) {
  unsigned char *data = malloc(bytes);
  for (size_t i = 0; i < bytes; i += each) {
    unsigned value = each == 1 ? next() >> 24 : next();
    memcpy(data + i, &value, each);
  }
  return data;
}

static cl_mem filled(void *data, size_t bytes) {
  cl_mem memory = zeros(bytes);
  must(clEnqueueWriteBuffer(queue, memory, CL_TRUE, 0, bytes, data, 0, NULL, NULL), "write");
  return memory;
}

static cl_kernel kernel(const char *name) {
  cl_int code;
  cl_kernel made = clCreateKernel(program, name, &code);
  must(code, name);
  return made;
}

static void buffer(cl_kernel k, int i, cl_mem m) { must(clSetKernelArg(k, i, sizeof m, &m), "argument"); }
static void number(cl_kernel k, int i, int v) { must(clSetKernelArg(k, i, 4, &v), "argument"); }
static void real(cl_kernel k, int i, float v) { must(clSetKernelArg(k, i, 4, &v), "argument"); }
static void local(cl_kernel k, int i, size_t bytes) { must(clSetKernelArg(k, i, bytes, NULL), "argument"); }

static void enqueue(cl_kernel k, int dims, size_t x, size_t y, size_t lx, size_t ly) {
  size_t global[2] = {x, y}, group[2] = {lx, ly};
  must(clEnqueueNDRangeKernel(queue, k, dims, NULL, global, group, 0, NULL, NULL), "launch");
}

// One case: what is launched, and what is put back before each run.
static struct { cl_kernel k; int dims; size_t x, y, lx, ly; } steps[8];
static int count, bitonic;
static cl_mem again;
static void *original;
static size_t bytes;

static void step(cl_kernel k, int dims, size_t x, size_t y, size_t lx, size_t ly) {
  steps[count].k = k; steps[count].dims = dims;
  steps[count].x = x; steps[count].y = y; steps[count].lx = lx; steps[count++].ly = ly;
}

static void run(void) {
  if (bitonic) {
    for (int k = 2; k <= 1 << 18; k *= 2) {
      number(steps[0].k, 2, k);
      for (int j = k / 2; j >= 1; j /= 2) { number(steps[0].k, 1, j); enqueue(steps[0].k, 1, 1 << 18, 1, 256, 1); }
    }
  } else for (int i = 0; i < count; i++) enqueue(steps[i].k, steps[i].dims, steps[i].x, steps[i].y, steps[i].lx, steps[i].ly);
  must(clFinish(queue), "finish");
}

static int prepare(const char *name) {
  const size_t n = 1 << 22, w = 2048, m = 1 << 20;
  cl_kernel k = strcmp(name, "scan") ? kernel(name) : NULL;
  count = bitonic = 0;
  original = NULL;
#define IS(text) (!strcmp(name, text))
  if (IS("vecadd")) { buffer(k, 0, floats(n, 0, 1)); buffer(k, 1, floats(n, 0, 1)); buffer(k, 2, zeros(4 * n)); step(k, 1, n, 1, 256, 1); }
  else if (IS("saxpy")) { real(k, 0, 0.5f); buffer(k, 1, floats(n, 0, 1)); buffer(k, 2, floats(n, 0, 1)); step(k, 1, n, 1, 256, 1); }
  else if (IS("triad")) { buffer(k, 0, zeros(4 * n)); buffer(k, 1, floats(n, 0, 1)); buffer(k, 2, floats(n, 0, 1)); real(k, 3, 3); step(k, 1, n, 1, 256, 1); }
  else if (IS("stencil") || IS("sobel")) { buffer(k, 0, floats(w * w, 0, 1)); buffer(k, 1, zeros(4 * w * w)); number(k, 2, w); number(k, 3, w); step(k, 2, w, w, 16, 16); }
  else if (IS("matmul_naive") || IS("matmul_tiled")) { for (int i = 0; i < 2; i++) buffer(k, i, floats(512 * 512, 0, 1)); buffer(k, 2, zeros(4 * 512 * 512)); number(k, 3, 512); step(k, 2, 512, 512, 16, 16); }
  else if (IS("nbody")) { buffer(k, 0, floats(4 * 4096, 0, 1)); buffer(k, 1, zeros(16 * 4096)); number(k, 2, 4096); step(k, 1, 4096, 1, 256, 1); }
  else if (IS("mandel")) { buffer(k, 0, zeros(4 * m)); number(k, 1, 1024); number(k, 2, 1024); number(k, 3, 256); step(k, 2, 1024, 1024, 16, 16); }
  else if (IS("bs")) {
    buffer(k, 0, floats(m, 5, 30)); buffer(k, 1, floats(m, 1, 100)); buffer(k, 2, floats(m, 0.25f, 10)); buffer(k, 3, zeros(4 * m)); buffer(k, 4, zeros(4 * m)); real(k, 5, 0.02f); real(k, 6, 0.3f);
    step(k, 1, m, 1, 256, 1);
  } else if (IS("reduce")) { buffer(k, 0, floats(n, 0, 1)); buffer(k, 1, zeros(4 * (n / 256))); local(k, 2, 1024); step(k, 1, n, 1, 256, 1); }
  else if (IS("hist_global")) { buffer(k, 0, filled(words(n, 1), n)); buffer(k, 1, zeros(1024)); step(k, 1, n, 1, 256, 1); }
  else if (IS("hist_local")) { buffer(k, 0, filled(words(n, 1), n)); buffer(k, 1, zeros(1024)); number(k, 2, 16); step(k, 1, n / 16, 1, 256, 1); }
  else if (IS("scan")) {
    cl_mem out = zeros(4 * m), sums = zeros(4 * 2048), sums_out = zeros(4 * 2048), tops = zeros(16), tops_out = zeros(16);
    struct { cl_mem in, out, sums; size_t local, x, lx; } blocks[3] = {{floats(m, 0, 1), out, sums, 2048, m / 2, 256}, {sums, sums_out, tops, 2048, 1024, 256}, {tops, tops_out, zeros(4), 16, 2, 2}};
    for (int i = 0; i < 3; i++) {
      k = kernel("scan_block");
      buffer(k, 0, blocks[i].in); buffer(k, 1, blocks[i].out); buffer(k, 2, blocks[i].sums); local(k, 3, blocks[i].local);
      step(k, 1, blocks[i].x, 1, blocks[i].lx, 1);
    }
    k = kernel("scan_add"); buffer(k, 0, sums_out); buffer(k, 1, tops_out); step(k, 1, 1024, 1, 256, 1);
    k = kernel("scan_add"); buffer(k, 0, out); buffer(k, 1, sums_out); step(k, 1, m / 2, 1, 256, 1);
  } else if (IS("bitonic")) {
    bytes = 4 << 18;
    original = words(bytes, 4);
    again = filled(original, bytes);
    buffer(k, 0, again); step(k, 1, 1 << 18, 1, 256, 1); bitonic = 1;
  } else if (IS("counter")) { buffer(k, 0, zeros(4)); step(k, 1, m, 1, 256, 1); }
  else return 0;
  return 1;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  if (argc < 3) { fprintf(stderr, "pocl kernels.cl runs kernel...\n"); return 2; }
  FILE *file = fopen(argv[1], "rb");
  static char source[1 << 16];
  if (file == NULL || fread(source, 1, sizeof source - 1, file) == 0) { perror(argv[1]); return 2; }
  cl_platform_id platform;
  cl_device_id device;
  cl_int code;
  must(clGetPlatformIDs(1, &platform, NULL), "platform");
  must(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "device");
  static char version[256];
  must(clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof version, version, NULL), "version");
  printf("%s\n", version);
  context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
  must(code, "context");
  queue = clCreateCommandQueue(context, device, 0, &code);
  must(code, "queue");
  const char *text = source;
  program = clCreateProgramWithSource(context, 1, &text, NULL, &code);
  must(code, "program");
  must(clBuildProgram(program, 1, &device, "", NULL, NULL), "build");
  int runs = atoi(argv[2]);
  double *taken = malloc(sizeof(double) * runs);
  for (int i = 3; i < argc; i++) {
    if (!prepare(argv[i])) continue;
    // At least two runs and 150 ms before the first that counts (but for very few runs).
    double warm = now() + (runs > 3 ? 150 : 0);
    for (int r = -2; r < runs; r++) {
      if (r == 0 && now() < warm) r = -1;
      if (original != NULL) must(clEnqueueWriteBuffer(queue, again, CL_TRUE, 0, bytes, original, 0, NULL, NULL), "write");
      double start = now();
      run();
      if (r >= 0) taken[r] = now() - start;
    }
    qsort(taken, runs, sizeof(double), by_value);
    printf("%s %f %f\n", argv[i], runs % 2 ? taken[runs / 2] : (taken[runs / 2 - 1] + taken[runs / 2]) / 2, taken[0]);
    fflush(stdout);
  }
  return 0;
}
