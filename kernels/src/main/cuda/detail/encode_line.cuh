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
