#include <cuda_fp16.h>

// The residual stream of each row starts as the embedding of its token.

struct EmbedParams {
  const half* table;  // (vocabulary, width)
  const int* tokens;  // (rows)
  float* hidden;      // (rows, width)
  int width;
};

// Grid (rows).
extern "C" __global__ void embed(const EmbedParams p) {
  const half* from = p.table + (size_t)p.tokens[blockIdx.x] * p.width;
  float* to = p.hidden + (size_t)blockIdx.x * p.width;
  for (int i = threadIdx.x; i < p.width; i += blockDim.x) {
    to[i] = __half2float(from[i]);
  }
}
