// A softmax in base 2 that one warp accumulates, with its weighted sum of values of D channels spread over the lanes.
#pragma once

#include <cuda_fp16.h>

namespace rotatekv {

constexpr unsigned kWarp = 0xFFFFFFFFu;

// N numbers that a thread loads at once; N * sizeof(T) is 4, 8 or 16.
template <typename T, int N>
struct __align__(N * sizeof(T)) Vector {
  T at[N];
};

// N consecutive halves as floats.
template <int N>
__device__ void loadHalves(float (&to)[N], const half* from) {
  constexpr int kStep = N < 8 ? N : 8;
#pragma unroll
  for (int i = 0; i < N; i += kStep) {
    auto some = *reinterpret_cast<const Vector<half, kStep>*>(from + i);
#pragma unroll
    for (int k = 0; k < kStep; k++) {
      to[i + k] = __half2float(some.at[k]);
    }
  }
}

__device__ inline float warpMax(float x) {
  for (int distance = 16; distance > 0; distance /= 2) {
    x = fmaxf(x, __shfl_xor_sync(kWarp, x, distance));
  }
  return x;
}

__device__ inline float warpSum(float x) {
  for (int distance = 16; distance > 0; distance /= 2) {
    x += __shfl_xor_sync(kWarp, x, distance);
  }
  return x;
}

// A warp's softmax: lane l holds channels l * N to l * N + N - 1 of the sums.
template <int D>
struct Running {
  static constexpr int N = D / 32;
  float max = -INFINITY;
  float sum = 0;         // the same in all lanes
  float rotated[N] = {};  // values of stored blocks and sinks
  float plain[N] = {};    // values of the unfilled block

  __device__ void raise(float candidate) {
    float next = fmaxf(max, candidate);
    if (next == -INFINITY) {
      return;
    }
    float shrink = exp2f(max - next);
    max = next;
    sum *= shrink;
#pragma unroll
    for (int i = 0; i < N; i++) {
      rotated[i] *= shrink;
      plain[i] *= shrink;
    }
  }
};

// x = H x for D channels of a warp, lane l holding channels l * N and up; not normalized.
template <int N>
__device__ void transform(float (&x)[N]) {
#pragma unroll
  for (int distance = 1; distance < N; distance *= 2) {
#pragma unroll
    for (int i = 0; i < N; i++) {
      if ((i & distance) == 0) {
        float a = x[i];
        x[i] = a + x[i + distance];
        x[i + distance] = a - x[i + distance];
      }
    }
  }
#pragma unroll
  for (int distance = 1; distance < 32; distance *= 2) {
#pragma unroll
    for (int i = 0; i < N; i++) {
      float other = __shfl_xor_sync(kWarp, x[i], distance);
      x[i] = (threadIdx.x & distance) == 0 ? x[i] + other : other - x[i];
    }
  }
}

}  // namespace rotatekv
