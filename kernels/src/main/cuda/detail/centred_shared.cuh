// What attend_centred_sm90 keeps in shared memory, and how blocks get there.
#pragma once

#include "attend.cuh"
#include "hopper.cuh"

namespace rotatekv {
namespace centred {

using namespace hopper;

constexpr int kGroupThreads = 128;  // of a warpgroup
constexpr int kHeads = 4;    // KV heads of a rotation group
constexpr int kDim = 128;    // channels of a head
constexpr int kPairs = kDim / 2;
constexpr int kCodeBytes = kHeads * kDim * kBlockTokens / 4;
constexpr int kScaleBytes = kHeads * kBlockTokens;
constexpr int kPatchBytes = 1024;
constexpr int kItemBytes = 2 * kCodeBytes + 2 * kScaleBytes + 16 + kPairs * 8;
constexpr int kKeyStages = 2;    // one block ahead: a block takes microseconds, several times the memory's latency
constexpr int kValueStages = 3;  // values are used a block later than keys
constexpr float kRaise = 3.f;         // base-2 exponent above the common maximum that raises it
constexpr float kWeightScale = 32.f;  // 2^8 of a scale read as half, 2^-3 so that weights up to 2^3 stay below 448

// What depends on the number of query heads per KV head. A column is one query head; its number is
// (KV head of the group) * kQueries + (query head of it).
template <int kQueries>
struct Layout {
  static constexpr int kColumns = kHeads * kQueries;
  static constexpr int kTiles = (kColumns + 7) / 8;           // of 8 columns, for the scores
  static constexpr int kSums = kQueries;                      // accumulators of 4 columns x (value, rest)
  static constexpr int kHeadsPerSum = kHeads / kQueries;
  static constexpr int kStride = kTiles * 32 + 4;  // words from one octet of channels to the next; 4 spare the banks
  static constexpr int kStep = kStride / 2;        // of a descriptor, two octets
  static constexpr int kGroups = kQueries == 1 ? 4 : 3;  // warpgroups, as registers allow
};

// Where the loading thread stands. It lives in shared memory, since the warps need their registers.
struct Cursor {
  uint64_t address;  // of the block to load next; on its way by cp.async
  int left, sequence, group, block, blocks, count;  // count: blocks loaded
};

// What a warpgroup has for itself.
template <int kQueries>
struct __align__(128) Own {
  using L = Layout<kQueries>;
  uint8_t keyCodes[kKeyStages][kCodeBytes];
  uint8_t valueCodes[kValueStages][kCodeBytes];
  uint8_t keyScales[kKeyStages][kScaleBytes];
  uint8_t valueScales[kKeyStages][kScaleBytes];
  float4 phases[kKeyStages][kPairs / 2];
  uint8_t weights[kHeads][512];     // B operand of the values of a head: [token / 16][column][token % 16]
  uint32_t query[16 * L::kStride];  // B operand of the scores: core matrices [channel / 8][column / 8][8][8]
  uint32_t mean[16 * L::kStride];   // the same of the keys' mean
  uint2 queryHalves[L::kColumns][32];  // of a lane: channels 2 lane, 2 lane + 1; the same + 64
  uint2 meanHalves[L::kColumns][32];
  uint64_t sinks[kKeyStages][2];
  float maxima[4][L::kTiles * 8];
  float rescale[L::kTiles * 8];
  float2 stats[4][L::kTiles * 8];
  uint64_t full[kValueStages];
  Cursor cursor;
};

template <int kQueries>
struct __align__(128) Shared {
  Own<kQueries> own[Layout<kQueries>::kGroups];
  uint8_t butterfly[4096];  // 256 H_64, core matrices [k / 16][n / 8][8][16]
  uint32_t angles[4096];    // RoPE of the block's tokens, core matrices [cos - sin, cos + sin][channel / 8][token / 8][8][8]
};

// Starts the copy of the cursor's block address.
__device__ __forceinline__ void fetchAddress(const AttendParams& p, Cursor& c) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(sharedAddress(&c.address)),
               "l"(p.blocks + static_cast<int64_t>(c.sequence) * p.blockStride + c.block)
               : "memory");
}

__device__ __forceinline__ void startLoading(const AttendParams& p, const Schedule& schedule, int begin, int end,
                                             Cursor& c) {
  const WorkItem at = schedule.locate(p, begin);
  c.left = end - begin;
  c.sequence = at.sequence;
  c.group = at.group;
  c.block = at.block;
  c.blocks = at.pairBlocks;
  c.count = 0;
  fetchAddress(p, c);
}

// Starts the copies of the next work item of the worker, if there is one; by the thread that called startLoading.
template <typename S>
__device__ __forceinline__ void loadNext(const AttendParams& p, S& s) {
  Cursor& c = s.cursor;
  if (c.left == 0) return;
  asm volatile("cp.async.wait_all;" ::: "memory");
  const uint8_t* address = reinterpret_cast<const uint8_t*>(*const_cast<volatile uint64_t*>(&c.address));
  const int keyStage = c.count % kKeyStages, valueStage = c.count % kValueStages, group = c.group;
  const uint32_t full = sharedAddress(&s.full[valueStage]);
  barrierExpect(full, kItemBytes);
  bulkCopy(sharedAddress(s.keyCodes[keyStage]), address + p.at.keyCodes + group * kCodeBytes, kCodeBytes, full);
  bulkCopy(sharedAddress(s.keyScales[keyStage]), address + p.at.keyScales + group * kScaleBytes, kScaleBytes, full);
  bulkCopy(sharedAddress(s.valueScales[keyStage]), address + p.at.valueScales + group * kScaleBytes, kScaleBytes, full);
  bulkCopy(sharedAddress(s.sinks[keyStage]), address + p.at.bitmap, 16, full);
  bulkCopy(sharedAddress(s.phases[keyStage]), p.phases + c.block * kPairs, kPairs * 8, full);
  bulkCopy(sharedAddress(s.valueCodes[valueStage]), address + p.at.valueCodes + group * kCodeBytes, kCodeBytes, full);
  c.count++;
  if (--c.left == 0) return;
  if (++c.block == c.blocks) {
    c.block = 0;
    if (++c.group == p.kvHeads / kHeads) {
      c.group = 0;
      do {
        c.sequence++;
        c.blocks = p.prefix[c.sequence + 1] - p.prefix[c.sequence];
      } while (c.blocks == 0);
    }
  }
  fetchAddress(p, c);
}

}  // namespace centred
}  // namespace rotatekv
