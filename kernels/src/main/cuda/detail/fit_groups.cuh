// Scales and zero points of the groups of a line.
#pragma once

#include <stdint.h>

#include "encode.cuh"
#include "scale_search.cuh"

namespace rotatekv {

// Stores what a group has been fitted to, or zeros for a sink.
template <bool kAsymmetric>
__device__ __forceinline__ void writeGroup(
    const Work& w, const Group& group, int at, int token, const Losses& losses) {
  const bool sink = w.isSink(token);
  w.block[w.side.scales + at] = sink ? 0 : group.scaleCode;
  if (kAsymmetric) {
    w.block[w.side.zeros + at] = sink ? 0 : group.zeroCode;
  }
  if (!sink) {
    w.losses.add(losses);
  }
}

// The smallest and the largest of a head's channels, or of their magnitudes.
template <bool kAsymmetric>
__device__ __forceinline__ float2 headRange(const Work& w, const float (&x)[kLine]) {
  float lows[4];
  float highs[4];  // four chains, since each step waits for the one before
#pragma unroll
  for (int i = 0; i < kLine; i++) {
    const float y = kAsymmetric ? x[i] : fabsf(x[i]);
    lows[i % 4] = i < 4 ? y : kAsymmetric ? fminf(lows[i % 4], y) : 0.f;
    highs[i % 4] = i < 4 ? y : fmaxf(highs[i % 4], y);
  }
  float low = fminf(fminf(lows[0], lows[1]), fminf(lows[2], lows[3]));
  float high = fmaxf(fmaxf(highs[0], highs[1]), fmaxf(highs[2], highs[3]));
  if (w.p.headDim > kLine) {
    low = fminf(low, __shfl_xor_sync(~0u, low, w.side.headBit));
    high = fmaxf(high, __shfl_xor_sync(~0u, high, w.side.headBit));
  }
  return make_float2(low, high);
}

// The group of a head's channels.
template <bool kAsymmetric>
__device__ __forceinline__ Group fitHead(const Work& w, const float (&x)[kLine]) {
  const float2 range = headRange<kAsymmetric>(w, x);
  Losses losses{};
  const Group group = kAsymmetric ? fitAsymmetric(range.x, range.y, w.side.levels, losses)
                                   : fitSymmetric(range.y, w.side.levels, losses);
  if (w.line.active && w.line.first) {
    writeGroup<kAsymmetric>(w, group, w.line.group, w.line.token, losses);
  }
  return group;
}

// The same for `shaped`.
__device__ __forceinline__ ShapedGroup fitShaped(const Work& w, const float (&x)[kLine]) {
  Losses losses{};
  Group group = fitSymmetric(headRange<false>(w, x).y, w.side.levels, losses);
  const ShapedGroup shaped = searchScale(w, x, group.scaleCode);
  group.scaleCode = shaped.scaleCode;
  if (w.line.active && w.line.first) {
    writeGroup<false>(w, group, w.line.group, w.line.token, losses);
  }
  return shaped;
}

// Ranges of reordered groups: elements go to their ranks' places, so that those of a group are neighbours, and each
// thread fits (half) a group. Leaves the factors in memory.groups.
__device__ void fitReordered(const Work& w, const float (&x)[kLine]) {
  const EncodeParams& p = w.p;
  const int width = p.kvHeads * p.headDim;
  float* rows = w.memory.lines;
  __syncthreads();
  if (w.line.active) {
    const uint4* ranks = lineTable(p.keyRank, w.line.column);
    float* row = rows + w.line.row * width;
#pragma unroll
    for (int i = 0; i < kLine / 8; i++) {
      const uint4 r = ranks[16 * i];
      const uint32_t words[4] = {r.x, r.y, r.z, r.w};
#pragma unroll
      for (int j = 0; j < 4; j++) {
        row[words[j] & 0xFFFF] = x[8 * i + 2 * j];
        row[words[j] >> 16] = x[8 * i + 2 * j + 1];
      }
    }
  }
  __syncthreads();
  const float4* part = reinterpret_cast<const float4*>(rows) + threadIdx.x * (kLine / 4);
  float low = INFINITY;
  float high = -INFINITY;
#pragma unroll 4
  for (int i = 0; i < kLine / 4; i++) {
    const float4 y = part[(i + threadIdx.x) % (kLine / 4)];
    low = fminf(fminf(low, y.x), fminf(y.y, fminf(y.z, y.w)));
    high = fmaxf(fmaxf(high, y.x), fmaxf(y.y, fmaxf(y.z, y.w)));
  }
  const int parts = p.headDim / kLine;
  if (parts > 1) {
    low = fminf(low, __shfl_xor_sync(~0u, low, 1));
    high = fmaxf(high, __shfl_xor_sync(~0u, high, 1));
  }
  const int index = threadIdx.x / parts;
  const int row = quotient(index, p.kvHeads);
  if (row < p.tileTokens && threadIdx.x % parts == 0) {
    const int token = w.line.keyToken(p.tileTokens, row);
    Losses losses{};
    const Group group = fitAsymmetric(low, high, w.side.levels, losses);
    w.memory.groups[index] = group.factors;
    const int at = Line::scaleAt(index - row * p.kvHeads, token, p.groupHeads);
    writeGroup<true>(w, group, at, token, losses);
  }
  __syncthreads();
}

}  // namespace rotatekv
