#include <cuda_fp16.h>

#include "detail/early_start.cuh"

// The residual stream of each row starts as the embedding of its token.

struct EmbedParams {
  const half* table;  // (vocabulary, width)
  const int* tokens;  // (rows)
  float* hidden;      // (rows, width)
  int width;
};

// Grid (rows).
extern "C" __global__ void embed(const EmbedParams p) {
  rotatekv::let_next_start();
  rotatekv::wait_for_earlier_work();
  const half* from = p.table + (size_t)p.tokens[blockIdx.x] * p.width;
  float* to = p.hidden + (size_t)blockIdx.x * p.width;
  for (int i = threadIdx.x; i < p.width; i += blockDim.x) {
    to[i] = __half2float(from[i]);
  }
}
