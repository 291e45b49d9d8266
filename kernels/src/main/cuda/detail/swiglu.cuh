// The gated activation of LLaMA's feed-forward layer (Shazeer 2020): silu(gate) * up.
#pragma once

#include <cuda_fp16.h>

namespace rotatekv {

__device__ inline half swiglu(float gate, float up) {
  const float product = gate / (1.f + __expf(-gate)) * up;
  // Massive activations (Sun et al. 2024) can pass FP16's range; an infinity would poison the whole row.
  return __float2half_rn(fminf(fmaxf(product, -65504.f), 65504.f));
}

}  // namespace rotatekv
