// A line is 64 consecutive channels of one token: 128 bytes of FP16 in memory, 64 registers of the thread that owns it.
// So a head's rotation takes no exchange but between the lines of a head or chunk, which are neighbouring lanes.
//
// A CTA has one tile of each block that it takes:
// - of keys: whole rows of `tileTokens` tokens, since a group of reordered channels may have its members anywhere. Lane
//   bit 0 tells tokens r and r + 8 apart, whose words are neighbours; then come the lines of the row.
// - of values: the 64 tokens, two lines of a row per four warps. Of these, warp t has the 16 tokens whose codes share
//   words, in the order of the fields of a word, once for each line.
// Or its tile is of one chunk of keys: as of keys above, but of each row the chunk's lines alone.
#pragma once

#include <cuda_fp16.h>
#include <stdint.h>

#include "block.cuh"
#include "hadamard.cuh"
#include "mma.cuh"
#include "patch.cuh"

namespace rotatekv {

// x / divisor, for less than 4096 and up to 256: the quotient is no nearer to an integer than the error of its product.
__device__ __forceinline__ int quotient(int x, int divisor) {
  return __float2int_rd(__fdividef(x + 0.5f, static_cast<float>(divisor)));
}

// This thread's line of its CTA's tile.
struct Line {
  bool ofKeys;
  int tile;         // of the keys, or of the values, of a block
  int columns;      // lines of a row
  int tileColumns;  // those of the tile
  int row;          // of a tile of keys
  int token;
  int column;       // which 64 channels of the row
  int group;        // where the scale of the head is, from the start of its section
  bool active;      // whether there is such a line
  bool first;       // whether the head begins with it

  // Of keys, then of values; `tile_` counts both.
  __device__ Line(int tile_, int kvHeads, int headDim, int groupHeads, int tileTokens)
      : tile(tile_), columns(kvHeads * headDim / kLine), tileColumns(columns) {
    const int keyTiles = kBlockTokens >> (31 - __clz(tileTokens));
    const int thread = threadIdx.x;
    ofKeys = tile < keyTiles;
    if (ofKeys) {
      findKey(tileTokens);
    } else {
      tile -= keyTiles;
      row = 0;
      token = fieldColumn(thread % 16, thread / 32 % 4);
      column = tile * (blockDim.x / kBlockTokens) + thread / 128 * 2 + thread / 16 % 2;
      active = column < columns;
    }
    findGroup(headDim, groupHeads);
  }

  // Of a chunk of keys.
  __device__ Line(int chunk, int tile_, int kvHeads, int headDim, int groupHeads, int tileTokens)
      : ofKeys(true), tile(tile_), columns(kvHeads * headDim / kLine), tileColumns(groupHeads * headDim / kLine) {
    findKey(tileTokens);
    column += chunk * tileColumns;
    findGroup(headDim, groupHeads);
  }

  __device__ void findKey(int tileTokens) {
    const int thread = threadIdx.x;
    const int pair = quotient(thread / 2, tileColumns);
    row = 2 * pair + thread % 2;
    token = keyToken(tileTokens, row);
    column = thread / 2 - pair * tileColumns;
    active = row < tileTokens;
  }

  __device__ void findGroup(int headDim, int groupHeads) {
    const int head = headDim == kLine ? column : column / 2;
    group = scaleAt(head, token, groupHeads);
    first = headDim == kLine || column % 2 == 0;
  }

  // The token of a row of the tile of keys.
  __device__ int keyToken(int tileTokens, int row_) const {
    const uint32_t place = tile * tileTokens + row_;
    return place / 16 * 16 + place % 16 / 2 + place % 2 * 8;
  }

  // Where a group's scale of a token is.
  static __device__ int scaleAt(int number, int token, int groupHeads) {
    const int chunk = quotient(number, groupHeads);
    return (chunk * kBlockTokens + token) * groupHeads + number - chunk * groupHeads;
  }
};

// The row of values, a channel, that a lane has of word i after transposing; that of word i + 2 is eight further on.
__device__ __forceinline__ int valueRow(int lane, int i) { return fieldColumn(lane % 16, i); }

// The first piece of a column's line in a table with an entry for each channel, (columns / 16, pieces, 16, 16 bytes): a
// piece is 16 bytes of entries of consecutive channels, the next one of the same line is 256 bytes on, and 16 lines'
// pieces are side by side. The columns are padded to a multiple of 16.
template <typename Entry>
__device__ __forceinline__ const uint4* lineTable(const Entry* table, int column) {
  constexpr int kPieces = kLine * sizeof(Entry) / 16;
  return reinterpret_cast<const uint4*>(table) + column / 16 * 16 * kPieces + column % 16;
}

// What the reordered groups of this thread's elements 16 b + 4 t + k, b and k = 0 .. 3, have been fitted to.
struct ReorderedGroups {
  const float2* groups;  // of the token
  uint2 ranks[4];
  int shift;

  // `table` is as lineTable says, `rows` is (tokens of the tile, groups).
  __device__ ReorderedGroups(
      const Line& line, const uint16_t* table, const float2* rows, int kvHeads, int headDim, int t) {
    const uint2* fours = reinterpret_cast<const uint2*>(lineTable(table, line.column)) + t % 2;
#pragma unroll
    for (int b = 0; b < 4; b++) {
      ranks[b] = fours[(2 * b + t / 2) * 32];
    }
    groups = rows + line.row * kvHeads;
    shift = headDim == 64 ? 6 : 7;
  }

  __device__ __forceinline__ float2 operator()(int element) const {
    const uint2 four = ranks[element / 16];
    const uint32_t two = element % 4 < 2 ? four.x : four.y;
    return groups[(element % 2 == 0 ? two & 0xFFFF : two >> 16) >> shift];
  }
};

// 16 bytes of a line in the warp's buffer of 32 lines, permuted against bank conflicts.
__device__ __forceinline__ uint4* piece(uint4* lines, int lane, int index) {
  return lines + lane * 8 + (index ^ (lane & 7));
}

// Copies 8 bytes to shared memory.
__device__ __forceinline__ void copyWordAsync(uint32_t to, const void* from) {
  asm volatile("cp.async.ca.shared.global [%0],[%1],8;" ::"r"(to), "l"(from) : "memory");
}

// Copies the lines of a warp's lanes from global memory, eight lanes a line, 16 bytes each. `at` is where this lane's
// line begins, in units of 16 bytes.
__device__ __forceinline__ void copyLines(uint4* to, const half* from, uint32_t at) {
  const int lane = threadIdx.x % 32;
  const uint4* const pieces = reinterpret_cast<const uint4*>(from) + lane % 8;
  // Of line 4 i + lane / 8, hence permuted by lane / 8 and, every other time, by 4 more.
  const uint32_t even = sharedAddress(to + lane / 8 * 8 + ((lane % 8) ^ (lane / 8)));
  const uint32_t odd = sharedAddress(to + lane / 8 * 8 + ((lane % 8) ^ (lane / 8) ^ 4));
#pragma unroll
  for (int i = 0; i < 8; i++) {
    copyAsync((i % 2 == 0 ? even : odd) + i * 512, pieces + __shfl_sync(~0u, at, 4 * i + lane / 8));
  }
}

constexpr uint32_t kNoLine = ~0u;

// The inverse, for lanes whose `at` is not kNoLine.
__device__ __forceinline__ void storeLines(uint4* lines, half* to, uint32_t at) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int first = 0; first < 32; first += 4) {
    const int owner = first + lane / 8;
    const uint32_t start = __shfl_sync(~0u, at, owner);
    if (start != kNoLine) {
      reinterpret_cast<uint4*>(to)[start + lane % 8] = *piece(lines, owner, lane % 8);
    }
  }
}

__device__ __forceinline__ void unpackHalves(const uint4& from, float* x) {
  const uint32_t words[4] = {from.x, from.y, from.z, from.w};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    float2 pair = __half22float2(halves(words[i]));
    x[2 * i] = pair.x;
    x[2 * i + 1] = pair.y;
  }
}

// Numbers beyond FP16 become its largest.
__device__ __forceinline__ uint4 packHalves(const float* x) {
  uint32_t words[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    float low = fminf(fmaxf(x[2 * i], -65504.f), 65504.f);
    float high = fminf(fmaxf(x[2 * i + 1], -65504.f), 65504.f);
    words[i] = bits(__floats2half2_rn(low, high));
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}

}  // namespace rotatekv
