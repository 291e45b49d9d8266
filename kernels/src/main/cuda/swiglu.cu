#include <cuda_fp16.h>

// The gated activation of LLaMA's feed-forward layer (Shazeer 2020): silu(gate) * up.

struct SwiGluParams {
  const float* gateUp;  // (rows, 2 * width): the gate's channels, then the other's
  half* out;            // (rows, width)
  int width;
};

// Grid (blocks over the width, rows).
extern "C" __global__ void swiglu(const SwiGluParams p) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= p.width) {
    return;
  }
  const float* row = p.gateUp + (size_t)blockIdx.y * 2 * p.width;
  const float gate = row[i];
  const float product = gate / (1.f + __expf(-gate)) * row[p.width + i];
  // Massive activations (Sun et al. 2024) can pass FP16's range; an infinity would poison the whole row.
  p.out[(size_t)blockIdx.y * p.width + i] = __float2half_rn(fminf(fmaxf(product, -65504.f), 65504.f));
}
