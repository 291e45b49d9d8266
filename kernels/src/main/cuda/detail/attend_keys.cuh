// Scores of keys as rotatekv has them: rotate back, apply RoPE and multiply by the queries, all in A operands of mma.sync.
//
// Of the inverse rotation H_n the factor H_16 is a product with a constant B operand, whose accumulators are the next
// A operand; the factors up to the head dimension are butterflies of registers, since a lane holds all steps of 16
// channels. Mixing of 2 or 4 heads commutes with RoPE (equal channels of all heads turn alike), so it is done on
// scores: every rotated head meets the queries of all heads, and the signs of H_2 or H_4 add them up. H_12 (3 heads)
// does not separate like that; there all three heads are kept in registers and mixed before RoPE.
#pragma once

#include "attend.cuh"
#include "unpack.cuh"

namespace rotatekv {

// D channels of 16 tokens by step of 16 channels.
template <int D>
using HeadFragments = uint32_t[D / 16][4];

// H_16 as B operand; rows in the order that KeyTable::dequantize has.
struct Hadamard16 {
  uint32_t b[2][2];  // columns 0 to 7 and 8 to 15

  __device__ Hadamard16() {
    int column = threadIdx.x % 32 / 4;
    int t = threadIdx.x % 4;
#pragma unroll
    for (int tile = 0; tile < 2; tile++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        int row = 4 * t + 2 * i;
        float first = __popc(row & (column + 8 * tile)) % 2 == 0 ? 1.f : -1.f;
        float second = __popc((row + 1) & (column + 8 * tile)) % 2 == 0 ? 1.f : -1.f;
        b[tile][i] = bits(__floats2half2_rn(first, second));
      }
    }
  }

  __device__ __forceinline__ void apply(uint32_t (&x)[4], const uint32_t (&a)[4]) const {
    multiplyHalves(x[0], x[1], a, b[0][0], b[0][1]);
    multiplyHalves(x[2], x[3], a, b[1][0], b[1][1]);
  }
};

// RoPE of a warp's 16 tokens, as A operands over the pairs of channels (a, b) = (i, i + D / 2). With the butterfly of
// the pair in it, where that is the last one, they become a m + b q and a q - b m with m = cos - sin and q = cos + sin;
// without, a m + b q and b m - a q with m = cos and q = -sin.
template <int D, bool kButterfly>
struct RopeFragments {
  static constexpr int kSteps = D / 32;
  uint32_t m[kSteps][4];
  uint32_t q[kSteps][4];

  __device__ explicit RopeFragments(const float2* angles) {
    int token = threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4;
    int t = threadIdx.x % 4;
#pragma unroll
    for (int s = 0; s < kSteps; s++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const float2* angle = angles + (token + i % 2 * 8) * (D / 2) + 16 * s + 2 * t + i / 2 * 8;
        const float2 first = angle[0];
        const float2 second = angle[1];
        if (kButterfly) {
          m[s][i] = bits(__floats2half2_rn(first.x - first.y, second.x - second.y));
          q[s][i] = bits(__floats2half2_rn(first.x + first.y, second.x + second.y));
        } else {
          m[s][i] = bits(__floats2half2_rn(first.x, second.x));
          q[s][i] = bits(__floats2half2_rn(-first.y, -second.y));
        }
      }
    }
  }

  __device__ __forceinline__ void rotate(HeadFragments<D>& x) const {
#pragma unroll
    for (int s = 0; s < kSteps; s++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        half2 a = halves(x[s][i]);
        half2 b = halves(x[s + kSteps][i]);
        half2 m2 = halves(m[s][i]);
        half2 q2 = halves(q[s][i]);
        x[s][i] = bits(__hfma2(a, m2, __hmul2(b, q2)));
        x[s + kSteps][i] = bits(kButterfly ? __hfma2(a, q2, __hneg2(__hmul2(b, m2)))
                                           : __hfma2(b, m2, __hneg2(__hmul2(a, q2))));
      }
    }
  }
};

// Butterflies at distances of 16 to kOrder / 2 channels.
template <int D, int kOrder>
__device__ __forceinline__ void butterflies(HeadFragments<D>& x) {
#pragma unroll
  for (int distance = 1; distance < kOrder / 16; distance *= 2) {
#pragma unroll
    for (int s = 0; s < D / 16; s++) {
      if ((s & distance) == 0) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
          half2 a = halves(x[s][i]);
          half2 b = halves(x[s + distance][i]);
          x[s][i] = bits(__hadd2(a, b));
          x[s + distance][i] = bits(__hsub2(a, b));
        }
      }
    }
  }
}

// The transposed Williamson matrix of order 12 over the quarters of three heads. With u_J the parts of three of the
// column, its circulants give sum(u_J) for A and w_J = 2 u_J - sum(u_J) for B, C and D.
template <int D>
__device__ __forceinline__ void mixThreeHeads(HeadFragments<D> (&x)[3]) {
  constexpr int kQuarter = D / 64;  // steps
#pragma unroll
  for (int e = 0; e < kQuarter; e++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      half2 sum[4];
      half2 w[4][3];
#pragma unroll
      for (int j = 0; j < 4; j++) {
        half2 u[3];
#pragma unroll
        for (int k = 0; k < 3; k++) {
          int block = 3 * j + k;
          u[k] = halves(x[block / 4][block % 4 * kQuarter + e][i]);
        }
        sum[j] = __hadd2(__hadd2(u[0], u[1]), u[2]);
#pragma unroll
        for (int k = 0; k < 3; k++) {
          w[j][k] = __hfma2(u[k], __float2half2_rn(2), __hneg2(sum[j]));
        }
      }
#pragma unroll
      for (int k = 0; k < 3; k++) {
        half2 y[4] = {
            __hsub2(__hsub2(sum[0], w[1][k]), __hadd2(w[2][k], w[3][k])),
            __hadd2(__hadd2(w[0][k], sum[1]), __hsub2(w[2][k], w[3][k])),
            __hadd2(__hsub2(w[0][k], w[1][k]), __hadd2(sum[2], w[3][k])),
            __hadd2(__hadd2(w[0][k], w[1][k]), __hsub2(sum[3], w[2][k])),
        };
#pragma unroll
        for (int j = 0; j < 4; j++) {
          int block = 3 * j + k;
          x[block / 4][block % 4 * kQuarter + e][i] = bits(y[j]);
        }
      }
    }
  }
}

// scores += x times 8 columns of B fragments (steps, 32 lanes); in two sums, as each product waits for the one before.
template <int kSteps>
__device__ __forceinline__ void multiplyQueries(
    float (&scores)[4], const uint32_t (&x)[kSteps][4], const uint2* fragments) {
  float odd[4] = {};
#pragma unroll
  for (int s = 0; s < kSteps; s += 2) {
    uint2 b = fragments[s * 32 + threadIdx.x % 32];
    uint2 c = fragments[(s + 1) * 32 + threadIdx.x % 32];
    multiplyAdd(scores, x[s], b.x, b.y);
    multiplyAdd(odd, x[s + 1], c.x, c.y);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    scores[i] += odd[i];
  }
}

}  // namespace rotatekv
