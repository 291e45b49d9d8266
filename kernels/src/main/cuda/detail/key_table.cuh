// Scales and zero points of rotatekv's keys. A channel's group may be any of the layer's, so they are looked up in
// shared memory: each warp tabulates those of its 16 tokens once per work item, ready to multiply and add.
#pragma once

#include "attend_stage.cuh"
#include "unpack.cuh"

namespace rotatekv {

constexpr int kTableRow = 32;             // half2 of a warp's table per group: (g, t / 2, row or row + 8)
constexpr float kKeyShrink = 1.0f / 512;  // of dequantized keys, so that their rotation stays within FP16

// G is the number of heads rotated together, kSteps that of 16 channels in them.
template <int G, int kSteps>
struct KeyTable {
  uint2* offsets;  // (kSteps, t): in bytes, where the groups of channels 4t + 1, 4t + 3, 4t, 4t + 2 begin
  half2* entries;  // (groups, kTableRow): factor and offset; twice, against bank conflicts

  // Finds the offsets, given the groups of the channels.
  __device__ void find(const uint8_t* groups) const {
    for (int i = threadIdx.x; i < kSteps * 4; i += kAttendThreads) {
      const uint8_t* group = groups + i * 4;
      auto offset = [&](int k) { return group[k] * static_cast<uint32_t>(kTableRow * sizeof(half2)); };
      offsets[i] = make_uint2(offset(1) | offset(3) << 16, offset(0) | offset(2) << 16);
    }
  }

  // A scale and a zero point as what unpacked codes are multiplied by and what is added.
  __device__ static half2 entry(uint8_t scaleCode, uint8_t zeroCode, float middle) {
    constexpr float kUnscaled = kScaleHalf * kKeyShrink;
    uint8_t zero = zeroCode ^ 0x80;
    half biased = __ushort_as_half(static_cast<uint16_t>(0x6400 | zero));  // 1152 more than the zero point
    half offset = __hfma(
        __float2half(-kUnscaled), __hsub(biased, __float2half(1152)), __float2half(middle * kUnscaled));
    half2 scale = __half2half2(scaleHalf(scaleCode));
    return __hmul2(scale, __halves2half2(__float2half(kUnscaled / kCodeUnit), offset));
  }

  // Fills it for a block; `middle` is that of the codes' range.
  __device__ void fill(const uint8_t* scales, const uint8_t* zeros, int groups, float middle) const {
    int firstToken = threadIdx.x / 32 * 16;
#pragma unroll 1
    for (int i = threadIdx.x % 32; i < 8 * groups; i += 32) {
      int token = i % 8;
      int group = i / 8;
      int from = scaleAt(group, firstToken + token, G);
      int next = scaleAt(group, firstToken + token + 8, G);
      uint32_t first = bits(entry(scales[from], zeros[from], middle));
      uint32_t second = bits(entry(scales[next], zeros[next], middle));
      uint4* to = reinterpret_cast<uint4*>(entries + group * kTableRow + token * 4);
      *to = make_uint4(first, second, first, second);
    }
  }

  // Codes of one step of keys, times their scales, plus their offsets.
  __device__ __forceinline__ void dequantize(uint32_t (&a)[4], int step) const {
    uint2 four = offsets[step * 4 + threadIdx.x % 4];
    const uint8_t* from = reinterpret_cast<const uint8_t*>(entries + threadIdx.x % 32 / 2 * 2);
#pragma unroll
    for (int pair = 0; pair < 2; pair++) {
      uint32_t offset = pair == 0 ? four.x : four.y;
      uint2 first = *reinterpret_cast<const uint2*>(from + (offset & 0xFFFF));
      uint2 second = *reinterpret_cast<const uint2*>(from + (offset >> 16));
      uint32_t factors = __byte_perm(first.x, second.x, 0x5410);
      uint32_t shifts = __byte_perm(first.x, second.x, 0x7632);
      a[2 * pair] = bits(__hfma2(halves(a[2 * pair]), halves(factors), halves(shifts)));
      factors = __byte_perm(first.y, second.y, 0x5410);
      shifts = __byte_perm(first.y, second.y, 0x7632);
      a[2 * pair + 1] = bits(__hfma2(halves(a[2 * pair + 1]), halves(factors), halves(shifts)));
    }
  }
};

}  // namespace rotatekv
