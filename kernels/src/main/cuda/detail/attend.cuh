// What the kernels of attention at decode share: their parameters, and how the work of a batch is cut.
//
// A work item is one 64-token block of one rotation group of one sequence. All items of a batch stand in the order
// (sequence, group, block) and are cut in equal contiguous ranges ("stream-K": Osama et al. 2023, arXiv 2301.03598), so
// that sequences of any lengths load all multiprocessors alike. Each range has a worker: a CTA, or a warpgroup where a
// CTA has several. A worker leaves one partial softmax for each pair (sequence, group) that it touches;
// finish_attention merges them.
#pragma once

#include <cuda_fp16.h>
#include <stdint.h>

#include "block.cuh"

namespace rotatekv {

struct AttendParams {
  const uint64_t* blocks;      // (batch, blockStride): device address of each stored block of this layer
  const int* prefix;           // (batch + 1): how many blocks the sequences before this one have stored
  const uint64_t* tails;       // (batch): half keys (64, kvDim) before RoPE, half values (64, kvDim), not rotated
  const int* tailTokens;       // (batch): 1 to 64, the new token included
  const float* query;          // (batch, heads, d): after RoPE, times log2(e) / sqrt(d), so softmax is in base 2
  const float* keyMean;        // centred: (kvDim), in the model's basis
  const uint8_t* keyGroup;     // rotatekv: (kvDim), quantization group of each rotated channel
  const float2* angles;        // (64, d / 2): cosine and sine of RoPE at offset 0 to 63
  const float2* phases;        // (maxBlocks, d / 2): the same at position 64 * block
  float* partial;              // (slots, groupHeads * queriesPerKv, d): sums of weighted values, in their basis
  float2* partialStats;        // (slots, groupHeads * queriesPerKv): base-2 exponent subtracted, sum of weights
  half* out;                   // (batch, heads, d)
  int batch, blockStride, kvHeads, queriesPerKv;
  int workers;                 // of the attend kernel
  int groupHeads;              // KV heads of a work item
  float keyScale, valueScale;  // 2^eK, 2^eV
  BlockSections at;
};

struct WorkItem {
  int sequence, group, block;
  int pair;        // sequence * groups + group
  int pairBlocks;  // blocks of this sequence
};

// Places of the batch's work: who does what. Exact for up to 2^31 items.
struct Schedule {
  int groups;  // rotation groups of a layer
  int total;   // work items
  int workers;  // that get any; all of these get at least one

  __device__ explicit Schedule(const AttendParams& p) {
    groups = p.kvHeads / p.groupHeads;
    total = groups * p.prefix[p.batch];
    workers = min(p.workers, total);
  }

  // First item of a worker; that of the next one is its end. Not for workers beyond `workers`.
  __device__ int begin(int worker) const {
    return static_cast<int>(static_cast<int64_t>(worker) * total / workers);
  }

  // The worker that does an item.
  __device__ int owner(int item) const {
    return static_cast<int>((static_cast<int64_t>(item + 1) * workers - 1) / total);
  }

  // First item of a pair; `blocks` is the number of blocks of its sequence.
  __device__ int pairBegin(const AttendParams& p, int sequence, int group, int blocks) const {
    return p.prefix[sequence] * groups + group * blocks;
  }

  // By a whole warp, whose lanes look at a sequence each: a search of one after the other would wait for memory at each step.
  __device__ WorkItem locate(const AttendParams& p, int item) const {
    int begun = 0;  // sequences that begin at or before the item; of these it is the last, since empty ones are skipped
    for (int first = 0; first < p.batch; first += 32) {
      const int sequence = first + threadIdx.x % 32;
      const bool before = sequence < p.batch && p.prefix[sequence] * groups <= item;
      const uint32_t all = __ballot_sync(~0u, before);
      begun += __popc(all);
      if (all != ~0u) break;
    }
    WorkItem at;
    at.sequence = begun - 1;
    at.pairBlocks = p.prefix[begun] - p.prefix[begun - 1];
    int rest = item - p.prefix[begun - 1] * groups;
    at.group = rest / at.pairBlocks;
    at.block = rest % at.pairBlocks;
    at.pair = at.sequence * groups + at.group;
    return at;
  }

  // The item after this one; not for the last of the batch.
  __device__ WorkItem next(const AttendParams& p, WorkItem at) const {
    at.block++;
    if (at.block == at.pairBlocks) {
      at.block = 0;
      at.pair++;
      at.group++;
      if (at.group == groups) {
        at.group = 0;
        do {
          at.sequence++;
          at.pairBlocks = p.prefix[at.sequence + 1] - p.prefix[at.sequence];
        } while (at.pairBlocks == 0);
        at.pair = at.sequence * groups;
      }
    }
    return at;
  }
};

// Where a worker's partial of a pair lies. Unique, since neighbouring workers share at most one pair. Needs
// batch * groups + workers slots.
__device__ inline int partialSlot(int pair, int worker) { return pair + worker; }

// The address of a stored block.
__device__ inline const uint8_t* blockAddress(const AttendParams& p, int sequence, int block) {
  return reinterpret_cast<const uint8_t*>(p.blocks[static_cast<int64_t>(sequence) * p.blockStride + block]);
}

}  // namespace rotatekv
