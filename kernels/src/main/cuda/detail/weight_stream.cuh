// Products of a weight matrix with one to four rows of activations on Hopper, at the rate of reading the weights once.
//
// One CTA per multiprocessor, whatever the matrix: its rows are cut evenly, in pairs. Each warp works on a pair at a
// time and streams it through a ring of its own in shared memory, by bulk copies that one lane queues a chunk ahead,
// across the ends of pairs. Nothing writes weights, so the rings are filled before what comes earlier in the stream has
// ended: as soon as one kernel leaves a multiprocessor, the next one keeps its share of the memory busy. Activations lie
// in shared memory, in FP16.
//
// The rings take more than half of a multiprocessor's shared memory, so that no two CTAs of a kernel meet on one. With
// room for two, a kernel that starts early gets the multiprocessors that become free first twice and leaves others empty:
// measured on an H200, a chain of LLaMA-2-7B's layers then took 1 to 17 % longer than without early starts; so it takes
// 8 % less.
#pragma once

#include <cuda_fp16.h>

#include "early_start.cuh"
#include "hopper.cuh"
#include "running_softmax.cuh"

namespace rotatekv::stream {

using namespace hopper;

constexpr int kWarps = 16;
constexpr int kThreads = 32 * kWarps;
constexpr int kRows = 2;       // of weights, that a warp works on at a time
constexpr int kStages = 2;
constexpr int kColumns = 1024;  // of a chunk
constexpr int kVector = 8;     // halves of a load

struct Ring {
  half weights[kStages][kRows][kColumns];
};

struct __align__(128) Shared {
  Ring rings[kWarps];
  uint64_t full[kWarps][kStages];
  float sums[kWarps];
  float maxima[kWarps];
};

// Pairs of rows of weights: those of pair i begin at `first` + i cols and `second` halves after that.
struct Weights {
  const half* base;
  int pairs;
  int cols;        // a multiple of 8
  int perHead;     // pairs in a row of which the first rows follow one another
  int headStride;  // rows from the first of one such run to the first of the next
  int second;      // rows from a pair's first to its second

  __device__ const half* row(int pair, int which) const {
    const int at = pair / perHead * headStride + pair % perHead + which * second;
    return base + (size_t)at * cols;
  }
};

// A warp's way through its pairs, chunk by chunk.
struct Cursor {
  int pair;
  int column = 0;

  __device__ bool next(const Weights& w, int end) {
    column += kColumns;
    if (column >= w.cols) {
      column = 0;
      pair += kWarps;
    }
    return pair < end;
  }
};

__device__ inline void request(const Weights& w, Cursor at, Ring& ring, uint64_t* full, int stage) {
  const int bytes = min(kColumns, w.cols - at.column) * sizeof(half);
  const uint32_t barrier = sharedAddress(&full[stage]);
  barrierExpect(barrier, kRows * bytes);
#pragma unroll
  for (int r = 0; r < kRows; r++) {
    bulkCopy(sharedAddress(ring.weights[stage][r]), w.row(at.pair, r) + at.column, bytes, barrier);
  }
}

template <int N>
__device__ void fold(const half (&weights)[kRows][kColumns], const half* x, int cols, int column,
                     float (&sum)[kRows][N]) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int u = 0; u < kColumns; u += 32 * kVector) {
    const int at = u + lane * kVector;
    if (column + at < cols) {
      uint4 w[kRows];
#pragma unroll
      for (int r = 0; r < kRows; r++) {
        w[r] = *reinterpret_cast<const uint4*>(weights[r] + at);
      }
#pragma unroll
      for (int i = 0; i < N; i++) {
        const uint4 activations = *reinterpret_cast<const uint4*>(x + (size_t)i * cols + column + at);
#pragma unroll
        for (int k = 0; k < kVector / 2; k++) {
          const float2 a = __half22float2(reinterpret_cast<const half2*>(&activations)[k]);
#pragma unroll
          for (int r = 0; r < kRows; r++) {
            const float2 b = __half22float2(reinterpret_cast<const half2*>(&w[r])[k]);
            sum[r][i] = fmaf(a.x, b.x, sum[r][i]);
            sum[r][i] = fmaf(a.y, b.y, sum[r][i]);
          }
        }
      }
    }
  }
}

// Calls prepare(), which brings the activations (N, cols) to x after earlier work has ended, then end(pair, sums) once
// for each pair of this CTA with the same sums in all lanes of a warp.
template <int N, typename Prepare, typename End>
__device__ void multiply(Shared& shared, const Weights& w, const half* x, Prepare prepare, End end) {
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int last = (int64_t)w.pairs * (blockIdx.x + 1) / gridDim.x;
  Cursor at{(int)((int64_t)w.pairs * blockIdx.x / gridDim.x) + warp};
  Cursor ahead = at;
  Ring& ring = shared.rings[warp];
  uint64_t* full = shared.full[warp];
  bool more = ahead.pair < last;
  if (lane == 0) {
    for (int s = 0; s < kStages; s++) {
      barrierInit(sharedAddress(&full[s]), 1);
    }
    fenceBarrierInit();
  }
  for (int s = 0; s < kStages && more; s++) {
    if (lane == 0) {
      request(w, ahead, ring, full, s);
    }
    more = ahead.next(w, last);
  }
  let_next_start();
  prepare();
  __syncthreads();
  int stage = 0;
  int parity = 0;
  float sum[kRows][N] = {};
  bool busy = at.pair < last;
  while (busy) {
    barrierWait(sharedAddress(&full[stage]), parity);
    fold<N>(ring.weights[stage], x, w.cols, at.column, sum);
    __syncwarp();
    if (more) {
      if (lane == 0) {
        request(w, ahead, ring, full, stage);
      }
      more = ahead.next(w, last);
    }
    stage = stage + 1 == kStages ? 0 : stage + 1;
    parity ^= stage == 0;
    const int pair = at.pair;
    busy = at.next(w, last);
    if (at.column == 0) {
#pragma unroll
      for (int r = 0; r < kRows; r++) {
#pragma unroll
        for (int i = 0; i < N; i++) {
          sum[r][i] = warpSum(sum[r][i]);
        }
      }
      end(pair, sum);
#pragma unroll
      for (int r = 0; r < kRows; r++) {
#pragma unroll
        for (int i = 0; i < N; i++) {
          sum[r][i] = 0;
        }
      }
    }
  }
}

// Activations that are there in FP16.
template <int N>
__device__ void copy_rows(half* to, const half* from, int cols, int n) {
  wait_for_earlier_work();
#pragma unroll
  for (int i = 0; i < N; i++) {
    const uint4* row = reinterpret_cast<const uint4*>(from + (size_t)min(i, n - 1) * cols);
    for (int c = threadIdx.x; c < cols / kVector; c += kThreads) {
      reinterpret_cast<uint4*>(to + (size_t)i * cols)[c] = row[c];
    }
  }
}

// Rows of the residual stream through a root-mean-square norm (Zhang and Sennrich 2019); each row's largest magnitude
// is left in `largest`, for all threads.
template <int N>
__device__ void norm_rows(Shared& shared, half* to, const float* from, const float* weight, int cols, int n,
                          float epsilon, float (&largest)[N]) {
  wait_for_earlier_work();
  const int warp = threadIdx.x / 32;
#pragma unroll
  for (int i = 0; i < N; i++) {
    const float4* row = reinterpret_cast<const float4*>(from + (size_t)min(i, n - 1) * cols);
    float squares = 0;
    float maximum = 0;
    for (int c = threadIdx.x; c < cols / 4; c += kThreads) {
      const float4 x = row[c];
      squares += x.x * x.x + x.y * x.y + x.z * x.z + x.w * x.w;
      maximum = fmaxf(maximum, fmaxf(fmaxf(fabsf(x.x), fabsf(x.y)), fmaxf(fabsf(x.z), fabsf(x.w))));
    }
    squares = warpSum(squares);
    maximum = warpMax(maximum);
    if (i > 0) {
      __syncthreads();  // the sums of the row before have been read
    }
    if (threadIdx.x % 32 == 0) {
      shared.sums[warp] = squares;
      shared.maxima[warp] = maximum;
    }
    __syncthreads();
    squares = maximum = 0;
    for (int w = 0; w < kWarps; w++) {
      squares += shared.sums[w];
      maximum = fmaxf(maximum, shared.maxima[w]);
    }
    largest[i] = maximum;
    const float scale = rsqrtf(squares / cols + epsilon);
    for (int c = threadIdx.x; c < cols / 4; c += kThreads) {
      const float4 x = row[c];
      const float4 f = reinterpret_cast<const float4*>(weight)[c];
      half2* out = reinterpret_cast<half2*>(to + (size_t)i * cols) + 2 * c;
      out[0] = __floats2half2_rn(x.x * scale * f.x, x.y * scale * f.y);
      out[1] = __floats2half2_rn(x.z * scale * f.z, x.w * scale * f.w);
    }
  }
}

}  // namespace rotatekv::stream
