// A line from its numbers in FP16 to what is quantized, and what goes beside the codes.
#pragma once

#include <stdint.h>

#include "encode.cuh"
#include "hadamard.cuh"

namespace rotatekv {

// The bitmap of a block's sinks, given its tokens' maxima.
__device__ __forceinline__ uint64_t findSinks(const EncodeParams& p, const float* maxima) {
  if (p.maxima == nullptr) {
    return 0;
  }
  const int lane = threadIdx.x % 32;
  const uint32_t low = __ballot_sync(~0u, maxima[lane] > p.sinkThreshold);
  const uint32_t high = __ballot_sync(~0u, maxima[lane + 32] > p.sinkThreshold);
  return static_cast<uint64_t>(high) << 32 | low;
}

__device__ void rotate(const Work& w, float (&x)[kLine]) {
  const EncodeParams& p = w.p;
  butterflies<1, 16>(x);
  if (w.line.ofKeys && p.groupHeads == 3) {
    if (p.headDim == 128) {
      butterflies<16, 32>(x);
    }
    float* lines = w.memory.lines;
    writeLine(lines, threadIdx.x, x);
    __syncthreads();
    twelves<false>(lines, p.tileTokens, w.line.tileColumns, p.headDim / 4);
    __syncthreads();
    readLine(lines, threadIdx.x, x);
  } else {
    butterflies<16, kLine>(x);
    butterfliesAcross(x, w.lane(), w.side.headBit, w.side.rotated);
  }
#pragma unroll
  for (int i = 0; i < kLine; i++) {
    x[i] = __fmul_rn(x[i], w.side.norm);
  }
}

__device__ void centre(const Work& w, float (&x)[kLine]) {
  const float4* mean = reinterpret_cast<const float4*>(lineTable(w.p.keyMean, w.line.column));
#pragma unroll
  for (int i = 0; i < kLine / 4; i++) {
    const float4 m = mean[16 * i];
    x[4 * i] = __fsub_rn(x[4 * i], m.x);
    x[4 * i + 1] = __fsub_rn(x[4 * i + 1], m.y);
    x[4 * i + 2] = __fsub_rn(x[4 * i + 2], m.z);
    x[4 * i + 3] = __fsub_rn(x[4 * i + 3], m.w);
  }
}

// RoPE for the key's place in its block.
__device__ void turn(const Work& w, float (&x)[kLine]) {
  const int pairs = w.p.headDim / 2;
  // Rows beyond those of the tile have no token; any will do.
  const float4* angles = reinterpret_cast<const float4*>(w.p.turns + w.line.token % kBlockTokens * pairs);
  if (w.p.headDim == kLine) {
#pragma unroll
    for (int i = 0; i < kLine / 2; i++) {
      const float4 two = angles[i / 2];
      const float cosine = i % 2 == 0 ? two.x : two.z;
      const float sine = i % 2 == 0 ? two.y : two.w;
      const float a = x[i];
      const float b = x[i + kLine / 2];
      x[i] = __fsub_rn(__fmul_rn(a, cosine), __fmul_rn(b, sine));
      x[i + kLine / 2] = __fadd_rn(__fmul_rn(b, cosine), __fmul_rn(a, sine));
    }
    return;
  }
  const float sign = w.line.column % 2 == 0 ? -1.f : 1.f;
#pragma unroll
  for (int i = 0; i < kLine; i++) {
    const float4 two = angles[i / 2];
    const float cosine = i % 2 == 0 ? two.x : two.z;
    const float sine = (i % 2 == 0 ? two.y : two.w) * sign;
    const float other = __shfl_xor_sync(~0u, x[i], w.side.headBit);
    x[i] = __fadd_rn(__fmul_rn(x[i], cosine), __fmul_rn(other, sine));
  }
}

// A sink's key, in the model's basis; `piece(i)` is 16 bytes of it.
template <class Piece>
__device__ __forceinline__ void storeSinkKey(const Work& w, const Piece& piece) {
  uint4* to = w.sinkRow() + w.line.column * 8;
  for (int i = 0; i < 8; i++) {
    to[i] = piece(i);
  }
}

// A sink's value, in the rotated basis.
__device__ void storeSinkValue(const Work& w, const float (&x)[kLine]) {
  uint4* to = w.sinkRow() + (w.line.columns + w.line.column) * 8;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    to[i] = packHalves(x + 8 * i);
  }
#pragma unroll
  for (int i = 0; i < kLine; i++) {
    w.losses.saturatedHalves += fabsf(x[i]) > 65504.f;
  }
}

__device__ void report(const Losses& losses, unsigned long long* to) {
  const int counts[] = {losses.narrowGroups, losses.saturatedZeros, losses.saturatedScales, losses.saturatedHalves,
                        losses.brokenLines};
  if (!__any_sync(~0u, counts[0] + counts[1] + counts[2] + counts[3] + counts[4] != 0)) {
    return;
  }
#pragma unroll
  for (int i = 0; i < 5; i++) {
    if (counts[i] != 0) {
      atomicAdd(to + i, static_cast<unsigned long long>(counts[i]));
    }
  }
}

}  // namespace rotatekv
