// Queries rotated as the keys of codecs that centre are (FORMAT.md, "Rotation"), for products with their codes.
#pragma once

#include "attend.cuh"

namespace rotatekv {

// The sign of H_12[row][column], Williamson's array of circulants of order 3.
__device__ __forceinline__ float twelveSign(int row, int column) {
  constexpr uint32_t kMinus = 1 << 4 | 1 << 6 | 1 << 8 | 1 << 11 | 1 << 12 | 1 << 13;  // of the blocks, 4 row + column
  const int blockRow = row / 3, blockColumn = column / 3;
  const bool minus = (kMinus >> (4 * blockRow + blockColumn) & 1) != 0;
  const bool ofSums = blockRow == blockColumn;  // A, all ones
  return minus != (ofSums || row % 3 == column % 3) ? 1.f : -1.f;
}

// H_n, normalized, of a query of one of G heads, zero in the others; by D / 4 neighbouring lanes, all lanes of the warp
// taking part. A lane has channels 2 l, 2 l + 1 (a) and the same + D / 2 (b). store(head, channel, value) gets the parts
// of the rotated heads; where these differ by signs alone (G is not 3), those of head 0 for a query of head 0.
template <int D, int G, class Store>
__device__ __forceinline__ void rotateAsKeys(float2 a, float2 b, int head, const Store& store) {
  constexpr int kLanes = D / 4;
  constexpr bool kMixed = G == 3;
  constexpr int kQuarter = D / 4;
  const int lane = threadIdx.x % kLanes;
  float x[4] = {a.x + a.y, a.x - a.y, b.x + b.y, b.x - b.y};
#pragma unroll
  for (int mask = 1; mask < (kMixed ? kLanes / 2 : kLanes); mask *= 2) {
    const float sign = (lane & mask) == 0 ? 1.f : -1.f;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      x[i] = x[i] * sign + __shfl_xor_sync(~0u, x[i], mask);
    }
  }
  const float norm = rsqrtf(static_cast<float>(G * D));
  const int c = 2 * lane;
  if constexpr (!kMixed) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      store(0, c + i, (x[i] + x[i + 2]) * norm);
      store(0, c + i + D / 2, (x[i] - x[i + 2]) * norm);
    }
  } else {
    const bool upper = lane >= kLanes / 2;
    float quarters[4][2];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const float other = __shfl_xor_sync(~0u, x[i], kLanes / 2);
      quarters[i / 2 * 2][i % 2] = upper ? other : x[i];
      quarters[i / 2 * 2 + 1][i % 2] = upper ? x[i] : other;
    }
#pragma unroll
    for (int k = 0; k < 6; k++) {
      const int row = (upper ? 6 : 0) + k;
      float sums[2] = {};
#pragma unroll
      for (int q = 0; q < 4; q++) {
        const float sign = twelveSign(row, 4 * head + q) * norm;
        sums[0] += sign * quarters[q][0];
        sums[1] += sign * quarters[q][1];
      }
      const int channel = row % 4 * kQuarter + c % kQuarter;
      store(row / 4, channel, sums[0]);
      store(row / 4, channel + 1, sums[1]);
    }
  }
}

}  // namespace rotatekv
