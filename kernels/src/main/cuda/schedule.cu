// Prefix sums of the sequences' stored blocks, once a step: where each sequence's work begins. One CTA of 256 threads.

#include <stdint.h>

#include "detail/early_start.cuh"

namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr unsigned kAll = 0xFFFFFFFFu;

struct ScheduleParams {
  const int* storedBlocks;  // (batch)
  int* prefix;              // (batch + 1)
  int batch;
};

__device__ int inclusiveSum(int x, int lane) {
  for (int distance = 1; distance < 32; distance *= 2) {
    int other = __shfl_up_sync(kAll, x, distance);
    x += lane >= distance ? other : 0;
  }
  return x;
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kThreads) schedule(const ScheduleParams p) {
  __shared__ int warpSums[kWarps];
  rotatekv::let_next_start();
  rotatekv::wait_for_earlier_work();
  int lane = threadIdx.x % 32;
  int warp = threadIdx.x / 32;
  int before = 0;
  for (int start = 0; start < p.batch; start += kThreads) {
    int i = start + threadIdx.x;
    int sum = inclusiveSum(i < p.batch ? p.storedBlocks[i] : 0, lane);
    if (lane == 31) {
      warpSums[warp] = sum;
    }
    __syncthreads();
    int chunk = 0;
    for (int w = 0; w < kWarps; w++) {
      sum += w < warp ? warpSums[w] : 0;
      chunk += warpSums[w];
    }
    if (i < p.batch) {
      p.prefix[i + 1] = before + sum;
    }
    before += chunk;
    __syncthreads();  // the sums are read before the next round overwrites them
  }
  if (threadIdx.x == 0) {
    p.prefix[0] = 0;
  }
}
