#include <cuda_fp16.h>

#include "detail/rope.cuh"

// Keys as attention wants them, from keys as the codec wants them.

struct RopeKeysParams {
  const half* keys;      // (tokens, kvHeads, d), before RoPE
  half* out;             // (tokens, kvHeads, d), after RoPE
  const float2* angles;  // (64, d/2): cos, sin of offsets within a block
  const float2* phases;  // (blocks, d/2): cos, sin of a block's first position
  int position;          // of the first token
  int kvHeads;
  int headDim;
};

// Grid (blocks over the pairs of a token, tokens).
extern "C" __global__ void rope_keys(const RopeKeysParams p) {
  const int pairs = p.headDim / 2;
  const int index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= p.kvHeads * pairs) {
    return;
  }
  const int pair = index % pairs;
  const size_t at = (size_t)blockIdx.y * p.kvHeads * p.headDim + index / pairs * p.headDim + pair;
  const float2 angle = rotatekv::rope_angle(p.phases, p.angles, pairs, p.position + blockIdx.y, pair);
  const float2 key = make_float2(__half2float(p.keys[at]), __half2float(p.keys[at + pairs]));
  const float2 rotated = rotatekv::rope_rotate(key, angle);
  p.out[at] = __float2half_rn(rotated.x);
  p.out[at + pairs] = __float2half_rn(rotated.y);
}
