// Encodes whole blocks of one layer: rotates, centres or finds the reordered groups, fits scales and zero points,
// rounds, packs, and writes header, sections and sinks' rows. The bytes are those of the codec's specification, but for
// the checksum, which is left 0: blocks leave the device through the host, which seals them on the way.
//
// A CTA takes the same tile (detail/lines.cuh) of several blocks in turn and has the next two copies under way while it
// works on one. All 64 numbers of a line stay in its thread's registers from the first butterfly to the last code.

#include <cuda_fp16.h>
#include <stdint.h>

#include "detail/encode.cuh"
#include "detail/fit_groups.cuh"
#include "detail/hadamard.cuh"
#include "detail/store_codes.cuh"

namespace {

using namespace rotatekv;

// The bitmap of a block's sinks.
__device__ uint64_t findSinks(const EncodeParams& p, const Staged& staged) {
  if (p.maxima == nullptr) {
    return 0;
  }
  const float* maxima = staged.maxima + threadIdx.x % 32;
  const uint32_t low = __ballot_sync(~0u, maxima[0] > p.sinkThreshold);
  const uint32_t high = __ballot_sync(~0u, maxima[32] > p.sinkThreshold);
  return static_cast<uint64_t>(high) << 32 | low;
}

__device__ void writeHeader(const EncodeParams& p, uint8_t* block, uint64_t sinks) {
  const int count = __popcll(sinks);
  uint32_t* words = reinterpret_cast<uint32_t*>(block);
  for (int i = 0; i < 16; i++) {
    words[i] = p.header[i] + (i == 4 ? count << 16 : i == 8 ? count * 4 * p.kvHeads * p.headDim : 0);
  }
  uint64_t* bitmap = reinterpret_cast<uint64_t*>(block + p.at.bitmap);
  for (int i = 0; i < 8; i++) {
    bitmap[i] = i == 0 ? sinks : 0;
  }
}

// Starts copying what this thread's warp needs of a block, if there is one.
__device__ __forceinline__ void stage(const EncodeParams& p, const Line& line, uint32_t block, Staged& to) {
  if (block < p.blockCount) {
    const uint32_t stride = (line.ofKeys ? p.keyStride : p.valueStride) / 8;
    const uint32_t at = (block * kBlockTokens + line.token) * stride + line.column * 8;
    // Where there is no line, any will do.
    copyLines(to.lines, line.ofKeys ? p.keys : p.values, line.active ? at : 0);
    const int lane = threadIdx.x % 32;
    if (lane < kBlockTokens / 4 && p.maxima != nullptr) {
      copyAsync(sharedAddress(to.maxima + 4 * lane), p.maxima + block * kBlockTokens + 4 * lane);
    } else if (lane == 31) {
      copyWordAsync(sharedAddress(&to.block), p.blocks + block);
    }
  }
  commitCopies();
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
    twelves<false>(lines, p.tileTokens, w.line.columns, p.headDim / 4);
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

// Codes of all words; field f of word t is element fieldColumn(f, t). `factors(t)` tells how to round the elements.
template <bool kTwoBits, class Factors>
__device__ __forceinline__ void roundLine(
    const Rounder<kTwoBits>& rounder, const float (&x)[kLine], const Factors& factors, Codes (&codes)[4]) {
#pragma unroll
  for (int t = 0; t < 4; t++) {
    const auto of = factors(t);
    uint32_t even = rounder.bias;
    uint32_t odd = rounder.bias;
#pragma unroll
    for (int i = 0; i < 8; i++) {
      even += rounder.round(x[fieldColumn(2 * i, t)], of(fieldColumn(2 * i, t))) << 4 * i;
      odd += rounder.round(x[fieldColumn(2 * i + 1, t)], of(fieldColumn(2 * i + 1, t))) << 4 * i;
    }
    codes[t] = splitCodes(rounder.capped(even), rounder.capped(odd));
  }
}

// A sink's key in the model's basis or value in the rotated one.
__device__ void storeSink(const Work& w, const float (&x)[kLine]) {
  uint4* to = w.sinkRow() + w.line.column * 8;
  if (w.line.ofKeys) {
    for (int i = 0; i < 8; i++) {
      to[i] = *piece(w.staged.lines, w.lane(), i);
    }
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; i++) {
    to[w.line.columns * 8 + i] = packHalves(x + 8 * i);
  }
#pragma unroll
  for (int i = 0; i < kLine; i++) {
    w.losses.saturatedHalves += fabsf(x[i]) > 65504.f;
  }
}

template <bool kReordered>
__device__ void encodeLine(const Work& w, float (&x)[kLine]) {
  const EncodeParams& p = w.p;
  rotate(w, x);
  w.losses.brokenLines += w.line.active && !(fabsf(x[0]) < INFINITY);
  const Rounder<!kReordered> rounder(w.side.levels);
  Codes codes[4];
  if (kReordered && w.line.ofKeys) {
    fitReordered(w, x);
    const auto factors = [&](int t) {
      return ReorderedGroups(w.line, p.keyRank, w.memory.groups, p.kvHeads, p.headDim, t);
    };
    roundLine(rounder, x, factors, codes);
  } else {
    if (!kReordered && w.line.ofKeys) {
      centre(w, x);
    }
    const Group group = fitHead<kReordered>(w, x);
    roundLine(rounder, x, [&](int) { return [&](int) { return group.factors; }; }, codes);
  }
  if (w.line.ofKeys) {
    storeKeys(w, codes);
  } else {
    storeValues(w, codes);
  }
  if (kReordered && p.bits > 2) {
    if (w.line.ofKeys) {
      storeKeysHigh(w, codes);
    } else {
      storeValuesHigh(w, codes);
    }
  }
  if (w.line.active && w.sink()) {
    storeSink(w, x);
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

template <bool kReordered>
__device__ __forceinline__ void encode(const EncodeParams& p) {
  extern __shared__ uint4 shared[];
  const EncodeMemory memory(shared);
  const Line line(p.kvHeads, p.headDim, p.groupHeads, p.tileTokens);
  Staged* staged = memory.staged + threadIdx.x / 32 * 2;
  stage(p, line, blockIdx.y, staged[0]);
  stage(p, line, blockIdx.y + gridDim.y, staged[1]);
  const Side side(p, line.ofKeys, kReordered ? p.bits : 2);
  Losses losses{};
  int turn = 0;
#pragma unroll 1
  for (uint32_t block = blockIdx.y; block < p.blockCount; block += gridDim.y) {
    waitForCopies<1>();
    __syncwarp();
    const Work work{p, memory, line, side, losses, findSinks(p, staged[turn]), staged[turn]};
    if (blockIdx.x == 0 && threadIdx.x == 0) {
      writeHeader(p, work.block(), work.sinks);
    }
    float x[kLine];
#pragma unroll
    for (int i = 0; i < 8; i++) {
      unpackHalves(*piece(staged[turn].lines, threadIdx.x % 32, i), x + 8 * i);
    }
    encodeLine<kReordered>(work, x);
    __syncwarp();
    stage(p, line, block + 2 * gridDim.y, staged[turn]);
    turn ^= 1;
  }
  report(losses, p.losses);
}

}  // namespace

// Grid (tiles of a block: of keys, then of values; blocks that are encoded at a time). A CTA has 128 threads up to a
// kvDim of 4,096, and 512 at 16,384: the bound lets a thread have 128 registers.
extern "C" __global__ void __launch_bounds__(512, 1) encode_centred(const __grid_constant__ EncodeParams p) {
  encode<false>(p);
}

extern "C" __global__ void __launch_bounds__(512, 1) encode_rotatekv(const __grid_constant__ EncodeParams p) {
  encode<true>(p);
}
