// Walsh-Hadamard transforms of lines: 64 consecutive channels in the registers of a thread, more in its neighbours.
// The order of the additions is part of the block format (FORMAT.md, "Rotation").
#pragma once

#include <stdint.h>

namespace rotatekv {

constexpr int kLine = 64;

// Butterflies at distances From, 2 From, ... To / 2.
template <int From, int To>
__device__ __forceinline__ void butterflies(float (&x)[kLine]) {
#pragma unroll
  for (int distance = From; distance < To; distance *= 2) {
#pragma unroll
    for (int i = 0; i < kLine; i++) {
      if ((i & distance) == 0) {
        float a = x[i];
        float b = x[i + distance];
        x[i] = __fadd_rn(a, b);
        x[i + distance] = __fsub_rn(a, b);
      }
    }
  }
}

// Butterflies between the lines of `lines` lanes that differ in the lane bits from `bit` up.
__device__ __forceinline__ void butterfliesAcross(float (&x)[kLine], int lane, int bit, int lines) {
#pragma unroll 1
  for (int mask = bit; mask < bit * lines; mask *= 2) {
    const float sign = (lane & mask) == 0 ? 1.f : -1.f;
#pragma unroll
    for (int i = 0; i < kLine; i++) {
      float other = __shfl_xor_sync(~0u, x[i], mask);
      x[i] = __fmaf_rn(x[i], sign, other);  // the product is exact: one rounding, as in a + b and a - b
    }
  }
}

// Rows of H_12 times a column of 12 (Williamson's array of four circulants of order 3), or of its transpose.
template <bool kTransposed>
__device__ __forceinline__ void williamson12(float (&x)[12]) {
  constexpr int kPlace[4][4] = {{1, 2, 3, 4}, {-2, 1, -4, 3}, {-3, 4, 1, -2}, {-4, -3, 2, 1}};
  float part[4][4];  // of each three: the row + + +, then the three shifts of + - -
#pragma unroll
  for (int block = 0; block < 4; block++) {
    float a = x[3 * block];
    float b = x[3 * block + 1];
    float c = x[3 * block + 2];
    float sum = __fadd_rn(a, b);
    float difference = __fsub_rn(a, b);
    part[block][0] = __fadd_rn(sum, c);
    part[block][1] = __fsub_rn(difference, c);
    part[block][2] = __fsub_rn(-difference, c);
    part[block][3] = __fsub_rn(c, sum);
  }
#pragma unroll
  for (int i = 0; i < 12; i++) {
    float total = 0;
#pragma unroll
    for (int block = 0; block < 4; block++) {
      const int place = kTransposed ? kPlace[block][i / 3] : kPlace[i / 3][block];
      float term = part[block][place == 1 || place == -1 ? 0 : 1 + i % 3];
      term = place < 0 ? -term : term;
      total = block == 0 ? term : __fadd_rn(total, term);
    }
    x[i] = total;
  }
}

// Lines in shared memory, 16-byte pieces permuted so that threads that read piece j of their lines meet no conflict.
// `line` is the thread whose line it is.
__device__ __forceinline__ int floatAt(int line, int element) {
  return line * kLine + ((element / 4) ^ (line & 7)) * 4 + element % 4;
}

__device__ __forceinline__ void writeLine(float* lines, int line, const float (&x)[kLine]) {
#pragma unroll
  for (int i = 0; i < kLine; i += 4) {
    *reinterpret_cast<float4*>(lines + floatAt(line, i)) = make_float4(x[i], x[i + 1], x[i + 2], x[i + 3]);
  }
}

__device__ __forceinline__ void readLine(const float* lines, int line, float (&x)[kLine]) {
#pragma unroll
  for (int i = 0; i < kLine; i += 4) {
    float4 y = *reinterpret_cast<const float4*>(lines + floatAt(line, i));
    x[i] = y.x;
    x[i + 1] = y.y;
    x[i + 2] = y.z;
    x[i + 3] = y.w;
  }
}

// The columns of H_12 (x) H_p for rows of `columns` lines each, in shared memory; thread 2 (row / 2 * columns + column)
// + row % 2 owns a line. All threads of the CTA take part, between barriers.
template <bool kTransposed>
__device__ __forceinline__ void twelves(float* lines, int rows, int columns, int power) {
  const int perRow = columns * kLine / 12;
  for (int i = threadIdx.x; i < rows * perRow; i += blockDim.x) {
    const int row = i / perRow;
    const int first = i % perRow / power * 12 * power + i % power;
    float x[12];
    int at[12];
#pragma unroll
    for (int j = 0; j < 12; j++) {
      const int element = first + j * power;
      at[j] = floatAt((row / 2 * columns + element / kLine) * 2 + row % 2, element % kLine);
      x[j] = lines[at[j]];
    }
    williamson12<kTransposed>(x);
#pragma unroll
    for (int j = 0; j < 12; j++) {
      lines[at[j]] = x[j];
    }
  }
}

}  // namespace rotatekv
