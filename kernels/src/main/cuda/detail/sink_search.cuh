// Finds the sinks among a sequence's stored blocks, by their bitmaps.
#pragma once

#include "attend.cuh"

namespace rotatekv {

constexpr int kMaxSinks = 64;  // of one round; more take more rounds

struct Sink {
  int position;
  const half* key;
};

// A thread's part of the search: the bitmaps of every n-th block, n being the CTA's threads, kAhead at a time.
template <int kAhead>
struct SinkSearch {
  int sequence, blocks;
  int first = threadIdx.x;   // block of the first of these bitmaps
  uint64_t bitmaps[kAhead];  // sinks not listed yet

  __device__ SinkSearch(const AttendParams& p, int sequence, int blocks) : sequence(sequence), blocks(blocks) {
    read(p);
  }

  __device__ bool done() const { return first >= blocks; }

  __device__ int block(int i) const { return first + i * static_cast<int>(blockDim.x); }

  __device__ uint64_t bitmap(const AttendParams& p, int i) const {
    return *reinterpret_cast<const uint64_t*>(blockAddress(p, sequence, block(i)) + p.at.bitmap);
  }

  __device__ void read(const AttendParams& p) {
#pragma unroll
    for (int i = 0; i < kAhead; i++) {
      bitmaps[i] = block(i) < blocks ? bitmap(p, i) : 0;
    }
  }

  // Puts what it finds on a list, until that is full.
  __device__ void list(const AttendParams& p, Sink* sinks, int* count, int rowHalves) {
    while (!done()) {
#pragma unroll
      for (int i = 0; i < kAhead; i++) {
        while (bitmaps[i] != 0) {
          int at = atomicAdd(count, 1);
          if (at >= kMaxSinks) {
            return;
          }
          int token = __ffsll(static_cast<long long>(bitmaps[i])) - 1;
          const uint8_t* rows = blockAddress(p, sequence, block(i)) + p.at.sinkRows;
          const half* row = reinterpret_cast<const half*>(rows) + sinksBefore(bitmap(p, i), token) * rowHalves;
          sinks[at] = Sink{block(i) * kBlockTokens + token, row};
          bitmaps[i] &= bitmaps[i] - 1;
        }
      }
      first += kAhead * blockDim.x;
      read(p);
    }
  }
};

}  // namespace rotatekv
