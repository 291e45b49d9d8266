// One work item of attention over quantized blocks, by 4 warps. A warp scores 16 tokens of the block (attend_keys.cuh);
// the weights, times the scales of the values, go through shared memory; then a warp sums all 64 tokens for a quarter
// of the channels, unpacked values being the A operand. A zero point of values is one more product a step.
#pragma once

#include "attend_keys.cuh"
#include "attend_stage.cuh"
#include "key_table.cuh"

namespace rotatekv {

// G heads of D channels are rotated together; their queries fill T tiles of 8 columns.
template <Codec kCodec, int D, int G, int T>
struct BlockAttention {
  static constexpr bool kCentred = isCentred(kCodec);
  static constexpr bool kHighPlane = kCodec == Codec::kCentred34 || kCodec == Codec::kRotatekv34;
  static constexpr bool kMixed = G == 3;  // heads are mixed before RoPE: a tile of columns for each
  static constexpr int kWarps = kAttendThreads / 32;
  static constexpr int kSteps = D / 16;
  static constexpr int kPatches = D / 64;             // of a head
  static constexpr int kTiles = G * D / 16 / kWarps;  // of 16 channels of values, per warp
  static constexpr int kColumns = 8 * T;

  struct Shared {
    uint2 query[T * kSteps * 32];                      // B fragments, rotated back by the block's first position
    uint2 mean[kCentred ? T * kSteps * 32 : 1];         // what the mean adds to the score per cosine and per sine
    uint2 weights[G * 4 * 32];                         // B fragments by head and 16 tokens
    uint2 zeros[G * 4 * 4];                            // middle of the codes' range less zero point, by 4 tokens
    uint2 tableOffsets[kCentred ? 1 : G * kSteps * 4];  // rotatekv: see KeyTable
    float max[kWarps][kColumns], sums[kWarps][kColumns];
    float shrink[G][8];
  };

  const AttendParams& p;
  StageLayout<kCodec, D, G> layout;
  Shared& shared;
  uint8_t* stages;
  KeyTable<G, G * kSteps> table;  // rotatekv
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
  Unpacker unpacker;
  Hadamard16 hadamard;
  RopeFragments<D> rope;
  float4 phase;  // of the block to come, for the two pairs of channels whose queries this thread rotates
  float middle;  // of the codes' range
  float factor;  // of the products of unpacked keys and queries
  float sums[kTiles][4];
  float max[T][2], weightSums[T][2];
  int heads[T][2], queries[T][2];  // of this lane's columns; heads -1 for none

  __device__ BlockAttention(const AttendParams& p, Shared& shared, uint8_t* memory)
      : p(p),
        layout(p),
        shared(shared),
        stages(memory),
        hadamard(kCentred ? 1 / kCodeUnit : 1.0f),
        rope(p.angles) {
    table.offsets = shared.tableOffsets;
    table.entries = reinterpret_cast<half2*>(stages + kAttendStages * layout.bytes) + warp * p.kvHeads * kTableRow;
    middle = ((4 << layout.highBits) - 1) * 0.5f;
    factor = p.keyScale * rsqrtf(static_cast<float>(G * D));
    if (!kCentred) {
      factor /= kKeyShrink;
    } else if (kMixed) {
      factor *= kScaleHalf;
    }
    for (int i = threadIdx.x; i < T * kSteps * 32; i += kAttendThreads) {
      shared.query[i] = make_uint2(0, 0);
      if (kCentred) {
        shared.mean[i] = make_uint2(0, 0);
      }
    }
    for (int i = threadIdx.x; i < G * 4 * 32; i += kAttendThreads) {
      shared.weights[i] = make_uint2(0, 0);
    }
#pragma unroll
    for (int n = 0; n < T; n++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        int column = 2 * t + i + (kMixed ? 0 : 8 * n);
        int head = kMixed ? n : column / p.queriesPerKv;
        bool valid = kMixed ? column < p.queriesPerKv : head < G;
        heads[n][i] = valid ? head : -1;
        queries[n][i] = kMixed ? column : column % p.queriesPerKv;
      }
    }
  }

  // Once per pair.
  __device__ void begin(const WorkItem& at) {
#pragma unroll
    for (int i = 0; i < kTiles; i++) {
#pragma unroll
      for (int k = 0; k < 4; k++) {
        sums[i][k] = 0;
      }
    }
#pragma unroll
    for (int n = 0; n < T; n++) {
      max[n][0] = max[n][1] = -INFINITY;
      weightSums[n][0] = weightSums[n][1] = 0;
    }
    if (!kCentred) {
      table.find(p.keyGroup + at.group * G * D);
    }
  }

  // Asks for the angles of a block's first position.
  __device__ void fetchPhase(int block) {
    const float2* phases = p.phases + static_cast<int64_t>(block) * (D / 2) + threadIdx.x % (D / 4) * 2;
    phase = *reinterpret_cast<const float4*>(phases);
  }

  __device__ void rotateQueries(const WorkItem& at) {
    int firstHead = at.group * G;
    int64_t row = (static_cast<int64_t>(at.sequence) * p.kvHeads + firstHead) * p.queriesPerKv;
    int c = threadIdx.x % (D / 4) * 2;
    for (int query = threadIdx.x / (D / 4); query < G * p.queriesPerKv; query += kAttendThreads / (D / 4)) {
      int head = query / p.queriesPerKv;
      const float* q = p.query + (row + query) * D + c;
      float2 x = *reinterpret_cast<const float2*>(q);
      float2 y = *reinterpret_cast<const float2*>(q + D / 2);
      float2 a = make_float2(x.x * phase.x + y.x * phase.y, x.y * phase.z + y.y * phase.w);
      float2 b = make_float2(y.x * phase.x - x.x * phase.y, y.y * phase.z - x.y * phase.w);
      int column = kMixed ? head * 8 + query % p.queriesPerKv : query;
      int at32 = ((column / 8 * kSteps + c / 16) * 32 + column % 8 * 4 + c % 8 / 2) * 2 + c % 16 / 8;
      constexpr int kHalfHead = kSteps / 2 * 32 * 2;
      uint32_t* to = reinterpret_cast<uint32_t*>(shared.query);
      to[at32] = bits(__floats2half2_rn(a.x, a.y));
      to[at32 + kHalfHead] = bits(__floats2half2_rn(b.x, b.y));
      if (kCentred) {
        const float* mean = p.keyMean + (firstHead + head) * D + c;
        float2 m = *reinterpret_cast<const float2*>(mean);
        float2 n = *reinterpret_cast<const float2*>(mean + D / 2);
        to = reinterpret_cast<uint32_t*>(shared.mean);
        to[at32] = bits(__floats2half2_rn(a.x * m.x + b.x * n.x, a.y * m.y + b.y * n.y));
        to[at32 + kHalfHead] = bits(__floats2half2_rn(b.x * m.x - a.x * n.x, b.y * m.y - a.y * n.y));
      }
    }
  }

  __device__ void fillZeros(const uint8_t* stage) {
    for (int i = threadIdx.x; i < kBlockTokens * G; i += kAttendThreads) {
      int token = i / G;
      float zero = static_cast<int8_t>(stage[layout.valueZeros + i]);
      half* to = reinterpret_cast<half*>(shared.zeros + (i % G * 4 + token / 16) * 4 + token % 16 / 4);
      to[operandSlot(token % 4)] = __float2half((middle - zero) * kCodeUnit);
    }
  }

  // A head's rotated keys times H_16, 16 tokens.
  __device__ __forceinline__ void unpackHead(HeadFragments<D>& x, const uint8_t* stage, int head) const {
    CodePlanes planes{stage, stage + layout.lowBytes, layout.highBits};
#pragma unroll
    for (int patch = 0; patch < kPatches; patch++) {
      CodeWords words = planes.template read<kHighPlane>(head * kPatches + patch, warp);
#pragma unroll
      for (int f = 0; f < 4; f++) {
        uint32_t a[4];
        unpack<kHighPlane>(a, unpacker, words, f, layout.highBits);
        if (!kCentred) {
          table.dequantize(a, head * kSteps + patch * 4 + f);
        }
        hadamard.apply(x[patch * 4 + f], a);
      }
    }
  }

  __device__ uint8_t keyScale(const uint8_t* stage, int row, int head) const {
    return stage[layout.keyScales + (warp * 16 + g + 8 * row) * G + head];
  }

  __device__ __forceinline__ void scoreSeparable(float (&scores)[T][4], const uint8_t* stage) const {
#pragma unroll 1
    for (int head = 0; head < G; head++) {
      HeadFragments<D> x;
      unpackHead(x, stage, head);
      butterflies<D, D>(x);
      rope.rotate(x);
      float scales[2] = {1, 1};
      if (kCentred) {
        scales[0] = scale(keyScale(stage, 0, head));
        scales[1] = scale(keyScale(stage, 1, head));
      }
#pragma unroll
      for (int n = 0; n < T; n++) {
        float products[4] = {};
        multiplyQueries<kSteps>(products, x, shared.query + n * kSteps * 32);
#pragma unroll
        for (int i = 0; i < 4; i++) {
          float sign = __popc(heads[n][i % 2] & head) % 2 == 0 ? scales[i / 2] : -scales[i / 2];
          scores[n][i] += sign * products[i];
        }
      }
    }
  }

  __device__ __forceinline__ void scoreMixed(float (&scores)[T][4], const uint8_t* stage) const {
    HeadFragments<D> x[3];
#pragma unroll
    for (int head = 0; head < 3; head++) {
      unpackHead(x[head], stage, head);
      butterflies<D, D / 4>(x[head]);
      if (kCentred) {
        half2 scales[2] = {__half2half2(scaleHalf(keyScale(stage, 0, head))),
            __half2half2(scaleHalf(keyScale(stage, 1, head)))};
#pragma unroll
        for (int s = 0; s < kSteps; s++) {
#pragma unroll
          for (int i = 0; i < 4; i++) {
            x[head][s][i] = bits(__hmul2(halves(x[head][s][i]), scales[i % 2]));
          }
        }
      }
    }
    mixThreeHeads<D>(x);
#pragma unroll
    for (int head = 0; head < 3; head++) {
      rope.rotate(x[head]);
      multiplyQueries<kSteps>(scores[head < T ? head : 0], x[head], shared.query + head * kSteps * 32);
    }
  }

  __device__ __forceinline__ void score(float (&scores)[T][4], const uint8_t* stage) const {
    if constexpr (kMixed) {
      scoreMixed(scores, stage);
    } else {
      scoreSeparable(scores, stage);
    }
    uint64_t sinks = *reinterpret_cast<const uint64_t*>(stage + layout.bitmap) >> (warp * 16 + g);
#pragma unroll
    for (int n = 0; n < T; n++) {
      float means[4] = {};
      if (kCentred) {
        const uint2* fragments = shared.mean + n * kSteps * 32;
        multiplyQueries<kSteps / 2>(means, rope.cosines, fragments);
        multiplyQueries<kSteps / 2>(means, rope.sines, fragments + kSteps / 2 * 32);
      }
#pragma unroll
      for (int i = 0; i < 4; i++) {
        bool sink = (sinks >> (i / 2 * 8) & 1) != 0;  // finish_attention has its FP16 rows
        scores[n][i] = sink ? -INFINITY : scores[n][i] * factor + means[i];
      }
    }
  }

  // Leaves each column's maximum over this warp's tokens for the others.
  __device__ void shareMaxima(const float (&scores)[T][4]) {
#pragma unroll
    for (int n = 0; n < T; n++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        float x = fmaxf(scores[n][i], scores[n][i + 2]);
        for (int distance = 4; distance < 32; distance *= 2) {
          x = fmaxf(x, __shfl_xor_sync(~0u, x, distance));
        }
        if (g == 0) {
          shared.max[warp][8 * n + 2 * t + i] = x;
        }
      }
    }
  }

  // Weights of this warp's tokens, times the scales of the values, as B fragments.
  __device__ void weigh(const float (&scores)[T][4], const uint8_t* stage) {
#pragma unroll
    for (int n = 0; n < T; n++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        int column = 8 * n + 2 * t + i;
        float next = max[n][i];
        for (int w = 0; w < kWarps; w++) {
          next = fmaxf(next, shared.max[w][column]);
        }
        float reference = next == -INFINITY ? 0 : next;  // nothing but sinks so far
        float shrink = exp2Fast(max[n][i] - reference);
        max[n][i] = next;
        weightSums[n][i] *= shrink;
        int head = heads[n][i];
        int query = queries[n][i];
#pragma unroll
        for (int row = 0; row < 2; row++) {
          float weight = exp2Fast(scores[n][i + 2 * row] - reference);
          weightSums[n][i] += weight;
          int token = g + 8 * row;
          if (head >= 0) {
            float scaled = weight * scale(stage[layout.valueScales + (warp * 16 + token) * G + head]);
            half* to = reinterpret_cast<half*>(shared.weights + (head * 4 + warp) * 32 + query * 4 + token / 4);
            to[operandSlot(token % 4)] = __float2half_rn(scaled);
          }
        }
        if (warp == 0 && g == 0 && head >= 0) {
          shared.shrink[head][query] = shrink;
        }
      }
    }
  }

  __device__ void addValues(const uint8_t* stage) {
    const uint8_t* codes = stage + layout.valueCodes;
    CodePlanes planes{codes, codes + layout.lowBytes, layout.highBits};
#pragma unroll
    for (int i = 0; i < kTiles; i++) {
      int tile = warp * kTiles + i;
      int head = tile / kSteps;
      float2 shrink = *reinterpret_cast<const float2*>(&shared.shrink[head][2 * t]);
#pragma unroll
      for (int k = 0; k < 4; k++) {
        sums[i][k] *= k % 2 == 0 ? shrink.x : shrink.y;
      }
      CodeWords words = planes.template read<kHighPlane>(tile / 4, tile % 4);
#pragma unroll
      for (int f = 0; f < 4; f++) {
        uint32_t a[4];
        unpack<kHighPlane>(a, unpacker, words, f, layout.highBits);
        uint2 b = shared.weights[(head * 4 + f) * 32 + lane];
        multiplyAdd(sums[i], a, b.x, b.y);
        if (!kCentred) {
          uint2 zero = shared.zeros[(head * 4 + f) * 4 + t];
          uint32_t zeros[4] = {zero.x, zero.x, zero.y, zero.y};
          multiplyAdd(sums[i], zeros, b.x, b.y);
        }
      }
    }
  }

  __device__ void store(int slot) {
    int columns = G * p.queriesPerKv;
    int64_t row = static_cast<int64_t>(slot) * columns;
#pragma unroll
    for (int i = 0; i < kTiles; i++) {
      int tile = warp * kTiles + i;
#pragma unroll
      for (int k = 0; k < 4; k++) {
        int query = 2 * t + k % 2;
        if (query < p.queriesPerKv) {
          int64_t to = (row + tile / kSteps * p.queriesPerKv + query) * D + tile % kSteps * 16 + g + k / 2 * 8;
          p.partial[to] = sums[i][k] * (p.valueScale / kCodeUnit);
        }
      }
    }
#pragma unroll
    for (int n = 0; n < T; n++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        float x = weightSums[n][i];
        for (int distance = 4; distance < 32; distance *= 2) {
          x += __shfl_xor_sync(~0u, x, distance);
        }
        if (g == 0) {
          shared.sums[warp][8 * n + 2 * t + i] = x;
        }
      }
    }
    __syncthreads();
#pragma unroll
    for (int n = 0; n < T; n++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        if (warp == 0 && g == 0 && heads[n][i] >= 0) {
          float all = 0;
          for (int w = 0; w < kWarps; w++) {
            all += shared.sums[w][8 * n + 2 * t + i];
          }
          p.partialStats[row + heads[n][i] * p.queriesPerKv + queries[n][i]] = make_float2(max[n][i], all);
        }
      }
    }
  }

  // One work item; `nextBlock` is that of the item after it.
  __device__ void fold(const uint8_t* stage, const WorkItem& at, int nextBlock) {
    rotateQueries(at);
    fetchPhase(nextBlock);
    if (!kCentred) {
      table.fill(stage + layout.keyScales, stage + layout.keyZeros, p.kvHeads, middle);
      fillZeros(stage);
    }
    __syncthreads();  // queries and zeros are there
    float scores[T][4] = {};
    score(scores, stage);
    shareMaxima(scores);
    __syncthreads();
    weigh(scores, stage);
    __syncthreads();
    addValues(stage);
  }
};

}  // namespace rotatekv
