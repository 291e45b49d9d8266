// The scales of `shaped`: io.rotatekv.kernels.codec.ScaleSearch has the formulas and the reasons.
#pragma once

#include <stdint.h>

#include "encode.cuh"

namespace rotatekv {

constexpr int kCandidates = 8;

// What a head's channels have been fitted to. Codes are those of the smaller scale, 1 / inverse; `step` is the stored.
struct ShapedGroup {
  int scaleCode;
  float inverse, step;
};

// Levels around 0, and the code nearest to each.
struct SymmetricLevels {
  static constexpr float kMagic = 0x1.8p23f;  // added to a number from 0 to 2^22, it leaves the nearest integer
  float top, offset;

  __device__ explicit SymmetricLevels(const Levels& levels) : top(levels.top), offset(levels.top * 0.5f) {}

  __device__ __forceinline__ float level(float x, float inverse) const {
    return __fadd_rn(__fmul_rn(x, inverse), offset);
  }

  // The code in the low bits of kMagic's.
  __device__ __forceinline__ float marked(float level) const {
    return __fadd_rn(fminf(fmaxf(level, 0.f), top), kMagic);
  }

  __device__ __forceinline__ float code(float level) const { return __fsub_rn(marked(level), kMagic); }
};

// This thread's line as a part of a head. Sums over a head are taken in the order of its channels, so where it has two
// lines, the second goes on from what the first has come to.
struct HeadPart {
  int bit;      // the bit of a lane that tells the two lines apart
  bool two;     // lines of the head
  bool second;  // of two

  __device__ explicit HeadPart(const Work& w)
      : bit(w.side.headBit), two(w.p.headDim > kLine), second(two && (w.lane() & bit) != 0) {}

  // What the other line has.
  __device__ __forceinline__ float other(float x) const { return __shfl_xor_sync(~0u, x, bit); }

  // What the last line has.
  template <typename T>
  __device__ __forceinline__ T last(T x) const {
    return __shfl_sync(~0u, x, two ? threadIdx.x % 32 | bit : threadIdx.x % 32);
  }
};

// The code of the best scale from `first` down. The second line tries a candidate when the first has done with it.
__device__ __forceinline__ int bestScale(
    const HeadPart& part, const float (&x)[kLine], const SymmetricLevels& levels, float multiplier, int first) {
  int best = first;
  float least = INFINITY;
  float error = 0;
#pragma unroll 1
  for (int i = 0; i < kCandidates + (part.two ? 1 : 0); i++) {
    const float before = part.other(error);
    error = part.second ? before : 0;
    const int candidate = max(first - i + (part.second ? 1 : 0), 1);  // trying the smallest again changes nothing
    const float scale = __fmul_rn(decodeE4m3(candidate), multiplier);
    const float inverse = inverseOf(scale);
#pragma unroll
    for (int k = 0; k < kLine; k++) {
      const float level = levels.level(x[k], inverse);
      const float distance = __fsub_rn(level, levels.code(level));
      error = __fadd_rn(error, __fmul_rn(distance, distance));
    }
    const float all = __fmul_rn(error, __fmul_rn(scale, scale));
    if (all < least && candidate <= first) {
      least = all;
      best = candidate;
    }
  }
  return part.last(best);
}

// The scale with which a head keeps its length, given that of its codes; no positive number where there is none.
__device__ __forceinline__ float unshrunk(
    const HeadPart& part, const float (&x)[kLine], const SymmetricLevels& levels, float inverse) {
  float length = 0;
  float kept = 0;
#pragma unroll 1
  for (int i = 0; i <= (part.two ? 1 : 0); i++) {
    const float lengthBefore = part.other(length);
    const float keptBefore = part.other(kept);
    if (part.second == (i == 1)) {
      length = i == 0 ? 0 : lengthBefore;
      kept = i == 0 ? 0 : keptBefore;
#pragma unroll
      for (int k = 0; k < kLine; k++) {
        const float code = levels.code(levels.level(x[k], inverse));
        length = __fadd_rn(length, __fmul_rn(x[k], x[k]));
        kept = __fadd_rn(kept, __fmul_rn(x[k], __fsub_rn(code, levels.offset)));
      }
    }
  }
  return part.last(__fdiv_rn(length, kept));
}

// Starts from the scale that reaches the farthest element.
__device__ ShapedGroup searchScale(const Work& w, const float (&x)[kLine], int scaleCode) {
  const HeadPart part(w);
  const SymmetricLevels levels(w.side.levels);
  const float multiplier = w.side.levels.multiplier;
  const int best = bestScale(part, x, levels, multiplier, scaleCode);
  ShapedGroup group;
  group.inverse = inverseOf(__fmul_rn(decodeE4m3(best), multiplier));
  const float wanted = unshrunk(part, x, levels, group.inverse);
  const bool usable = wanted > 0 && wanted < INFINITY;
  group.scaleCode = usable ? encodeE4m3(__fmul_rn(wanted, w.side.levels.inverseMultiplier)) : best;
  group.step = __fmul_rn(decodeE4m3(group.scaleCode), multiplier);
  return group;
}

}  // namespace rotatekv
