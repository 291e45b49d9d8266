// Scales and zero points of rotatekv's keys. A channel's group may be any of the layer's, so they are looked up in
// shared memory: each warp tabulates those of its 16 tokens once per work item, ready to multiply and add.
#pragma once

#include "attend_stage.cuh"
#include "unpack.cuh"

namespace rotatekv {

constexpr float kKeyShrink = 1.0f / 512;  // of dequantized keys, so that their rotation stays within FP16

// G is the number of heads rotated together, kSteps that of 16 channels in them.
//
// An entry has what codes of rows g and g + 8 are multiplied by, and what is added. There are four copies of it, for
// lanes of equal g read entries of different groups at a time: with a copy each, half a warp touches every bank once.
template <int G, int kSteps>
struct KeyTable {
  static constexpr int kCopyBytes = 4 * sizeof(uint2);     // of four rows
  static constexpr int kGroupBytes = 2 * 4 * kCopyBytes;

  uint32_t* groups;  // (kSteps, t): those of channels 4t to 4t + 3, a byte each
  uint8_t* entries;  // of this warp: (groups, g / 4, 4 copies, g % 4) uint2

  // Keeps the groups of the channels.
  __device__ void find(const uint8_t* from) const {
    for (int i = threadIdx.x; i < kSteps * 4; i += kAttendThreads) {
      groups[i] = reinterpret_cast<const uint32_t*>(from)[i];
    }
  }

  // Scales and zero points of a group, of two tokens, as an entry.
  __device__ static uint2 entry(uint32_t scales, uint32_t zeros, float middle) {
    constexpr float kUnscaled = kScaleHalf * kKeyShrink;
    const half2 biased = halves(zeros ^ 0x64806480);  // 1152 more than the zero points
    const half2 centre = __hfma2(__float2half2_rn(-kUnscaled), __hsub2(biased, __float2half2_rn(1152)),
                                 __float2half2_rn(middle * kUnscaled));
    const half2 scale = halves(scales << 7);
    return make_uint2(bits(__hmul2(scale, __float2half2_rn(kUnscaled / kCodeUnit))), bits(__hmul2(scale, centre)));
  }

  // The numbers of a token's G groups of a rotation group.
  __device__ static uint32_t load(const uint8_t* from) {
    if constexpr (G == 4) {
      return *reinterpret_cast<const uint32_t*>(from);
    } else if constexpr (G == 2) {
      return *reinterpret_cast<const uint16_t*>(from);
    } else {
      uint32_t x = from[0];
#pragma unroll
      for (int k = 1; k < G; k++) {
        x |= static_cast<uint32_t>(from[k]) << 8 * k;
      }
      return x;
    }
  }

  // Fills it for a block; `middle` is that of the codes' range.
  __device__ void fill(const uint8_t* scales, const uint8_t* zeros, int count, float middle) const {
    const int firstToken = threadIdx.x / 32 * 16;
#pragma unroll 1
    for (int i = threadIdx.x % 32; i < 8 * count / G; i += 32) {
      const int g = i % 8;
      const int chunk = i / 8;
      const int from = (chunk * kBlockTokens + firstToken + g) * G;
      const uint32_t scale[2] = {load(scales + from), load(scales + from + 8 * G)};
      const uint32_t zero[2] = {load(zeros + from), load(zeros + from + 8 * G)};
#pragma unroll
      for (int k = 0; k < G; k++) {
        const uint2 x = entry(spreadBytes(scale[0], scale[1], k), spreadBytes(zero[0], zero[1], k), middle);
        uint8_t* to = entries + (chunk * G + k) * kGroupBytes + g / 4 * 4 * kCopyBytes + g % 4 * sizeof(uint2);
#pragma unroll
        for (int copy = 0; copy < 4; copy++) {  // in turns, so that lanes meet no conflict
          *reinterpret_cast<uint2*>(to + (copy + g / 4 + 2 * chunk) % 4 * kCopyBytes) = x;
        }
      }
    }
  }

  // Bytes k of two words, each as a half word.
  __device__ static uint32_t spreadBytes(uint32_t a, uint32_t b, int k) {
    return __byte_perm(a, b, k | (4 + k) << 8) & 0x00FF00FF;
  }

  // One step of keys as an A operand: codes of rows g and g + 8 of column k times their scales, plus their offsets.
  template <class TwoCodes>
  __device__ __forceinline__ void dequantize(uint32_t (&a)[4], int step, const TwoCodes& codes) const {
    const int lane = threadIdx.x % 32;
    static_assert(kGroupBytes == 256);  // a group's number is a byte of the offset
    const uint32_t own = lane / 16 * 4 * kCopyBytes + lane % 4 * kCopyBytes + lane / 4 % 4 * sizeof(uint2);
    const uint32_t four = groups[step * 4 + lane % 4];
    half2 x[4];
#pragma unroll
    for (int k = 0; k < 4; k++) {
      const uint2 entry = *reinterpret_cast<const uint2*>(entries + __byte_perm(own, four, 0x1100 | (4 + k) << 4));
      x[k] = __hfma2(halves(codes(k)), halves(entry.x), halves(entry.y));
    }
#pragma unroll
    for (int pair = 0; pair < 2; pair++) {  // columns 4t and 4t + 1, then 4t + 2 and 4t + 3
      a[2 * pair] = __byte_perm(bits(x[2 * pair]), bits(x[2 * pair + 1]), 0x5410);
      a[2 * pair + 1] = __byte_perm(bits(x[2 * pair]), bits(x[2 * pair + 1]), 0x7632);
    }
  }
};

}  // namespace rotatekv
