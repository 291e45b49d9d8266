// Codes of a block as A operands of mma.sync, after FORMAT.md "Codes".
//
// A word of a patch holds 16 codes of one row: of every 16 columns f the four columns 4t to 4t + 3, in bytes. Of a byte
// only the sign and one bit of magnitude count, which in the upper byte of a half make a denormal number: over a code's
// two bits c the half is (2c - 3) * 2^-16, exactly. So one LOP3 and at most one rotation unpack two codes. Pairs are
// the columns (4t + 1, 4t + 3) and (4t, 4t + 2), since that needs no permutation; B operands follow that order.
#pragma once

#include "mma.cuh"
#include "patch.cuh"

namespace rotatekv {

// What a code minus the middle of its range is multiplied by in the halves below.
constexpr float kCodeUnit = 1.0f / 32768;

// Where column 4t + k of a step stands in the four halves of a B operand: registers 0 and 1, low and high half.
__device__ __forceinline__ int operandSlot(int k) { return k % 2 == 1 ? k / 2 : 2 + k / 2; }

struct Unpacker {
  uint32_t one;  // in a register, else the compiler makes two instructions of the LOP3

  __device__ Unpacker() { asm volatile("mov.b32 %0,0x01000100;" : "=r"(one)); }

  // Sign and magnitude of two codes.
  __device__ __forceinline__ uint32_t two(uint32_t word, int turn) const {
    uint32_t x;
    asm("lop3.b32 %0,%1,0x82008200,%2,0xEA;" : "=r"(x) : "r"(__funnelshift_l(word, word, turn)), "r"(one));
    return x;
  }

  __device__ __forceinline__ uint32_t twoShifted(uint32_t word, int shift) const {
    uint32_t x;
    asm("lop3.b32 %0,%1,0x82008200,%2,0xEA;" : "=r"(x) : "r"(word << shift), "r"(one));
    return x;
  }

  // Sign alone, for a plane of one bit.
  __device__ __forceinline__ uint32_t sign(uint32_t word, int shift) const {
    uint32_t x;
    asm("lop3.b32 %0,%1,0x80008000,%2,0xEA;" : "=r"(x) : "r"(word << shift), "r"(one));
    return x;
  }
};

// The words of a lane: rows g and g + 8 of 16 rows of a patch. At 2 bits only `low` counts; at 3, high.x is of both.
struct CodeWords {
  uint2 low, high;
};

// Codes of 64 columns or rows of one side in shared memory: its patches, low plane first.
struct CodePlanes {
  const uint8_t* low;
  const uint8_t* high;
  int highBits;

  // Rows 16 * strip to 16 * strip + 15 of a patch.
  template <bool kHighPlane>
  __device__ __forceinline__ CodeWords read(int patch, int strip) const {
    int lane = threadIdx.x % 32;
    int at = patch * (kPatch / 16) + strip;
    CodeWords words;
    words.low = reinterpret_cast<const uint2*>(low)[at * 32 + lane];
    words.high = make_uint2(0, 0);
    if (kHighPlane && highBits == 2) {
      words.high = reinterpret_cast<const uint2*>(high)[at * 32 + lane];
    } else if (kHighPlane) {
      words.high.x = reinterpret_cast<const uint32_t*>(high)[at * 32 + lane];
    }
    return words;
  }
};

// Columns 16 f to 16 f + 15 of a strip as an A operand: codes less the middle of their range, times kCodeUnit.
template <bool kHighPlane>
__device__ __forceinline__ void unpack(
    uint32_t (&a)[4], const Unpacker& unpacker, const CodeWords& words, int f, int highBits) {
  int turn = f < 2 ? f : 26 + f;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    a[i] = unpacker.two(i % 2 == 0 ? words.low.x : words.low.y, (turn + i / 2 * 8) % 32);
  }
  if (kHighPlane) {
    half2 four = __float2half2_rn(4);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t high = highBits == 2 ? unpacker.two(i % 2 == 0 ? words.high.x : words.high.y, (turn + i / 2 * 8) % 32)
                                    : unpacker.sign(words.high.x, f + i % 2 * 4 + i / 2 * 8);
      a[i] = bits(__hfma2(halves(high), four, halves(a[i])));
    }
  }
}

// The words of rows g and g + 8 with their bytes side by side: each half has a code of either row, of one column, so that
// scales of tokens multiply both at once.
struct RowPairs {
  uint32_t words[2][2];  // [as they are, turned right by 4][bytes 0 and 1 of both rows, bytes 2 and 3]

  __device__ __forceinline__ explicit RowPairs(uint2 rows) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      const uint32_t x = i == 0 ? rows.x : rotateLeft(rows.x, 28);
      const uint32_t y = i == 0 ? rows.y : rotateLeft(rows.y, 28);
      words[i][0] = __byte_perm(x, y, 0x5410);
      words[i][1] = __byte_perm(x, y, 0x7632);
    }
  }

  // Column 4t + k of step f.
  __device__ __forceinline__ uint32_t two(const Unpacker& unpacker, int f, int k) const {
    return unpacker.twoShifted(words[f / 2][k / 2], f % 2 + (k % 2 == 0 ? 8 : 0));
  }
};

// The same of a plane of one bit, where both rows share a word.
struct SignPairs {
  uint32_t words[2];

  __device__ __forceinline__ explicit SignPairs(uint32_t rows) {
    words[0] = __byte_perm(rows, rows << 4, 0x5410);
    words[1] = __byte_perm(rows, rows << 4, 0x7632);
  }

  __device__ __forceinline__ uint32_t sign(const Unpacker& unpacker, int f, int k) const {
    return unpacker.sign(words[k / 2], f + (k % 2 == 0 ? 8 : 0));
  }
};

// Scales are E4M3; as the bits of a half they are 2^8 too small.
__device__ __forceinline__ half scaleHalf(uint8_t code) { return __ushort_as_half(static_cast<uint16_t>(code << 7)); }

constexpr float kScaleHalf = 256;

__device__ __forceinline__ float scale(uint8_t code) { return __half2float(scaleHalf(code)) * kScaleHalf; }

}  // namespace rotatekv
