// Decode attention over `centred` blocks on Hopper: heads of 128 channels, rotation over 4 KV heads, 1, 2 or 4 query
// heads per KV head.
//
// A warpgroup works on one 64-token block of one rotation group at a time; the batch is cut stream-K (attend.cuh). A warp
// owns 16 tokens for the scores and 16 channels of each half head for the values. A CTA has as many warpgroups as
// registers allow, four or three; they share nothing but a table.
//
// Scores. Keys are stored turned by RoPE for their places in the block, then rotated (FORMAT.md). Both are orthogonal, so
// instead of undoing them the kernel does the same to the query, once a block: turns it back by the block's first
// position, multiplies it by H_128, and multiplies codes by the result. The codes of a head are +-1 and +-3 halves, exact
// as e4m3 denormals, so unpacking is one LOP3 per four codes. A query's channel is two e4m3 numbers, its rounded value
// and 16 times the rest. The scale of a head multiplies its share of the score, and the rotation across heads is its
// sign. The keys' mean adds [cos, sin](64 x 128) . W, with the table as A operand.
//
// Values. V^T P by FP8 wgmma, a block behind the scores: codes as above, weights as two numbers like queries. Sums go to
// FP32 registers once a block, as FP8 wgmma adds with 14 bits. The softmax takes a maximum common to the warpgroup,
// raised only where a score exceeds it by 2^3.
//
// The addresses of operands come from a shuffle, which keeps them in uniform registers.
#include "detail/centred_shared.cuh"
#include "detail/early_start.cuh"

namespace rotatekv {
namespace centred {
namespace {

// The A operand of two k32 steps of one row of a thread pair: a patch's words of rows g and g + 8 (FORMAT.md, "Codes").
__device__ __forceinline__ uint32_t levels(uint32_t word, uint32_t ones) {
  uint32_t d;
  asm("lop3.b32 %0, %1, 0x82828282, %2, 0xEA;" : "=r"(d) : "r"(word), "r"(ones));
  return d;
}
__device__ __forceinline__ void unpack(uint32_t (&a)[2][4], uint2 words, uint32_t ones) {
  a[0][0] = levels(words.x, ones);
  a[0][1] = levels(words.y, ones);
  a[0][2] = levels(words.x << 1, ones);
  a[0][3] = levels(words.y << 1, ones);
  a[1][0] = levels(__funnelshift_r(words.x, words.x, 4), ones);
  a[1][1] = levels(__funnelshift_r(words.y, words.y, 4), ones);
  a[1][2] = levels(__funnelshift_r(words.x, words.x, 3), ones);
  a[1][3] = levels(__funnelshift_r(words.y, words.y, 3), ones);
}

// Two scales of four in a word, as half times 2^8.
__device__ __forceinline__ float2 scalePair(uint32_t word, int pair) {
  return __half22float2(halves(__byte_perm(word, 0, pair ? 0x3424 : 0x1404) >> 1));
}

// The KV head of column 4 n + t.
template <int kQueries>
__device__ __forceinline__ int kvHead(int n, int t) {
  return kQueries == 1 ? t : kQueries == 2 ? 2 * n + (t >> 1) : n;
}

// Two numbers, and 16 times what these leave.
struct Split {
  uint16_t rounded, rest;

  __device__ __forceinline__ explicit Split(float low, float high) : rounded(packE4m3(low, high)) {
    const float2 x = __half22float2(unpackE4m3(rounded));
    rest = packE4m3((low - x.x) * 16.f, (high - x.y) * 16.f);
  }
  __device__ __forceinline__ explicit Split(half2 pair) : rounded(packE4m3(pair)) {
    rest = packE4m3(__hmul2(__hsub2(pair, unpackE4m3(rounded)), __float2half2_rn(16.f)));
  }
};

// H_64 of a warp, over several vectors: channels 2 lane and 2 lane + 1.
template <int N>
__device__ __forceinline__ void rotate64(half2 (&x)[N], int lane) {
#pragma unroll
  for (int i = 0; i < N; i++) {
    x[i] = __hfma2(x[i], __floats2half2_rn(1.f, -1.f), halves(__byte_perm(bits(x[i]), 0, 0x1032)));
  }
#pragma unroll
  for (int k = 0; k < 5; k++) {
    const half2 sign = halves(lane >> k & 1 ? 0xBC00BC00u : 0x3C003C00u);
    uint32_t other[N];
#pragma unroll
    for (int i = 0; i < N; i++) other[i] = __shfl_xor_sync(~0u, bits(x[i]), 1 << k);
#pragma unroll
    for (int i = 0; i < N; i++) x[i] = __hfma2(x[i], sign, halves(other[i]));
  }
}

template <int kQueries>
__device__ __forceinline__ void attend(const AttendParams& p) {
  using L = Layout<kQueries>;
  extern __shared__ __align__(128) uint8_t raw[];
  Shared<kQueries>& shared = *reinterpret_cast<Shared<kQueries>*>(raw);
  const int warpgroup = __shfl_sync(~0u, threadIdx.x / kGroupThreads, 0), barrier = warpgroup + 1;
  Own<kQueries>& s = shared.own[warpgroup];
  const int thread = threadIdx.x % kGroupThreads, warp = thread >> 5, lane = thread & 31, g = lane >> 2, t = lane & 3;

  constexpr int kThreads = L::kGroups * kGroupThreads;
  for (int i = threadIdx.x; i < 2048; i += kThreads) {
    const int token = (i >> 5 & 7) * 8 + (i >> 2 & 7), channel = (i >> 8) * 8 + (i & 3) * 2;
    const float4 a = *reinterpret_cast<const float4*>(p.angles + token * kPairs + channel);
    shared.angles[i] = bits(__floats2half2_rn(a.x, a.z));
    shared.angles[2048 + i] = bits(__floats2half2_rn(a.y, a.w));
  }
  for (int i = thread; i < 512; i += kGroupThreads) reinterpret_cast<uint32_t*>(s.weights)[i] = 0;
  for (int i = thread; i < 16 * L::kMeanStride; i += kGroupThreads) s.mean[i] = 0;

  // Neighbours in the schedule are on different multiprocessors.
  wait_for_earlier_work();
  let_next_start();  // after waiting: finish_attention reads what earlier kernels wrote before it waits for this one
  const Schedule schedule(p);
  const int worker = warpgroup * gridDim.x + blockIdx.x;
  const bool idle = worker >= schedule.workers;
  const int begin = idle ? 0 : schedule.begin(worker), end = idle ? 0 : schedule.begin(worker + 1);
  WorkItem earliest{};
  if (!idle && warp == 0) earliest = schedule.locate(p, begin);
  if (thread == 0 && !idle) {
    for (int i = 0; i < kValueStages; i++) barrierInit(sharedAddress(&s.full[i]), 1);
    fenceBarrierInit();
    beginOrders(earliest, s.cursor);
    order(p, s, 0);
    if (end - begin > 1) order(p, s, 1);
    waitForCopies<0>();
  }
  fenceProxyAsync();
  __syncthreads();
  if (idle) return;
  if (lane == 0) load(p, s, 0, 0, warp);

  uint32_t ones;  // in a register, or the compiler splits the LOP3
  asm volatile("mov.b32 %0, 0x01010101;" : "=r"(ones));
  const uint64_t angles = matrix(sharedAddress(shared.angles), 1024, 128);
  const uint64_t query = matrix(sharedAddress(s.query), L::kQueryStride, 128);
  const uint64_t mean = matrix(sharedAddress(s.mean), L::kMeanStride * 4, 128);
  const uint64_t weights = matrix(sharedAddress(s.weights), 128, 128);
  int done = 0;                // blocks
  int stage = 0, parity = 0;   // done % kValueStages, and whether it came round an odd number of times
  int before = 0;              // the stage of the block before

  uint32_t keyLevels[2][2][2][4];  // [head % 2][half][step]
  uint32_t valueLevels[2][2][4];   // [half][step]
  float part[2][4 * L::kTiles];    // of scores, [head % 2]
  float product[2][4];             // [half]
  float means[4 * L::kMeanTiles];
  auto unpackKeys = [&](int head) {
    const uint32_t codes = sharedAddress(s.keyCodes[done & (kKeyStages - 1)]) + 2 * head * kPatchBytes + thread * 8;
    unpack(keyLevels[head & 1][0], load64(codes), ones);
    unpack(keyLevels[head & 1][1], load64(codes + kPatchBytes), ones);
  };
  auto unpackValues = [&](int head) {  // of the block before
    const uint32_t codes = sharedAddress(s.valueCodes[before]) + 2 * head * kPatchBytes + thread * 8;
    unpack(valueLevels[0], load64(codes), ones);
    unpack(valueLevels[1], load64(codes + kPatchBytes), ones);
  };
  auto multiplyKeys = [&](int head, int step) {  // 32 channels
    const uint64_t b = query + step * (2 * L::kQueryStride >> 4);
    if (step == 0) {
      multiplyE4m3<false>(part[head & 1], keyLevels[head & 1][0][0], b);
    } else {
      multiplyE4m3<true>(part[head & 1], keyLevels[head & 1][step / 2][step % 2], b);
    }
  };
  auto multiplyMeans = [&](int k) {  // 16 channels
    const uint64_t a = angles + k * (2048 >> 4), b = mean + k * (2 * L::kMeanStride * 4 >> 4);
    if (k == 0) {
      multiplyShared<false>(means, a, b);
    } else {
      multiplyShared<true>(means, a, b);
    }
  };
  auto multiplyValues = [&](int head, int half, int step) {  // 64 channels, 32 tokens
    const uint64_t b = weights + head * (512 >> 4) + step * (256 >> 4);
    if (step == 0 && head % L::kHeadsPerSum == 0) {
      multiplyE4m3<false>(product[half], valueLevels[half][0], b);
    } else {
      multiplyE4m3<true>(product[half], valueLevels[half][step], b);
    }
  };
  // Products that add to each other take turns with others.
  auto start = [&](int head) {
    fence();
#pragma unroll
    for (int step = 0; step < 4; step++) {
      multiplyKeys(head, step);
      multiplyValues(head, step % 2, step / 2);
      if (step % 2 == 0) multiplyMeans(2 * head + step / 2);
    }
    commit();
  };
  // Turns the queries back by the first position of the worker's block, into operands.
  auto turnQueries = [&](int block) {
    const uint4 ph = load128(sharedAddress(&s.phases[block & (kKeyStages - 1)][lane]));
    const half2 cosine = __floats2half2_rn(__uint_as_float(ph.x), __uint_as_float(ph.z));
    const half2 sine = __floats2half2_rn(__uint_as_float(ph.y), __uint_as_float(ph.w));
    half2 x[2 * L::kTiles];
#pragma unroll
    for (int n = 0; n < L::kTiles; n++) {
      const uint2 q = s.queryHalves[4 * n + warp][lane], m = s.meanHalves[4 * n + warp][lane];
      const half2 a = __hfma2(halves(q.x), cosine, __hmul2(halves(q.y), sine));
      const half2 b = __hfma2(halves(q.y), cosine, __hneg2(__hmul2(halves(q.x), sine)));
      x[2 * n] = __hadd2(a, b);
      x[2 * n + 1] = __hsub2(a, b);
      const half2 u = halves(m.x), v = halves(m.y);
      uint32_t* w = s.mean + (lane >> 2) * L::kMeanStride + (n >> 1) * 32 + (2 * warp + (n & 1)) * 4 + (lane & 3);
      w[0] = bits(__hfma2(u, cosine, __hmul2(v, sine)));
      w[8 * L::kMeanStride] = bits(__hfma2(v, cosine, __hneg2(__hmul2(u, sine))));
    }
    rotate64(x, lane);
    uint8_t* to = s.query + (lane >> 3) * L::kQueryStride + warp * 32 + (lane & 7) * 2;
#pragma unroll
    for (int i = 0; i < 2 * L::kTiles; i++) {
      const Split split(x[i]);
      uint8_t* at = to + (i & 1) * 4 * L::kQueryStride + (i >> 1) * 128;
      *reinterpret_cast<uint16_t*>(at) = split.rounded;
      *reinterpret_cast<uint16_t*>(at + 16) = split.rest;
    }
  };

  for (int item = begin; item < end;) {
    const WorkItem at = schedule.locate(p, item);
    const int first = at.block, last = min(at.pairBlocks, first + end - item);
    if (thread == 0) s.slot = partialSlot(at.pair, worker);  // in memory: the loop needs the registers

    // Queries, and their products with the mean as complex numbers (channel i, channel i + 64).
#pragma unroll
    for (int n = 0; n < L::kTiles; n++) {
      const int column = 4 * n + warp;
      const int head = at.group * kHeads * kQueries + column, kvHead = at.group * kHeads + column / kQueries;
      const float* q = p.query + (static_cast<int64_t>(at.sequence) * p.kvHeads * kQueries + head) * kDim + 2 * lane;
      const float* m = p.keyMean + kvHead * kDim + 2 * lane;
      const float2 qa = *reinterpret_cast<const float2*>(q), qb = *reinterpret_cast<const float2*>(q + kPairs);
      const float2 ma = *reinterpret_cast<const float2*>(m), mb = *reinterpret_cast<const float2*>(m + kPairs);
      float square = qa.x * qa.x + qa.y * qa.y + qb.x * qb.x + qb.y * qb.y;
      for (int o = 1; o < 32; o *= 2) square += __shfl_xor_sync(~0u, square, o);
      const float length = sqrtf(square), unit = length > 0.f ? kQueryScale / length : 0.f;
      if (lane == 0) s.lengths[column] = length;
      s.queryHalves[column][lane] = make_uint2(bits(__floats2half2_rn(qa.x * unit, qa.y * unit)),
                                               bits(__floats2half2_rn(qb.x * unit, qb.y * unit)));
      // What they add to the score per cosine, and per sine.
      s.meanHalves[column][lane] =
          make_uint2(bits(__floats2half2_rn(qa.x * ma.x + qb.x * mb.x, qa.y * ma.y + qb.y * mb.y)),
                     bits(__floats2half2_rn(qb.x * ma.x - qa.x * mb.x, qb.y * ma.y - qa.y * mb.y)));
    }
    barrierWait(sharedAddress(&s.full[stage]), parity);
    turnQueries(done);
    syncGroup(barrier);
    float sums[kQueries][2][4], maximum[L::kTiles], total[L::kTiles], factor[L::kTiles];
#pragma unroll
    for (int n = 0; n < L::kTiles; n++) {
      maximum[n] = -1e30f;
      total[n] = 0.f;
      // Levels and scales are 2^-8 of what they mean; 1 / sqrt(512).
      factor[n] = s.lengths[4 * n + t] * (65536.f * 0.04419417382f / kQueryScale) * p.keyScale;
    }
#pragma unroll
    for (int a = 0; a < kQueries; a++)
#pragma unroll
      for (int i = 0; i < 8; i++) sums[a][i >> 2][i & 3] = 0.f;
    auto finishValues = [&](int head, bool keep) {
      written(product[0]);
      written(product[1]);
      if (keep && head % L::kHeadsPerSum == L::kHeadsPerSum - 1) {
#pragma unroll
        for (int i = 0; i < 8; i++) sums[head / L::kHeadsPerSum][i >> 2][i & 3] += product[i >> 2][i & 3];
      }
    };

#pragma unroll 1
    for (int block = first; block < last; block++) {
      const int keyStage = done & (kKeyStages - 1);
      fenceProxyAsync();   // weights of the block before, queries of this one
      waitForCopies<0>();  // the order of the block to load
      syncGroup(barrier);
      if (lane == 0 && done + 1 < end - begin) load(p, s, done + 1, stage + 1 == kValueStages ? 0 : stage + 1, warp);
      if (thread == 0 && done + 2 < end - begin) order(p, s, done + 2);

      unpackKeys(0);
      unpackValues(0);
      start(0);  // a segment's first block has none before it: its values are computed and dropped
      const uint32_t keyScales = sharedAddress(s.keyScales[keyStage]) + (warp * 16 + g) * 4;
      const uint32_t scaleWords[2] = {load32(keyScales), load32(keyScales + 32)};
      float score[L::kTiles][2] = {};
#pragma unroll
      for (int head = 0; head < kHeads; head++) {
        if (head + 1 < kHeads) unpackKeys(head + 1);
        wait<0>();
        written(part[head & 1]);
        written(means);
        finishValues(head, block > first);
        if (head + 1 < kHeads) {
          unpackValues(head + 1);
          start(head + 1);
        }
#pragma unroll
        for (int r = 0; r < 2; r++) {
          const float2 pair = scalePair(scaleWords[r], head >> 1);
          const uint32_t scale = __float_as_uint((head & 1) ? pair.y : pair.x);
#pragma unroll
          for (int n = 0; n < L::kTiles; n++) {  // the rotation across heads: the sign H_4[KV head of the column, head]
            const uint32_t flip = static_cast<uint32_t>(__popc(kvHead<kQueries>(n, t) & head)) << 31;
            const float x = part[head & 1][4 * n + 2 * r] + part[head & 1][4 * n + 2 * r + 1] * .0625f;
            score[n][r] += __uint_as_float(scale ^ flip) * x;
          }
        }
      }
      const bool more = block + 1 < last;
      before = stage;
      if (++stage == kValueStages) {
        stage = 0;
        parity ^= 1;
      }
      done++;
      // Sinks, and whether the common maximum must rise.
      const uint64_t sinks = s.sinks[keyStage][0] >> (warp * 16 + g);
      bool raise = false;
#pragma unroll
      for (int n = 0; n < L::kTiles; n++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
          score[n][r] = score[n][r] * factor[n] + means[(n >> 1) * 4 + 2 * r + (n & 1)];
          if (sinks >> (8 * r) & 1) score[n][r] = -INFINITY;
        }
        raise |= fmaxf(score[n][0], score[n][1]) > maximum[n] + kRaise;
      }
      if (syncGroupOr(barrier, raise)) {
#pragma unroll
        for (int n = 0; n < L::kTiles; n++) {
          float m = fmaxf(score[n][0], score[n][1]);
          for (int o = 4; o < 32; o *= 2) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
          if (g == 0) s.maxima[warp][4 * n + t] = m;
        }
        syncGroup(barrier);
#pragma unroll
        for (int n = 0; n < L::kTiles; n++) {
          const int c = 4 * n + t;
          const float m =
              fmaxf(maximum[n], fmaxf(fmaxf(s.maxima[0][c], s.maxima[1][c]), fmaxf(s.maxima[2][c], s.maxima[3][c])));
          const float shrink = exp2Fast(maximum[n] - m);
          maximum[n] = m;
          total[n] *= shrink;
          if (warp == 0 && g == 0) s.rescale[c] = shrink;
        }
        syncGroup(barrier);
#pragma unroll
        for (int a = 0; a < kQueries; a++) {
          const float shrink = s.rescale[a * 4 + t];
#pragma unroll
          for (int i = 0; i < 8; i++) sums[a][i >> 2][i & 3] *= shrink;
        }
      }
      // Weights times value scales, tokens g and g + 8.
      const uint32_t valueScales = sharedAddress(s.valueScales[keyStage]) + (warp * 16 + g) * 4;
      const uint32_t words[2] = {load32(valueScales), load32(valueScales + 32)};
#pragma unroll
      for (int n = 0; n < L::kTiles; n++) {
        const int head = kvHead<kQueries>(n, t);
        float w[2];
#pragma unroll
        for (int r = 0; r < 2; r++) {
          const float weight = exp2Fast(score[n][r] - maximum[n]);
          total[n] += weight;
          const half scale = __ushort_as_half(static_cast<uint16_t>((words[r] >> 8 * head & 0xFF) << 7));
          w[r] = weight * __half2float(scale) * kWeightScale;
        }
        const Split split(w[0], w[1]);
        const uint32_t to = sharedAddress(s.weights) + head * 512 + warp * 128 + t * 32 + g;
        store8(to, split.rounded);
        store8(to + 8, static_cast<uint16_t>(split.rounded >> 8));
        store8(to + 16, split.rest);
        store8(to + 24, static_cast<uint16_t>(split.rest >> 8));
      }
      if (more) {
        barrierWait(sharedAddress(&s.full[stage]), parity);
        turnQueries(done);  // everybody has passed the barrier, so nobody multiplies with the old ones
      }
    }
    item += last - first;
    // The last block's values, then the partial.
    fenceProxyAsync();
    syncGroup(barrier);
#pragma unroll
    for (int head = 0; head < kHeads; head++) {
      unpackValues(head);
      fence();
#pragma unroll
      for (int i = 0; i < 4; i++) multiplyValues(head, i % 2, i / 2);
      commit();
      wait<0>();
      finishValues(head, true);
    }
#pragma unroll
    for (int n = 0; n < L::kTiles; n++) {
      float x = total[n];
      for (int o = 4; o < 32; o *= 2) x += __shfl_xor_sync(~0u, x, o);
      if (g == 0) s.stats[warp][4 * n + t] = make_float2(maximum[n], x);
    }
    const int64_t slot = static_cast<int64_t>(s.slot) * L::kColumns;
    const float scale = 65536.f / kWeightScale * p.valueScale;  // levels are 2^-8, scales 2^-8
#pragma unroll
    for (int a = 0; a < kQueries; a++) {
      float* to = p.partial + (slot + a * 4 + t) * kDim + warp * 16 + g;
#pragma unroll
      for (int half = 0; half < 2; half++)
#pragma unroll
        for (int r = 0; r < 2; r++)
          to[64 * half + 8 * r] = (sums[a][half][2 * r] + sums[a][half][2 * r + 1] * .0625f) * scale;
    }
    syncGroup(barrier);
    if (thread < L::kColumns) {
      float x = 0.f;
      for (int w = 0; w < 4; w++) x += s.stats[w][thread].y;
      p.partialStats[slot + thread] = make_float2(s.stats[0][thread].x, x);
    }
  }
}

}  // namespace
}  // namespace centred
}  // namespace rotatekv

// The launcher gives as many threads and as much shared memory, by the same numbers.
static_assert(sizeof(rotatekv::centred::Shared<1>) == 220160 && sizeof(rotatekv::centred::Shared<2>) == 179200 &&
              sizeof(rotatekv::centred::Shared<4>) == 204928);

#define ATTEND(queries)                                                                                            \
  extern "C" __global__ void __launch_bounds__(                                                                    \
      rotatekv::centred::Layout<queries>::kGroups * rotatekv::centred::kGroupThreads, 1)                           \
      attend_centred_d128_g4_q##queries##_sm90(const __grid_constant__ rotatekv::AttendParams p) {                 \
    rotatekv::centred::attend<queries>(p);                                                                         \
  }
ATTEND(1)
ATTEND(2)
ATTEND(4)
