// One work item of attention over quantized blocks, by 4 warps. A warp scores 16 tokens of the block: of rotatekv it
// rotates keys back (attend_keys.cuh); keys that are centred were turned by RoPE for their places in the block and then
// rotated, so there the queries follow them (centred_queries.cuh) and codes are multiplied as they are. Then
// the weights, times the scales of the values, go through shared memory, and a warp sums all 64 tokens for a quarter
// of the channels, unpacked values being the A operand. Zero points of values add one number to all channels of a head.
#pragma once

#include "attend_keys.cuh"
#include "attend_stage.cuh"
#include "centred_queries.cuh"
#include "key_table.cuh"

namespace rotatekv {

// G heads of D channels are rotated together; their queries fill T tiles of 8 columns.
template <Codec kCodec, int D, int G, int T>
struct BlockAttention {
  static constexpr bool kCentred = isCentred(kCodec);
  static constexpr bool kHighPlane = hasHighPlane(kCodec);
  static constexpr bool kMixed = G == 3;  // heads are mixed before RoPE: a tile of columns for each
  static constexpr int kWarps = kAttendThreads / 32;
  static constexpr int kSteps = D / 16;
  static constexpr int kPatches = D / 64;             // of a head
  static constexpr int kTiles = G * D / 16 / kWarps;  // of 16 channels of values, per warp
  static constexpr int kColumns = 8 * T;
  static constexpr int kOperand = T * kSteps * 32;    // of all queries
  static constexpr int kQueryOperands = kCentred && kMixed ? G : 1;  // rotating mixes three heads by more than signs

  struct Shared {
    uint2 query[kQueryOperands * kOperand];             // B fragments, turned back by the block's first position
    uint2 mean[kCentred ? kOperand : 1];         // what the mean adds to the score per cosine and per sine
    uint2 weights[G * 4 * 32];                         // B fragments by head and 16 tokens
    uint32_t keyGroups[kCentred ? 1 : G * kSteps * 4];  // rotatekv: see KeyTable
    float max[kWarps][kColumns];
    float2 sums[kWarps][kColumns];                      // of weights, of what zero points add
    float shrink[G][8];
  };

  const AttendParams& p;
  StageLayout<kCodec, D, G> layout;
  Shared& shared;
  uint8_t* stages;
  uint8_t* values;
  KeyTable<G, G * kSteps> table;  // rotatekv
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
  Unpacker unpacker;
  Hadamard16 hadamard;  // rotatekv
  RopeFragments<D, !kCentred && !kMixed> rope;
  float4 phase;  // of the block to come, for the two pairs of channels whose queries this thread turns
  float middle;  // of the codes' range
  float factor;  // of the products of unpacked keys and queries
  float sums[kTiles][4];
  float max[T][2], weightSums[T][2], zeroSums[T][2];
  int heads[T][2], queries[T][2];  // of this lane's columns; heads -1 for none

  __device__ BlockAttention(const AttendParams& p, Shared& shared, uint8_t* memory)
      : p(p),
        layout(p),
        shared(shared),
        stages(memory),
        values(memory + kAttendStages * layout.bytes),
        rope(p.angles) {
    table.groups = shared.keyGroups;
    table.entries = values + layout.valueBytes + warp * p.kvHeads * table.kGroupBytes;
    middle = ((4 << layout.highBits) - 1) * 0.5f;
    factor = kCentred ? p.keyScale / kCodeUnit : p.keyScale * rsqrtf(static_cast<float>(G * D)) / kKeyShrink;
    for (int i = threadIdx.x; i < kQueryOperands * kOperand; i += kAttendThreads) {
      shared.query[i] = make_uint2(0, 0);
    }
    for (int i = threadIdx.x; kCentred && i < kOperand; i += kAttendThreads) {
      shared.mean[i] = make_uint2(0, 0);
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
      zeroSums[n][0] = zeroSums[n][1] = 0;
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

  // Leaves the queries, turned back, and what the means add to their scores per cosine and per sine, as B fragments.
  __device__ void turnQueries(const WorkItem& at) {
    constexpr int kLanes = D / 4;  // of a query
    const int firstHead = at.group * G, columns = G * p.queriesPerKv;
    const int64_t row = (static_cast<int64_t>(at.sequence) * p.kvHeads + firstHead) * p.queriesPerKv;
    const int c = threadIdx.x % kLanes * 2;
    for (int first = 0; first < columns; first += kAttendThreads / kLanes) {
      const int query = first + threadIdx.x / kLanes;
      const bool valid = query < columns;  // the other lanes take part in rotating
      const int head = valid ? query / p.queriesPerKv : 0;
      const float* q = p.query + (row + (valid ? query : 0)) * D + c;
      float2 x = *reinterpret_cast<const float2*>(q);
      float2 y = *reinterpret_cast<const float2*>(q + D / 2);
      float2 a = make_float2(x.x * phase.x + y.x * phase.y, x.y * phase.z + y.y * phase.w);
      float2 b = make_float2(y.x * phase.x - x.x * phase.y, y.y * phase.z - x.y * phase.w);
      const int column = kMixed ? head * 8 + query % p.queriesPerKv : query;
      if (kCentred) {
        const float* mean = p.keyMean + (firstHead + head) * D + c;
        const float2 m = *reinterpret_cast<const float2*>(mean);
        const float2 n = *reinterpret_cast<const float2*>(mean + D / 2);
        const float2 u = make_float2(a.x * m.x + b.x * n.x, a.y * m.y + b.y * n.y);
        const float2 v = make_float2(b.x * m.x - a.x * n.x, b.y * m.y - a.y * n.y);
        if (valid) {  // the fragments of RoPE have minus the sine
          storePairs(shared.mean, column, c, u, make_float2(-v.x, -v.y));
        }
        rotateAsKeys<D, G>(a, b, head, [&](int rotatedHead, int channel, float value) {
          if (valid) {
            const int fragment = (column / 8 * kSteps + channel / 16) * 32 + column % 8 * 4 + channel % 16 / 4;
            half* to = reinterpret_cast<half*>(shared.query + (kMixed ? rotatedHead * kOperand : 0) + fragment);
            to[operandSlot(channel % 4)] = __float2half_rn(value);
          }
        });
      } else if (valid) {
        storePairs(shared.query, column, c, a, b);
      }
    }
  }

  // Channels c, c + 1 and the same + D / 2 of a column.
  __device__ void storePairs(uint2* operand, int column, int c, float2 low, float2 high) const {
    const int at32 = ((column / 8 * kSteps + c / 16) * 32 + column % 8 * 4 + c % 8 / 2) * 2 + c % 16 / 8;
    constexpr int kHalfHead = kSteps / 2 * 32 * 2;
    uint32_t* to = reinterpret_cast<uint32_t*>(operand);
    to[at32] = bits(__floats2half2_rn(low.x, low.y));
    to[at32 + kHalfHead] = bits(__floats2half2_rn(high.x, high.y));
  }

  // A strip of a patch of keys, 64 channels; of rotatekv times H_16.
  __device__ __forceinline__ void unpackPatch(uint32_t (*x)[4], const CodeWords& words, int step) const {
    if constexpr (kCentred) {
#pragma unroll
      for (int f = 0; f < 4; f++) {
        unpack<kHighPlane>(x[f], unpacker, words, f, layout.highBits);
      }
    } else {
      const RowPairs low(words.low);
      const RowPairs high(words.high);
      const SignPairs signs(words.high.x);
#pragma unroll
      for (int f = 0; f < 4; f++) {
        uint32_t a[4];
        table.dequantize(a, step + f, [&](int k) {
          const uint32_t codes = low.two(unpacker, f, k);
          if constexpr (!kHighPlane) {
            return codes;
          } else {
            const uint32_t above =
                layout.highBits == 2 ? high.two(unpacker, f, k) : signs.sign(unpacker, f, k);
            return bits(__hfma2(halves(above), __float2half2_rn(4), halves(codes)));
          }
        });
        hadamard.apply(x[f], a);
      }
    }
  }

  // A head's keys of 16 tokens.
  __device__ __forceinline__ void unpackHead(HeadFragments<D>& x, const uint8_t* stage, int head) const {
    CodePlanes planes{stage, stage + layout.lowBytes, layout.highBits};
#pragma unroll
    for (int patch = 0; patch < kPatches; patch++) {
      const CodeWords words = planes.template read<kHighPlane>(head * kPatches + patch, warp);
      unpackPatch(x + patch * 4, words, head * kSteps + patch * 4);
    }
  }

  __device__ uint8_t keyScale(const uint8_t* stage, int row, int head) const {
    return stage[layout.keyScales + (warp * 16 + g + 8 * row) * G + head];
  }

  // The sign H_4[KV head of the column, rotated head].
  __device__ __forceinline__ float headSign(int n, int i, int head) const {
    return __popc(heads[n][i % 2] & head) % 2 == 0 ? 1.f : -1.f;
  }

  __device__ __forceinline__ void scoreCentred(float (&scores)[T][4], const uint8_t* stage) const {
#pragma unroll 1
    for (int head = 0; head < G; head++) {
      HeadFragments<D> x;
      unpackHead(x, stage, head);
      const float scales[2] = {scale(keyScale(stage, 0, head)), scale(keyScale(stage, 1, head))};
      const uint2* fragments = shared.query + (kMixed ? head * kOperand : 0);
#pragma unroll
      for (int n = 0; n < T; n++) {
        float products[4] = {};
        multiplyQueries<kSteps>(products, x, fragments + n * kSteps * 32);
#pragma unroll
        for (int i = 0; i < 4; i++) {
          scores[n][i] += scales[i / 2] * (kMixed ? 1.f : headSign(n, i, head)) * products[i];
        }
      }
    }
  }

  __device__ __forceinline__ void scoreSeparable(float (&scores)[T][4], const uint8_t* stage) const {
#pragma unroll 1
    for (int head = 0; head < G; head++) {
      HeadFragments<D> x;
      unpackHead(x, stage, head);
      butterflies<D, D / 2>(x);
      rope.rotate(x);
#pragma unroll
      for (int n = 0; n < T; n++) {
        float products[4] = {};
        multiplyQueries<kSteps>(products, x, shared.query + n * kSteps * 32);
#pragma unroll
        for (int i = 0; i < 4; i++) {
          scores[n][i] += headSign(n, i, head) * products[i];
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
    }
    mixThreeHeads<D>(x);
#pragma unroll
    for (int head = 0; head < 3; head++) {
      rope.rotate(x[head]);
      multiplyQueries<kSteps>(scores[head < T ? head : 0], x[head], shared.query + head * kSteps * 32);
    }
  }

  __device__ __forceinline__ void score(float (&scores)[T][4], const uint8_t* stage) const {
    if constexpr (kCentred) {
      scoreCentred(scores, stage);
    } else if constexpr (kMixed) {
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
        multiplyQueries<kSteps / 2>(means, rope.m, fragments);
        multiplyQueries<kSteps / 2>(means, rope.q, fragments + kSteps / 2 * 32);
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
        zeroSums[n][i] *= shrink;
        int head = heads[n][i];
        int query = queries[n][i];
#pragma unroll
        for (int row = 0; row < 2; row++) {
          float weight = exp2Fast(scores[n][i + 2 * row] - reference);
          weightSums[n][i] += weight;
          int token = g + 8 * row;
          if (head >= 0) {
            int at = (warp * 16 + token) * G + head;
            float scaled = weight * scale(stage[layout.valueScales + at]);
            if (!kCentred) {
              zeroSums[n][i] += scaled * (middle - static_cast<int8_t>(stage[layout.valueZeros + at]));
            }
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

  // Weights of a head's 64 tokens as B fragments, and by how much their sums shrink before.
  struct HeadWeights {
    uint2 fragments[4];
    float2 shrink;

    __device__ __forceinline__ HeadWeights(const Shared& shared, int head, int lane) {
#pragma unroll
      for (int f = 0; f < 4; f++) {
        fragments[f] = shared.weights[(head * 4 + f) * 32 + lane];
      }
      shrink = *reinterpret_cast<const float2*>(&shared.shrink[head][2 * (lane % 4)]);
    }
  };

  __device__ __forceinline__ void addTile(int i, const HeadWeights& weights) {
    const CodePlanes planes{values, values + layout.lowBytes, layout.highBits};
    const int tile = warp * kTiles + i;
#pragma unroll
    for (int k = 0; k < 4; k++) {
      sums[i][k] *= k % 2 == 0 ? weights.shrink.x : weights.shrink.y;
    }
    const CodeWords words = planes.template read<kHighPlane>(tile / 4, tile % 4);
#pragma unroll
    for (int f = 0; f < 4; f++) {
      uint32_t a[4];
      unpack<kHighPlane>(a, unpacker, words, f, layout.highBits);
      multiplyAdd(sums[i], a, weights.fragments[f].x, weights.fragments[f].y);
    }
  }

  __device__ void addValues() {
    if constexpr (kSteps % kTiles == 0) {  // all tiles of a warp are of one head
      const HeadWeights weights(shared, warp * kTiles / kSteps, lane);
#pragma unroll
      for (int i = 0; i < kTiles; i++) {
        addTile(i, weights);
      }
    } else {
#pragma unroll
      for (int i = 0; i < kTiles; i++) {
        addTile(i, HeadWeights(shared, (warp * kTiles + i) / kSteps, lane));
      }
    }
  }

  // Leaves the sums over this warp's tokens for the others.
  __device__ void shareSums() {
#pragma unroll
    for (int n = 0; n < T; n++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        float2 x = make_float2(weightSums[n][i], zeroSums[n][i]);
        for (int distance = 4; distance < 32; distance *= 2) {
          x.x += __shfl_xor_sync(~0u, x.x, distance);
          x.y += __shfl_xor_sync(~0u, x.y, distance);
        }
        if (g == 0) {
          shared.sums[warp][8 * n + 2 * t + i] = x;
        }
      }
    }
  }

  __device__ float2 allSums(int column) const {
    float2 all = make_float2(0, 0);
    for (int w = 0; w < kWarps; w++) {
      all.x += shared.sums[w][column].x;
      all.y += shared.sums[w][column].y;
    }
    return all;
  }

  __device__ void store(int slot) {
    shareSums();
    __syncthreads();
    int columns = G * p.queriesPerKv;
    int64_t row = static_cast<int64_t>(slot) * columns;
#pragma unroll
    for (int i = 0; i < kTiles; i++) {
      int tile = warp * kTiles + i;
      int head = tile / kSteps;
#pragma unroll
      for (int k = 0; k < 2; k++) {
        int query = 2 * t + k;
        if (query < p.queriesPerKv) {
          float zero = kCentred ? 0 : allSums(kMixed ? 8 * head + query : head * p.queriesPerKv + query).y;
          float* to = p.partial + (row + head * p.queriesPerKv + query) * D + tile % kSteps * 16 + g;
          to[0] = (sums[i][k] * (1 / kCodeUnit) + zero) * p.valueScale;
          to[8] = (sums[i][k + 2] * (1 / kCodeUnit) + zero) * p.valueScale;
        }
      }
    }
#pragma unroll
    for (int n = 0; n < T; n++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        if (warp == 0 && g == 0 && heads[n][i] >= 0) {
          p.partialStats[row + heads[n][i] * p.queriesPerKv + queries[n][i]] =
              make_float2(max[n][i], allSums(8 * n + 2 * t + i).x);
        }
      }
    }
  }

  // One work item; `nextBlock` is that of the item after it.
  __device__ void fold(const uint8_t* stage, const WorkItem& at, int nextBlock) {
    turnQueries(at);
    fetchPhase(nextBlock);
    if (!kCentred) {
      table.fill(stage + layout.keyScales, stage + layout.keyZeros, p.kvHeads, middle);
    }
    __syncthreads();  // queries and tables are there
    float scores[T][4] = {};
    score(scores, stage);
    shareMaxima(scores);
    __syncthreads();
    weigh(scores, stage);
    waitForCopies<1>();  // the values; the stage of the next item may be under way
    __syncthreads();
    addValues();
  }
};

}  // namespace rotatekv
