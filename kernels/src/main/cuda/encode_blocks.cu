// Encodes whole blocks of one layer: centres and turns, rotates, finds the reordered groups, fits scales and zero points,
// rounds, packs, and writes header, sections and sinks' rows. The bytes are those of the codec's specification, but for
// the checksum, which is left 0: blocks leave the device through the host, which seals them on the way.
//
// A CTA takes the same tile (detail/lines.cuh) of several blocks in turn and has the next two copies under way while it
// works on one. All 64 numbers of a line stay in its thread's registers from the first butterfly to the last code.
//
// Of `shaped` it encodes all but the keys, which are encode_shaped_keys.cu's.

#include <cuda_fp16.h>
#include <stdint.h>

#include "detail/encode.cuh"
#include "detail/encode_line.cuh"
#include "detail/fit_groups.cuh"
#include "detail/store_codes.cuh"

namespace {

using namespace rotatekv;

enum class Recipe { kCentred, kRotatekv, kShaped };

// What a warp works on, as copied from global memory.
struct Staged {
  uint4 lines[32 * 8];
  float maxima[kBlockTokens];
  uint64_t block;
  uint64_t padding;
};

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

template <Recipe kRecipe>
__device__ void encodeLine(const Work& w, float (&x)[kLine], Staged& staged) {
  constexpr bool kReordered = kRecipe == Recipe::kRotatekv;
  constexpr bool kTwoBits = kRecipe == Recipe::kCentred;
  const EncodeParams& p = w.p;
  if (kRecipe == Recipe::kCentred && w.line.ofKeys) {
    centre(w, x);
    turn(w, x);
  }
  rotate(w, x);
  w.losses.brokenLines += w.line.active && !(fabsf(x[0]) < INFINITY);
  const Rounder<kTwoBits> rounder(w.side.levels);
  Codes codes[4];
  if (kReordered && w.line.ofKeys) {
    fitReordered(w, x);
    const auto factors = [&](int t) {
      return ReorderedGroups(w.line, p.keyRank, w.memory.groups, p.kvHeads, p.headDim, t);
    };
    roundLine(rounder, x, factors, codes);
  } else {
    Group group;
    if constexpr (kRecipe == Recipe::kShaped) {
      setFactors(group, fitShaped(w, x).inverse, w.side.levels.top * 0.5f, w.side.levels);
    } else {
      group = fitHead<kReordered>(w, x);
    }
    roundLine(rounder, x, [&](int) { return [&](int) { return group.factors; }; }, codes);
  }
  if (w.line.ofKeys) {
    storeKeys(w, codes);
  } else {
    storeValues(w, codes);
  }
  if (!kTwoBits && p.bits > 2) {
    if (w.line.ofKeys) {
      storeKeysHigh(w, codes);
    } else {
      storeValuesHigh(w, codes);
    }
  }
  if (w.line.active && w.sink()) {
    if (w.line.ofKeys) {
      storeSinkKey(w, [&](int i) { return *piece(staged.lines, w.lane(), i); });
    } else {
      storeSinkValue(w, x);
    }
  }
}

template <Recipe kRecipe>
__device__ __forceinline__ void encode(const EncodeParams& p) {
  extern __shared__ uint4 shared[];
  Staged* const allStaged = reinterpret_cast<Staged*>(shared);
  float* const lines = reinterpret_cast<float*>(allStaged + blockDim.x / 32 * 2);
  const Exchange exchange{lines, reinterpret_cast<float2*>(lines + blockDim.x * kLine)};
  const int skipped = kRecipe == Recipe::kShaped ? kBlockTokens / p.tileTokens : 0;  // the tiles of keys
  const Line line(blockIdx.x + skipped, p.kvHeads, p.headDim, p.groupHeads, p.tileTokens);
  Staged* staged = allStaged + threadIdx.x / 32 * 2;
  stage(p, line, blockIdx.y, staged[0]);
  stage(p, line, blockIdx.y + gridDim.y, staged[1]);
  const Side side(p, line.ofKeys, kRecipe == Recipe::kCentred ? 2 : p.bits);
  Losses losses{};
  int turn = 0;
#pragma unroll 1
  for (uint32_t block = blockIdx.y; block < p.blockCount; block += gridDim.y) {
    waitForCopies<1>();
    __syncwarp();
    uint8_t* const to = reinterpret_cast<uint8_t*>(staged[turn].block);
    const Work work{p, exchange, line, side, losses, findSinks(p, staged[turn].maxima), to};
    if (blockIdx.x == 0 && threadIdx.x == 0) {
      writeHeader(p, work.block, work.sinks);
    }
    float x[kLine];
#pragma unroll
    for (int i = 0; i < 8; i++) {
      unpackHalves(*piece(staged[turn].lines, threadIdx.x % 32, i), x + 8 * i);
    }
    encodeLine<kRecipe>(work, x, staged[turn]);
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
  encode<Recipe::kCentred>(p);
}

extern "C" __global__ void __launch_bounds__(512, 1) encode_rotatekv(const __grid_constant__ EncodeParams p) {
  encode<Recipe::kRotatekv>(p);
}

// Grid (tiles of values, blocks).
extern "C" __global__ void __launch_bounds__(512, 1) encode_shaped_values(const __grid_constant__ EncodeParams p) {
  encode<Recipe::kShaped>(p);
}
