#include <cstdint>
#include <cuda_fp16.h>

#include "detail/product.cuh"

// Products of a weight matrix with one to four rows, as a decode step of few sequences needs them: bound by reading the
// weights once. A library's tiles are made for more rows; this reads at the memory's rate.

namespace {

using rotatekv::ProductParams;

constexpr int kThreads = 128;
constexpr int kWarpRows = 2;  // rows of w that a warp works on at a time
constexpr int kUnroll = 4;    // loads of each of them in flight
constexpr int kVector = 8;    // halves of a load
constexpr int kStride = 32 * kVector;

__device__ float dot(uint4 a, uint4 b, float sum) {
  const half2* x = reinterpret_cast<const half2*>(&a);
  const half2* y = reinterpret_cast<const half2*>(&b);
#pragma unroll
  for (int i = 0; i < kVector / 2; i++) {
    const float2 p = __half22float2(x[i]);
    const float2 q = __half22float2(y[i]);
    sum = fmaf(p.x, q.x, sum);
    sum = fmaf(p.y, q.y, sum);
  }
  return sum;
}

__device__ uint4 load(const half* from, int column) {
  return *reinterpret_cast<const uint4*>(from + column);
}

// Read once: not worth a place in the first-level cache, which holds x.
__device__ uint4 load_weights(const half* from, int column) {
  return __ldcs(reinterpret_cast<const uint4*>(from + column));
}

template <int N>
__device__ void mat_vec(const ProductParams& p) {
  const int lane = threadIdx.x % 32;
  const int first = (blockIdx.x * (kThreads / 32) + threadIdx.x / 32) * kWarpRows;
  if (first >= p.rows) {
    return;
  }
  const half* w[kWarpRows];
  const half* x[N];
  float sum[kWarpRows][N] = {};
#pragma unroll
  for (int r = 0; r < kWarpRows; r++) {
    w[r] = p.w + (size_t)min(first + r, p.rows - 1) * p.cols;
  }
#pragma unroll
  for (int i = 0; i < N; i++) {
    x[i] = p.x + (size_t)min(i, p.n - 1) * p.cols;
  }
  int column = lane * kVector;
  for (; column + (kUnroll - 1) * kStride < p.cols; column += kUnroll * kStride) {
    uint4 part[kWarpRows][kUnroll];
#pragma unroll
    for (int r = 0; r < kWarpRows; r++) {
#pragma unroll
      for (int u = 0; u < kUnroll; u++) {
        part[r][u] = load_weights(w[r], column + u * kStride);
      }
    }
#pragma unroll
    for (int u = 0; u < kUnroll; u++) {
#pragma unroll
      for (int i = 0; i < N; i++) {
        const uint4 other = load(x[i], column + u * kStride);
#pragma unroll
        for (int r = 0; r < kWarpRows; r++) {
          sum[r][i] = dot(part[r][u], other, sum[r][i]);
        }
      }
    }
  }
  for (; column < p.cols; column += kStride) {
#pragma unroll
    for (int r = 0; r < kWarpRows; r++) {
      const uint4 part = load_weights(w[r], column);
#pragma unroll
      for (int i = 0; i < N; i++) {
        sum[r][i] = dot(part, load(x[i], column), sum[r][i]);
      }
    }
  }
#pragma unroll
  for (int r = 0; r < kWarpRows; r++) {
#pragma unroll
    for (int i = 0; i < N; i++) {
      float total = sum[r][i];
      for (int offset = 16; offset > 0; offset >>= 1) {
        total += __shfl_xor_sync(0xffffffffu, total, offset);
      }
      if (lane == 0 && i < p.n && first + r < p.rows) {
        float* y = p.y + (size_t)i * p.rows + first + r;
        *y = p.beta == 0.f ? total : total + p.beta * *y;
      }
    }
  }
}

}  // namespace

// Grid (rows / (2 rows of each of 4 warps)).
extern "C" __global__ void __launch_bounds__(kThreads) mat_vec_1(const ProductParams p) { mat_vec<1>(p); }

extern "C" __global__ void __launch_bounds__(kThreads) mat_vec_2(const ProductParams p) { mat_vec<2>(p); }

extern "C" __global__ void __launch_bounds__(kThreads) mat_vec_4(const ProductParams p) { mat_vec<4>(p); }
