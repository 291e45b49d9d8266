// Attention at decode over stored blocks of the codec fp16: one partial softmax per CTA and (sequence, KV head).
//
// Keys lie (D, 64) and values (64, D), both as ldmatrix.trans wants the A operand: 16 tokens by 16 channels for the
// scores, 16 channels by 16 tokens for the sums. The queries of a KV head, at most 8, are the columns of B. A warp
// takes 16 tokens of each block and keeps a softmax of its own; the four meet where a pair ends. Keys are rotated by
// their offset in the block, with coefficients that stay in registers, and queries back by the block's first position.

#include "detail/attend.cuh"
#include "detail/early_start.cuh"
#include "detail/mma.cuh"

namespace {

using namespace rotatekv;

constexpr int kThreads = 128;
constexpr int kWarps = 4;
constexpr int kStages = 2;
constexpr int kQueries = 8;
constexpr int kChunk = 16;  // bytes of one asynchronous copy
constexpr int kKeyRow = kBlockTokens * sizeof(half);
constexpr unsigned kAll = 0xFFFFFFFFu;

template <int D>
struct Stage {
  static constexpr int kValueRow = D * sizeof(half);
  uint8_t keys[D * kKeyRow];
  uint8_t values[kBlockTokens * kValueRow];
};

template <int D>
struct Shared {
  static constexpr int kPadded = D + 8;  // rows of queries on different banks
  float query[kQueries][kPadded];
  float sums[kQueries][kPadded];
  float2 stats[kWarps][kQueries];
};

// Rows of 128 or 256 bytes, 16-byte chunks swizzled so that one chunk of 8 rows fills all banks.
__device__ int swizzled(int row, int chunk, int rowBytes) { return row * rowBytes + (chunk ^ (row & 7)) * kChunk; }

// Starts copying one head of a block.
template <int D>
__device__ void load(const AttendParams& p, Stage<D>& stage, const WorkItem& at) {
  constexpr int kKeyChunks = kKeyRow / kChunk;
  constexpr int kValueChunks = Stage<D>::kValueRow / kChunk;
  const uint8_t* block = blockAddress(p, at.sequence, at.block);
  const uint8_t* keys = block + p.at.keyCodes + at.group * (D * kKeyRow);
  const uint8_t* values = block + p.at.valueCodes + at.group * Stage<D>::kValueRow;
  int valueStride = p.kvHeads * Stage<D>::kValueRow;
  uint32_t toKeys = sharedAddress(stage.keys);
  uint32_t toValues = sharedAddress(stage.values);
#pragma unroll
  for (int i = threadIdx.x; i < D * kKeyChunks; i += kThreads) {
    copyAsync(toKeys + swizzled(i / kKeyChunks, i % kKeyChunks, kKeyRow), keys + i * kChunk);
  }
#pragma unroll
  for (int i = threadIdx.x; i < kBlockTokens * kValueChunks; i += kThreads) {
    int row = i / kValueChunks;
    int chunk = i % kValueChunks;
    copyAsync(toValues + swizzled(row, chunk, Stage<D>::kValueRow), values + row * valueStride + chunk * kChunk);
  }
}

template <int D>
struct Warp {
  static constexpr int kSteps = D / 2 / 16;  // k-steps of half a head: RoPE pairs channels i and i + D / 2
  int g = threadIdx.x % 32 / 4;
  int t = threadIdx.x % 4;
  int firstToken = threadIdx.x / 32 * 16;
  uint32_t cosines[kSteps][4];  // A fragments of this warp's tokens by the pairs of channels
  uint32_t sines[kSteps][4];
  float sums[D / 16][4];  // accumulators: channels by queries
  float max[2];           // of queries 2t, 2t + 1
  float weights[2];

  __device__ explicit Warp(const AttendParams& p) {
#pragma unroll
    for (int s = 0; s < kSteps; s++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int token = firstToken + g + i % 2 * 8;
        const float2* angle = p.angles + token * (D / 2) + 16 * s + 2 * t + i / 2 * 8;
        cosines[s][i] = bits(__floats2half2_rn(angle[0].x, angle[1].x));
        sines[s][i] = bits(__floats2half2_rn(angle[0].y, angle[1].y));
      }
    }
  }

  __device__ void reset() {
#pragma unroll
    for (int m = 0; m < D / 16; m++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        sums[m][i] = 0;
      }
    }
    max[0] = max[1] = -INFINITY;
    weights[0] = weights[1] = 0;
  }

  // Queries rotated back by the first position of a block, as B fragments of both halves of the head.
  __device__ void rotateQueries(
      uint32_t (&a)[kSteps][2], uint32_t (&b)[kSteps][2], const float* query, const float2* phases) const {
#pragma unroll
    for (int s = 0; s < kSteps; s++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        int channel = 16 * s + 8 * i + 2 * t;
        float2 x = *reinterpret_cast<const float2*>(query + channel);
        float2 y = *reinterpret_cast<const float2*>(query + channel + D / 2);
        float4 phase = *reinterpret_cast<const float4*>(phases + channel);
        a[s][i] = bits(__floats2half2_rn(x.x * phase.x + y.x * phase.y, x.y * phase.z + y.y * phase.w));
        b[s][i] = bits(__floats2half2_rn(y.x * phase.x - x.x * phase.y, y.y * phase.z - x.y * phase.w));
      }
    }
  }

  __device__ void score(float (&scores)[4], const uint8_t* keys, const uint32_t (&qa)[kSteps][2],
      const uint32_t (&qb)[kSteps][2]) const {
    int lane = threadIdx.x % 32;
    int row = lane / 16 * 8 + lane % 8;
    int chunk = firstToken / 8 + lane / 8 % 2;
    uint32_t from = sharedAddress(keys) + swizzled(row, chunk, kKeyRow);
#pragma unroll
    for (int s = 0; s < kSteps; s++) {
      uint32_t a[4];
      uint32_t b[4];
      loadTransposed(a, from + 16 * s * kKeyRow);
      loadTransposed(b, from + (16 * s + D / 2) * kKeyRow);
#pragma unroll
      for (int i = 0; i < 4; i++) {
        half2 x = halves(a[i]);
        half2 y = halves(b[i]);
        half2 c = halves(cosines[s][i]);
        half2 n = halves(sines[s][i]);
        a[i] = bits(__hfma2(x, c, __hneg2(__hmul2(y, n))));
        b[i] = bits(__hfma2(y, c, __hmul2(x, n)));
      }
      multiplyAdd(scores, a, qa[s][0], qa[s][1]);
      multiplyAdd(scores, b, qb[s][0], qb[s][1]);
    }
  }

  // Raises the maxima to those of new scores; returns through scores the weights.
  __device__ void soften(float (&scores)[4]) {
    float next[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
      next[i] = fmaxf(scores[i], scores[i + 2]);
      for (int distance = 4; distance < 32; distance *= 2) {
        next[i] = fmaxf(next[i], __shfl_xor_sync(kAll, next[i], distance));
      }
    }
    if (__any_sync(kAll, next[0] > max[0] || next[1] > max[1])) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        next[i] = fmaxf(next[i], max[i]);
        float shrink = exp2Fast(max[i] - next[i]);
        max[i] = next[i];
        weights[i] *= shrink;
#pragma unroll
        for (int m = 0; m < D / 16; m++) {
          sums[m][i] *= shrink;
          sums[m][i + 2] *= shrink;
        }
      }
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
      scores[i] = exp2Fast(scores[i] - max[i % 2]);
      weights[i % 2] += scores[i];
    }
  }

  __device__ void addValues(const uint8_t* values, const float (&weight)[4]) {
    uint32_t b0 = transposed(bits(__floats2half2_rn(weight[0], weight[1])));
    uint32_t b1 = transposed(bits(__floats2half2_rn(weight[2], weight[3])));
    int lane = threadIdx.x % 32;
    int row = firstToken + lane / 16 * 8 + lane % 8;
#pragma unroll
    for (int m = 0; m < D / 16; m++) {
      uint32_t a[4];
      loadTransposed(a, sharedAddress(values) + swizzled(row, 2 * m + lane / 8 % 2, Stage<D>::kValueRow));
      multiplyAdd(sums[m], a, b0, b1);
    }
  }
};

// Merges the softmaxes of the four warps into the CTA's partial of a pair.
template <int D>
__device__ void store(const AttendParams& p, Shared<D>& shared, Warp<D>& w, int slot) {
  int warp = threadIdx.x / 32;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    for (int distance = 4; distance < 32; distance *= 2) {
      w.weights[i] += __shfl_xor_sync(kAll, w.weights[i], distance);
    }
    if (w.g == 0) {
      shared.stats[warp][2 * w.t + i] = make_float2(w.max[i], w.weights[i]);
    }
  }
  __syncthreads();
  float factor[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    float max = -INFINITY;
    for (int k = 0; k < kWarps; k++) {
      max = fmaxf(max, shared.stats[k][2 * w.t + i].x);
    }
    factor[i] = exp2Fast(w.max[i] - max);
  }
  for (int turn = 0; turn < kWarps; turn++) {
    if (turn == warp) {
#pragma unroll
      for (int m = 0; m < D / 16; m++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
          float& to = shared.sums[2 * w.t + i % 2][16 * m + w.g + i / 2 * 8];
          to = (turn == 0 ? 0 : to) + w.sums[m][i] * factor[i % 2];
        }
      }
    }
    __syncthreads();
  }
  int64_t row = static_cast<int64_t>(slot) * p.queriesPerKv;
  for (int i = threadIdx.x; i < p.queriesPerKv * D; i += kThreads) {
    p.partial[row * D + i] = shared.sums[i / D][i % D];
  }
  if (threadIdx.x < p.queriesPerKv) {
    float2 all = make_float2(-INFINITY, 0);
    for (int k = 0; k < kWarps; k++) {
      all.x = fmaxf(all.x, shared.stats[k][threadIdx.x].x);
    }
    for (int k = 0; k < kWarps; k++) {
      all.y += shared.stats[k][threadIdx.x].y * exp2Fast(shared.stats[k][threadIdx.x].x - all.x);
    }
    p.partialStats[row + threadIdx.x] = all;
  }
}

template <int D>
__device__ void loadQueries(const AttendParams& p, Shared<D>& shared, const WorkItem& at) {
  int64_t row = (static_cast<int64_t>(at.sequence) * p.kvHeads + at.group) * p.queriesPerKv;
  for (int i = threadIdx.x; i < kQueries * D; i += kThreads) {
    shared.query[i / D][i % D] = i < p.queriesPerKv * D ? p.query[row * D + i] : 0;
  }
}

template <int D>
__device__ void attend(const AttendParams& p) {
  extern __shared__ __align__(128) uint8_t memory[];
  Stage<D>* stages = reinterpret_cast<Stage<D>*>(memory);
  __shared__ Shared<D> shared;
  wait_for_earlier_work();
  let_next_start();  // after waiting: finish_attention reads what earlier kernels wrote before it waits for this one
  Schedule schedule(p);
  if (blockIdx.x >= schedule.workers) {
    return;
  }
  const int begin = schedule.begin(blockIdx.x);
  const int end = schedule.begin(blockIdx.x + 1);
  WorkItem at = schedule.locate(p, begin);
  WorkItem ahead = at;
  int loaded = begin;
  auto loadNext = [&] {
    if (loaded < end) {
      load<D>(p, stages[(loaded - begin) % kStages], ahead);
      loaded++;
      if (loaded < end) {
        ahead = schedule.next(p, ahead);
      }
    }
    commitCopies();
  };
  for (int i = 0; i < kStages - 1; i++) {
    loadNext();
  }
  Warp<D> warp(p);
  bool fresh = true;
  for (int item = begin; item < end; item++) {
    if (fresh) {
      loadQueries<D>(p, shared, at);
      warp.reset();
    }
    waitForCopies<kStages - 2>();
    __syncthreads();  // the stage is there for all, the stage before it is free, and so are the queries
    Stage<D>& stage = stages[(item - begin) % kStages];
    uint32_t qa[Warp<D>::kSteps][2];
    uint32_t qb[Warp<D>::kSteps][2];
    warp.rotateQueries(qa, qb, shared.query[warp.g], p.phases + static_cast<int64_t>(at.block) * (D / 2));
    loadNext();
    float scores[4] = {};
    warp.score(scores, stage.keys, qa, qb);
    warp.soften(scores);
    warp.addValues(stage.values, scores);
    fresh = at.block + 1 == at.pairBlocks || item + 1 == end;
    if (fresh) {
      store<D>(p, shared, warp, partialSlot(at.pair, blockIdx.x));
    }
    if (item + 1 < end) {
      at = schedule.next(p, at);
    }
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kThreads, 3) attend_halves_d64(const AttendParams p) { attend<64>(p); }

extern "C" __global__ void __launch_bounds__(kThreads, 3) attend_halves_d128(const AttendParams p) { attend<128>(p); }
