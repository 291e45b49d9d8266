// What kernels know of a block; FORMAT.md has the rest.
#pragma once

#include <stdint.h>

namespace rotatekv {

constexpr int kBlockTokens = 64;
constexpr int kHeaderBytes = 64;

// Offsets in bytes from a block's header, the same for all blocks of a codec and shape.
struct BlockSections {
  uint32_t keyCodes, keyScales, keyZeros, valueCodes, valueScales, valueZeros, bitmap, sinkRows;
};

// Where the scale (and the zero point) of a group of a token is, from the start of its section. A chunk has
// `chunkGroups` groups.
__device__ __forceinline__ int scaleAt(int group, int token, int chunkGroups) {
  return (group / chunkGroups * kBlockTokens + token) * chunkGroups + group % chunkGroups;
}

// How many sinks stand before a token.
__device__ __forceinline__ int sinksBefore(uint64_t sinks, int token) {
  return __popcll(sinks & ((1ull << token) - 1));
}

}  // namespace rotatekv
