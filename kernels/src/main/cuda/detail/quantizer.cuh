// Scales, zero points and codes, bit for bit those of the codec's specification: no operation is fused.
#pragma once

#include <stdint.h>

#include "patch.cuh"

namespace rotatekv {

// What encoding lost; the order is that of the counters.
struct Losses {
  int narrowGroups, saturatedZeros, saturatedScales, saturatedHalves, brokenLines;

  // Adds those of a group.
  __device__ void add(const Losses& other) {
    narrowGroups += other.narrowGroups;
    saturatedZeros += other.saturatedZeros;
    saturatedScales += other.saturatedScales;
  }
};

// The levels of one side.
struct Levels {
  float top;         // the largest code
  float clip;
  float multiplier;  // scales are stored relative to it, a power of two
  float inverseMultiplier;
  float step;        // 2^-bits: codes are computed as multiples of it, in 0 to 1, where clamping is free

  __device__ Levels(int bits, float clip_, float multiplier_)
      : top((1 << bits) - 1),
        clip(clip_),
        multiplier(multiplier_),
        inverseMultiplier(__int_as_float(0x7F000000 - __float_as_int(multiplier_))),  // exact for a power of two
        step(1.f / (1 << bits)) {}
};

// A group's scale and zero point as stored, and what turns an element into code * step before rounding.
struct Group {
  int scaleCode;
  int zeroCode;
  float2 factors;  // step / scale, step * offset
};

constexpr float kLargestScale = 448.f;

// The E4M3 code nearest to x, at least that of 2^-9 and at most that of 448, ties to even.
__device__ __forceinline__ int encodeE4m3(float x) {
#if __CUDA_ARCH__ >= 890
  uint16_t pair;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(0.f), "f"(x));
  return max(1, static_cast<int>(pair));
#else
  if (x < 0x1p-6f) {
    return max(1, __float2int_rn(x * 0x1p9f));
  }
  if (x > kLargestScale) {
    return 0x7E;
  }
  const int bits = __float_as_int(x);
  return ((bits + 0x7FFFF + ((bits >> 20) & 1)) >> 20) - (120 << 3);
#endif
}

__device__ __forceinline__ float decodeE4m3(int code) {
  return code < 8 ? code * 0x1p-9f : __int_as_float((code + (120 << 3)) << 20);
}

// 1 / x, rounded to nearest, for x whose reciprocal is no denormal number: __frcp_rn without its other branch.
__device__ __forceinline__ float inverseOf(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return __fmaf_rn(y, __fmaf_rn(-x, y, 1.f), y);
}

// Rounds the wanted scale to the stored one, and returns that.
__device__ __forceinline__ float storeScale(float wanted, const Levels& levels, Group& group) {
  group.scaleCode = encodeE4m3(__fmul_rn(wanted, levels.inverseMultiplier));
  return __fmul_rn(decodeE4m3(group.scaleCode), levels.multiplier);
}

__device__ __forceinline__ void setFactors(Group& group, float inverse, float offset, const Levels& levels) {
  group.factors = make_float2(inverse * levels.step, offset * levels.step);
}

// RotateKV's quantizer: AsymmetricQuantizer has the reasons.
__device__ __forceinline__ Group fitAsymmetric(float min, float max, const Levels& levels, Losses& losses) {
  Group group;
  float wanted = __fdiv_rn(__fmul_rn(levels.clip, __fsub_rn(max, min)), levels.top);
  float scale = storeScale(wanted, levels, group);
  float low = __fmul_rn(levels.clip, min);
  if (fabsf(low) > __fmul_rn(127.f, scale)) {
    losses.narrowGroups++;
    wanted = __fdiv_rn(fmaxf(fabsf(min), fabsf(max)), 119.f);
    scale = storeScale(wanted, levels, group);
    low = min;
  }
  losses.saturatedScales += __fmul_rn(wanted, levels.inverseMultiplier) > kLargestScale;
  const float inverse = inverseOf(scale);
  const float zero = -rintf(__fmul_rn(low, inverse));
  losses.saturatedZeros += fabsf(zero) > 127.f;
  group.zeroCode = static_cast<int>(fminf(fmaxf(zero, -127.f), 127.f));
  setFactors(group, inverse, static_cast<float>(group.zeroCode), levels);
  return group;
}

// SymmetricQuantizer's, for the largest magnitude.
__device__ __forceinline__ Group fitSymmetric(float farthest, const Levels& levels, Losses& losses) {
  Group group;
  const float wanted = __fmul_rn(__fmul_rn(levels.clip, farthest), 2.f * levels.step);
  const float scale = storeScale(wanted, levels, group);
  losses.saturatedScales += __fmul_rn(wanted, levels.inverseMultiplier) > kLargestScale;
  group.zeroCode = 0;
  setFactors(group, inverseOf(scale), levels.top * 0.5f, levels);
  return group;
}

// Rounds elements to codes. Adding `magic` leaves the code in the low bits of the sum; `bias` takes the rest of eight
// sums off again, each four bits higher than the one before. The sum of two bits' codes may be 4, for capped() to undo:
// a few operations for eight codes instead of one for each.
template <bool kTwoBits>
struct Rounder {
  float cap, magic;
  uint32_t bias;

  __device__ explicit Rounder(const Levels& levels) {
    cap = levels.top * levels.step;
    magic = 0x1.8p23f * levels.step;
    bias = 0u - __float_as_uint(magic) * 0x11111111u;
  }

  // The code of x, plus the bits of `magic`.
  __device__ __forceinline__ uint32_t round(float x, float2 factors) const {
    const float level = __saturatef(__fadd_rn(__fmul_rn(x, factors.x), factors.y));
    return __float_as_uint(__fadd_rn(kTwoBits ? level : fminf(level, cap), magic));
  }

  // Eight codes, four bits each, of which the upper two do not count where there are two bits.
  static __device__ __forceinline__ uint32_t capped(uint32_t codes) {
    return kTwoBits ? codes | (codes >> 2 & 0x11111111u) * 3 : codes;
  }
};

// Codes of a word: the low two bits, and those above them.
struct Codes {
  uint32_t low, high;
};

// Codes whose bits four fields of two would take: those of even fields in `even`, those of odd ones in `odd`.
__device__ __forceinline__ Codes splitCodes(uint32_t even, uint32_t odd) {
  return {select(0x33333333u, even, odd << 2), select(0x33333333u, even >> 2, odd)};
}

}  // namespace rotatekv
