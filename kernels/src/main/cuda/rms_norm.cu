#include <cuda_fp16.h>

#include "detail/early_start.cuh"
#include "detail/reduce.cuh"

// Root-mean-square normalization (Zhang and Sennrich 2019), and the largest magnitude of what enters it, by
// which the codec tells sinks.

struct RmsNormParams {
  const float* x;       // (rows, width)
  const float* weight;  // (width)
  half* out;            // (rows, width)
  float* largest;       // (rows), or null
  int width;
  float epsilon;
};

// Grid (rows).
extern "C" __global__ void rms_norm(const RmsNormParams p) {
  __shared__ float sums[32];
  __shared__ float maxima[32];
  rotatekv::let_next_start();
  rotatekv::wait_for_earlier_work();
  const float* x = p.x + (size_t)blockIdx.x * p.width;
  half* out = p.out + (size_t)blockIdx.x * p.width;
  float squares = 0.f;
  float largest = 0.f;
  for (int i = threadIdx.x; i < p.width; i += blockDim.x) {
    squares += x[i] * x[i];
    largest = fmaxf(largest, fabsf(x[i]));
  }
  const float scale = rsqrtf(rotatekv::reduce_block<rotatekv::Sum>(squares, sums) / p.width + p.epsilon);
  if (p.largest != nullptr) {
    largest = rotatekv::reduce_block<rotatekv::Max>(largest, maxima);
    if (threadIdx.x == 0) {
      p.largest[blockIdx.x] = largest;
    }
  }
  for (int i = threadIdx.x; i < p.width; i += blockDim.x) {
    out[i] = __float2half_rn(x[i] * scale * p.weight[i]);
  }
}
