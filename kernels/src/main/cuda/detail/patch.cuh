// Codes as they lie in patches of 64 rows and 64 columns (FORMAT.md, "Codes").
//
// A stored word holds 16 codes of one row: columns 16 f + 4 t + k of its lane t. Arithmetic wants them as 16 fields of
// two bits: field 4 k + q is column 16 (q ^ 1) + 4 t + k, the order from which a stored word takes fewest operations.
#pragma once

#include <stdint.h>

namespace rotatekv {

constexpr int kPatch = 64;            // rows and columns of a patch
constexpr int kPatchBytes = 1024;     // of two bits
constexpr int kSignPatchBytes = 512;  // of one bit

// Column of a field in the word of lane t.
__host__ __device__ constexpr int fieldColumn(int field, int t) { return 16 * ((field % 4) ^ 1) + 4 * t + field / 4; }

// Index of the word of a row and lane t in a patch of two bits; row + 8 is next to row.
__device__ __forceinline__ int patchWord(int row, int t) {
  return (row / 16 * 32 + row % 8 * 4 + t) * 2 + row % 16 / 8;
}

// The same in a patch of one bit, where rows r and r + 8 share a word.
__device__ __forceinline__ int signPatchWord(int row, int t) { return row / 16 * 32 + row % 8 * 4 + t; }

__device__ __forceinline__ uint32_t rotateLeft(uint32_t x, int bits) { return __funnelshift_l(x, x, bits); }

__device__ __forceinline__ uint32_t select(uint32_t mask, uint32_t a, uint32_t b) { return (a & mask) | (b & ~mask); }

// The high bit of each field to the place of its sign, the low bit to that of its magnitude.
__device__ __forceinline__ uint32_t placeFields(uint32_t fields) {
  uint32_t low = select(0x11111111u, fields, fields >> 1);
  uint32_t high = select(0x44444444u, rotateLeft(fields, 5), rotateLeft(fields, 4));
  return select(0x33333333u, low, high);
}

// A stored word of two bits: the sign is the inverse of the high bit, the magnitude is set where both bits are equal.
__device__ __forceinline__ uint32_t storedWord(uint32_t fields) {
  uint32_t placed = placeFields(fields);
  return ~(placed ^ (rotateLeft(placed, 26) & 0x33333333u));
}

// The inverse of storedWord.
__device__ __forceinline__ uint32_t fieldsOf(uint32_t stored) {
  uint32_t placed = ~stored;
  placed ^= rotateLeft(placed, 26) & 0x33333333u;
  uint32_t low = select(0x11111111u, placed, placed << 1) & 0x55555555u;
  uint32_t high = select(0x22222222u, rotateLeft(placed, 27), rotateLeft(placed, 28)) & 0xAAAAAAAAu;
  return low | high;
}

// The low bits of the fields in the low half of each byte, as a patch of one bit has them but not yet inverted.
__device__ __forceinline__ uint32_t gatherBits(uint32_t fields) {
  uint32_t x = fields & 0x55555555u;
  x = (x | (x >> 1)) & 0x33333333u;
  x = (x | (x >> 2)) & 0x0F0F0F0Fu;
  return ((x << 2) | (x >> 2)) & 0x0F0F0F0Fu;
}

// The inverse of gatherBits; the high half of each byte is ignored.
__device__ __forceinline__ uint32_t scatterBits(uint32_t nibbles) {
  uint32_t x = nibbles & 0x0F0F0F0Fu;
  x = ((x << 2) | (x >> 2)) & 0x0F0F0F0Fu;
  x = (x | (x << 2)) & 0x33333333u;
  return (x | (x << 1)) & 0x55555555u;
}

// Transposes 16 x 16 matrices of which lane l of 16 has row l, as fields.
template <int kCount>
__device__ __forceinline__ void transposeFields(uint32_t (&x)[kCount], int lane) {
#pragma unroll
  for (int step = 8; step > 0; step /= 2) {
    const uint32_t below = step == 8 ? 0x0000FFFFu : step == 4 ? 0x00FF00FFu : step == 2 ? 0x0F0F0F0Fu : 0x33333333u;
    const bool upper = (lane & step) != 0;
    const uint32_t own = upper ? ~below : below;
    const int turn = upper ? 32 - 2 * step : 2 * step;
#pragma unroll
    for (int i = 0; i < kCount; i++) {
      x[i] = select(own, x[i], rotateLeft(__shfl_xor_sync(~0u, x[i], step), turn));
    }
  }
}

}  // namespace rotatekv
