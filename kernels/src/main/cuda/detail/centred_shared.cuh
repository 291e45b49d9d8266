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
constexpr float kQueryScale = 32.f;  // of a query's length: its rotated channels stay below sqrt(128) * 32 = 362
constexpr float kWeightScale = 32.f;  // 2^8 of a scale read as half, 2^-3 so that weights up to 2^3 stay below 448

// What depends on the number of query heads per KV head. A column is one query head; its number is
// (KV head of the group) * kQueries + (query head of it). Operands in FP8 have two columns for it, side by side: the
// rounded numbers, and 16 times what these leave. So a thread's accumulators are of the columns 4 n + t.
template <int kQueries>
struct Layout {
  static constexpr int kColumns = kHeads * kQueries;
  static constexpr int kTiles = kQueries;  // of 4 columns
  static constexpr int kHeadsPerSum = kHeads / kQueries;
  static constexpr int kQueryStride = kTiles * 128 + 16;  // bytes from 16 channels to the next; 16 spare the banks
  static constexpr int kMeanTiles = (kTiles + 1) / 2;     // of 8 columns, or of 4 and as many that are 0
  static constexpr int kMeanStride = kMeanTiles * 32 + 4;  // words from one octet of channels to the next
  static constexpr int kGroups = kQueries == 1 ? 4 : 3;    // warpgroups, as registers allow
};

// A block that is to be loaded.
struct __align__(16) Order {
  uint64_t address;  // on its way by cp.async
  int group, block;
};

// The work item of the order to come. It lives in shared memory, since the warps need their registers.
struct Cursor {
  int sequence, group, block, blocks;
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
  uint8_t weights[kHeads][512];  // B operand of the values of a head: [token / 16][column][token % 16]
  uint8_t query[8 * L::kQueryStride];  // B operand of the keys: [channel / 16][column / 8][column % 8][channel % 16]
  uint32_t mean[16 * L::kMeanStride];  // of the keys' mean: core matrices [channel / 8][column / 8][8][8]
  uint2 queryHalves[L::kColumns][32];  // of a lane: channels 2 lane, 2 lane + 1; the same + 64
  uint2 meanHalves[L::kColumns][32];
  float lengths[L::kColumns];  // of the queries
  uint64_t sinks[kKeyStages][2];
  float maxima[4][L::kColumns];
  float rescale[L::kColumns];
  float2 stats[4][L::kColumns];
  uint64_t full[kValueStages];
  Order orders[2];
  Cursor cursor;
  int slot;  // of the partial that is being made
};

template <int kQueries>
struct __align__(128) Shared {
  Own<kQueries> own[Layout<kQueries>::kGroups];
  uint32_t angles[4096];  // RoPE at the block's places, core matrices [cos, sin][channel / 8][token / 8][8][8]
};

__device__ __forceinline__ void beginOrders(const WorkItem& at, Cursor& c) {
  c.sequence = at.sequence;
  c.group = at.group;
  c.block = at.block;
  c.blocks = at.pairBlocks;
}

// Makes the order of a worker's block out of the cursor, which it moves on; by one thread. The address is there once its
// cp.async is complete.
template <typename S>
__device__ __forceinline__ void order(const AttendParams& p, S& s, int number) {
  Cursor& c = s.cursor;
  Order& to = s.orders[number & 1];
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(sharedAddress(&to.address)),
               "l"(p.blocks + static_cast<int64_t>(c.sequence) * p.blockStride + c.block)
               : "memory");
  commitCopies();
  to.group = c.group;
  to.block = c.block;
  if (++c.block < c.blocks) return;
  c.block = 0;
  if (++c.group < p.kvHeads / kHeads) return;
  c.group = 0;
  do {
    if (++c.sequence == p.batch) return;  // nothing is left to order
    c.blocks = p.prefix[c.sequence + 1] - p.prefix[c.sequence];
  } while (c.blocks == 0);
}

// Starts a warp's share of the copies of an ordered block; by one thread of each of the four.
template <typename S>
__device__ __forceinline__ void load(const AttendParams& p, S& s, int number, int valueStage, int warp) {
  const uint4 order = load128(sharedAddress(&s.orders[number & 1]));
  const uint8_t* block = reinterpret_cast<const uint8_t*>(static_cast<uint64_t>(order.y) << 32 | order.x);
  const int group = order.z, keyStage = number & (kKeyStages - 1);
  const uint32_t full = sharedAddress(&s.full[valueStage]);
  if (warp == 0) {
    barrierExpect(full, kItemBytes);
    bulkCopy(sharedAddress(s.keyCodes[keyStage]), block + p.at.keyCodes + group * kCodeBytes, kCodeBytes, full);
  } else if (warp == 1) {
    bulkCopy(sharedAddress(s.valueCodes[valueStage]), block + p.at.valueCodes + group * kCodeBytes, kCodeBytes, full);
  } else if (warp == 2) {
    bulkCopy(sharedAddress(s.keyScales[keyStage]), block + p.at.keyScales + group * kScaleBytes, kScaleBytes, full);
    bulkCopy(sharedAddress(s.valueScales[keyStage]), block + p.at.valueScales + group * kScaleBytes, kScaleBytes, full);
  } else {
    bulkCopy(sharedAddress(s.sinks[keyStage]), block + p.at.bitmap, 16, full);
    bulkCopy(sharedAddress(s.phases[keyStage]), p.phases + order.w * kPairs, kPairs * 8, full);
  }
}

}  // namespace centred
}  // namespace rotatekv
