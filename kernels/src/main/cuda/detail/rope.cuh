#pragma once

// Rotary position embedding (Su et al. 2021); channel i of a head pairs with channel i + d/2.

#include "block.cuh"

namespace rotatekv {

// (cos, sin) at a position, put together from the angle at its block's first token and the one within the block,
// both rounded from FP64: two small tables instead of one as long as the context, for an error of 2^-23.
__device__ inline float2 rope_angle(const float2* phases, const float2* angles, int pairs, int position, int pair) {
  const float2 phase = phases[(position / kBlockTokens) * pairs + pair];
  const float2 angle = angles[(position % kBlockTokens) * pairs + pair];
  return make_float2(phase.x * angle.x - phase.y * angle.y, phase.y * angle.x + phase.x * angle.y);
}

__device__ inline float2 rope_rotate(float2 pair, float2 angle) {
  return make_float2(pair.x * angle.x - pair.y * angle.y, pair.y * angle.x + pair.x * angle.y);
}

}  // namespace rotatekv
