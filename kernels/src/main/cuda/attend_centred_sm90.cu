// Decode attention over `centred` blocks on Hopper: heads of 128 channels, rotation over 4 KV heads, 1, 2 or 4 query
// heads per KV head. See KERNELS.md for the algebra; the points a to g below are its.
//
// A warpgroup works on one 64-token block of one rotation group at a time; the batch is cut stream-K (attend.cuh). A warp
// owns 16 tokens for the scores and 16 channels of each half head for the values. A CTA has as many warpgroups as
// registers allow, four or three; they share nothing but tables.
//
// Scores. The codes of a head are +-1 and +-3 halves, exact as e4m3 denormals, so unpacking is one LOP3 per four codes.
// wgmma multiplies each half of a head by the constant 256 H_64; the last butterfly (bit 6) folds into RoPE, whose
// coefficients for the block's 64 tokens are a table, since the query is rotated back by the block's first position
// (b, f). All of it is exact in FP16 until RoPE. The result is the A operand of the product with the queries, register
// for register. The scale of a head multiplies its share of the score, and the rotation across heads is its sign (a, c).
// The keys' mean adds [cos, sin](64 x 128) . W, with the table as A operand (e).
//
// Values. V^T P by FP8 wgmma, a block behind the scores: codes as above, each weight as two e4m3 numbers, its rounded
// value and 16 times the rest, in two columns. Sums go to FP32 registers once a block, as FP8 wgmma adds with 14 bits.
// The softmax takes a maximum common to the warpgroup, raised only where a score exceeds it by 2^3.
//
// What limits it (H100, measured): wgmma with A in registers takes 13 to 19 cycles for any N up to 32, of which the
// products with the queries alone are 29 % of the time. So the tensor cores are fed from as many warps as fit, products
// that add to each other take turns with others, and the addresses of operands come from a shuffle, which keeps them in
// uniform registers: without it, moving them there costs 220 of 2,900 instructions and a seventh of the time.
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

// One bit of the KV head of column 8 n + 2 t + i, as a sign bit.
template <int kQueries, int kBit>
__device__ __forceinline__ uint32_t kvHeadBit(int n, int i, int t) {
  constexpr int kShift = (kQueries == 1 ? 0 : kQueries == 2 ? 1 : 2) + kBit;  // of the column
  if constexpr (kShift == 0) {
    return static_cast<uint32_t>(i) << 31;
  } else if constexpr (kShift == 3) {
    return static_cast<uint32_t>(n) << 31;
  } else {
    return static_cast<uint32_t>(t >> (kShift - 1)) << 31;
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

  let_next_start();
  constexpr int kThreads = L::kGroups * kGroupThreads;
  for (int i = threadIdx.x; i < 4096; i += kThreads) {
    int k = (i >> 10) * 16 + (i & 15), n = ((i >> 7) & 7) * 8 + ((i >> 4) & 7);
    shared.butterfly[i] = (__popc(k & n) & 1) ? 0xF8 : 0x78;  // -256, 256
  }
  // RoPE with the butterfly of (i, i + 64) in it: cos - sin, cos + sin.
  for (int i = threadIdx.x; i < 2048; i += kThreads) {
    const int token = (i >> 5 & 7) * 8 + (i >> 2 & 7), channel = (i >> 8) * 8 + (i & 3) * 2;
    const float4 a = *reinterpret_cast<const float4*>(p.angles + token * kPairs + channel);
    shared.angles[i] = bits(__floats2half2_rn(a.x - a.y, a.z - a.w));
    shared.angles[2048 + i] = bits(__floats2half2_rn(a.x + a.y, a.z + a.w));
  }
  for (int i = thread; i < 512; i += kGroupThreads) reinterpret_cast<uint32_t*>(s.weights)[i] = 0;
  for (int i = thread; i < 16 * L::kStride; i += kGroupThreads) s.query[i] = s.mean[i] = 0;

  // Neighbours in the schedule are on different multiprocessors.
  wait_for_earlier_work();
  const Schedule schedule(p);
  const int worker = warpgroup * gridDim.x + blockIdx.x;
  const bool idle = worker >= schedule.workers;
  const int begin = idle ? 0 : schedule.begin(worker), end = idle ? 0 : schedule.begin(worker + 1);
  if (thread == 0 && !idle) {
    for (int i = 0; i < kValueStages; i++) barrierInit(sharedAddress(&s.full[i]), 1);
    fenceBarrierInit();
    startLoading(p, schedule, begin, end, s.cursor);
    loadNext(p, s);
  }
  fenceProxyAsync();
  __syncthreads();
  if (idle) return;

  uint32_t ones;  // in a register, or the compiler splits the LOP3
  asm volatile("mov.b32 %0, 0x01010101;" : "=r"(ones));
  const float scoreScale = 256.f * p.keyScale * 0.04419417382f;  // 256 of a scale read as half; 1 / sqrt(512)
  const uint64_t butterfly = matrix(sharedAddress(shared.butterfly), 1024, 128);
  const uint64_t angles = matrix(sharedAddress(shared.angles), 1024, 128);
  const uint64_t query = matrix(sharedAddress(s.query), L::kStride * 4, 128);
  const uint64_t mean = matrix(sharedAddress(s.mean), L::kStride * 4, 128);
  // Row lane % 8 of four core matrices: tokens of this warp and 8 more, of one octet of channels and of the next.
  const uint32_t fragments =
      sharedAddress(shared.angles) + (lane >> 4) * 1024 + (2 * warp + (lane >> 3 & 1)) * 128 + (lane & 7) * 16;
  const uint64_t weights = matrix(sharedAddress(s.weights), 128, 128);
  int done = 0;                // blocks
  int stage = 0, parity = 0;   // done % kValueStages, and whether it came round an odd number of times
  int before = 0;              // the stage of the block before

  // A head has two chunks of 32 channels of each half: while one is rotated in registers, the tensor cores multiply the
  // other.
  uint32_t x[2][2][8];          // [chunk][half]
  uint32_t keyLevels[2][2][4];  // [half][step]
  uint32_t valueLevels[2][4];   // [step] of one half
  float product[2][4];
  auto unpackKeys = [&](int block, int head) {  // of the worker's block
    const uint32_t codes = sharedAddress(s.keyCodes[block & (kKeyStages - 1)]) + 2 * head * kPatchBytes + thread * 8;
    unpack(keyLevels[0], load64(codes), ones);
    unpack(keyLevels[1], load64(codes + kPatchBytes), ones);
  };
  auto startButterflies = [&](int chunk, int step) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      if (step == 0) {
        multiplyE4m3N32<false>(x[chunk][half], keyLevels[half][0], butterfly + (512 * chunk >> 4));
      } else {
        multiplyE4m3N32<true>(x[chunk][half], keyLevels[half][1], butterfly + (2048 + 512 * chunk >> 4));
      }
    }
  };
  auto loadAngles = [&](int chunk, int k, uint32_t (&minus)[4], uint32_t (&plus)[4]) {
    loadMatrices(minus, fragments + (4 * chunk + 2 * k) * 1024);
    loadMatrices(plus, fragments + (4 * chunk + 2 * k) * 1024 + 8192);
  };
  auto rotate = [&](int chunk, int k, const uint32_t (&minus)[4], const uint32_t (&plus)[4]) {
#pragma unroll
    for (int i = 0; i < 4; i++) {  // the last butterfly and RoPE
      uint32_t &lower = x[chunk][0][4 * k + i], &upper = x[chunk][1][4 * k + i];
      const __half2 a = halves(lower), b = halves(upper), m = halves(minus[i]), q = halves(plus[i]);
      lower = bits(__hfma2(a, m, __hmul2(b, q)));
      upper = bits(__hfma2(a, q, __hneg2(__hmul2(b, m))));
    }
  };
  auto rotateQueries = [&](int block) {  // back by the first position of the worker's block, into core matrices
    const uint4 ph = load128(sharedAddress(&s.phases[block & (kKeyStages - 1)][lane]));
    const __half2 cosine = __floats2half2_rn(__uint_as_float(ph.x), __uint_as_float(ph.z));
    const __half2 sine = __floats2half2_rn(__uint_as_float(ph.y), __uint_as_float(ph.w));
    constexpr int kOwn = (L::kColumns + 3) / 4;  // columns of this warp
    uint2 z[2][kOwn];
#pragma unroll
    for (int k = 0; k < kOwn; k++) {
      z[0][k] = load64(sharedAddress(&s.queryHalves[warp + 4 * k][lane]));
      z[1][k] = load64(sharedAddress(&s.meanHalves[warp + 4 * k][lane]));
    }
#pragma unroll
    for (int k = 0; k < kOwn; k++) {
      const int column = warp + 4 * k;
      const int at = (lane >> 2) * L::kStride + column * 4 + (lane & 3);
#pragma unroll
      for (int m = 0; m < 2; m++) {
        const __half2 a = halves(z[m][k].x), b = halves(z[m][k].y);
        uint32_t* to = (m ? s.mean : s.query) + at;
        to[0] = bits(__hfma2(a, cosine, __hmul2(b, sine)));
        to[8 * L::kStride] = bits(__hfma2(b, cosine, __hneg2(__hmul2(a, sine))));
      }
    }
  };

  for (int item = begin; item < end;) {
    const WorkItem at = schedule.locate(p, item);
    const int first = at.block, last = min(at.pairBlocks, first + end - item);

    // Queries and their products with the mean, as complex numbers (channel i, channel i + 64).
#pragma unroll
    for (int column = warp; column < L::kColumns; column += 4) {
      const int head = at.group * kHeads * kQueries + column, kvHead = at.group * kHeads + column / kQueries;
      const float* q = p.query + (static_cast<int64_t>(at.sequence) * p.kvHeads * kQueries + head) * kDim + 2 * lane;
      const float* m = p.keyMean + kvHead * kDim + 2 * lane;
      const float2 qa = *reinterpret_cast<const float2*>(q), qb = *reinterpret_cast<const float2*>(q + kPairs);
      const float2 ma = *reinterpret_cast<const float2*>(m), mb = *reinterpret_cast<const float2*>(m + kPairs);
      s.queryHalves[column][lane] =
          make_uint2(bits(__floats2half2_rn(qa.x, qa.y)), bits(__floats2half2_rn(qb.x, qb.y)));
      // cos w1 + sin w2 in terms of the coefficients: minus (w1 - w2) / 2 + plus (w1 + w2) / 2.
      const float u1 = qa.x * ma.x + qb.x * mb.x, u2 = qb.x * ma.x - qa.x * mb.x;
      const float v1 = qa.y * ma.y + qb.y * mb.y, v2 = qb.y * ma.y - qa.y * mb.y;
      s.meanHalves[column][lane] = make_uint2(bits(__floats2half2_rn(.5f * (u1 - u2), .5f * (v1 - v2))),
                                              bits(__floats2half2_rn(.5f * (u1 + u2), .5f * (v1 + v2))));
    }
    barrierWait(sharedAddress(&s.full[stage]), parity);
    rotateQueries(done);
    float sums[L::kSums][2][4], maximum[L::kTiles][2], total[L::kTiles][2];
#pragma unroll
    for (int n = 0; n < L::kTiles; n++) {
      maximum[n][0] = maximum[n][1] = -1e30f;
      total[n][0] = total[n][1] = 0.f;
    }
#pragma unroll
    for (int a = 0; a < L::kSums; a++)
#pragma unroll
      for (int i = 0; i < 8; i++) sums[a][i >> 2][i & 3] = 0.f;

    auto loadValues = [&](int head, int half) {  // of the block before
      return load64(sharedAddress(s.valueCodes[before]) + (2 * head + half) * kPatchBytes + thread * 8);
    };
    auto startValues = [&](int head, int half, int step) {  // 64 channels, 32 tokens
      const uint64_t b = weights + head * (512 >> 4) + step * (256 >> 4);
      if (step == 0 && head % L::kHeadsPerSum == 0) {
        multiplyE4m3N8(product[half], valueLevels[0], b);
      } else {
        addE4m3N8(product[half], valueLevels[step], b);
      }
    };
    auto finishValues = [&](int head, int half, bool keep) {
      written(product[half]);
      if (keep && head % L::kHeadsPerSum == L::kHeadsPerSum - 1) {
#pragma unroll
        for (int i = 0; i < 4; i++) sums[head / L::kHeadsPerSum][half][i] += product[half][i];
      }
    };

#pragma unroll 1
    for (int block = first; block < last; block++) {
      const int keyStage = done & (kKeyStages - 1);
      fenceProxyAsync();  // weights of the block before, queries of this one
      syncGroup(barrier);
      if (thread == 0) loadNext(p, s);

      const uint32_t keyScales = sharedAddress(s.keyScales[keyStage]) + (warp * 16 + g) * 4;
      float score[L::kTiles * 4], part[L::kTiles * 4];
      auto addPart = [&](int head) {
        const float2 s0 = scalePair(load32(keyScales), head >> 1), s1 = scalePair(load32(keyScales + 32), head >> 1);
        const float scale[2] = {(head & 1) ? s0.y : s0.x, (head & 1) ? s1.y : s1.x};
#pragma unroll
        for (int i = 0; i < L::kTiles * 4; i++) {  // the rotation across heads: the sign H_4[KV head of the column, head]
          const uint32_t flip = ((head & 1) ? kvHeadBit<kQueries, 0>(i >> 2, i & 1, t) : 0u) ^
                                ((head & 2) ? kvHeadBit<kQueries, 1>(i >> 2, i & 1, t) : 0u);
          score[i] += __uint_as_float(__float_as_uint(scale[i >> 1 & 1]) ^ flip) * part[i];
        }
      };
      auto startScores = [&](int chunk) {
#pragma unroll
        for (int k = 0; k < 2; k++) {
          const uint64_t q = query + (2 * chunk + k) * L::kStep;
          if (chunk == 0 && k == 0) {
            multiplyHalf<false>(part, x[0][0], q);
          } else {
            multiplyHalf<true>(part, x[chunk][0] + 4 * k, q);
          }
          multiplyHalf<true>(part, x[chunk][1] + 4 * k, q + 4 * L::kStep);
        }
      };
      auto startMean = [&](int part) {  // half of the channels
#pragma unroll
        for (int k = 4 * part; k < 4 * part + 4; k++) {
          const uint64_t a = angles + k * (2048 >> 4), b = mean + k * L::kStep;
          if (k == 0) {
            multiplyShared<false>(score, a, b);
          } else {
            multiplyShared<true>(score, a, b);
          }
        }
      };
      unpackKeys(done, 0);
      fence();
      startButterflies(0, 0);
      startButterflies(0, 1);
      commit();
#pragma unroll
      for (int head = 0; head < kHeads; head++) {
#pragma unroll
        for (int chunk = 0; chunk < 2; chunk++) {
          const uint2 values = loadValues(head, chunk);
          wait<0>();
          written(x[chunk][0]);
          written(x[chunk][1]);
          if (head > 0 || chunk > 0) written(part);
          if (head == 1 && chunk == 0) written(score);
          if (head > 0 || chunk > 0) {
            finishValues(chunk ? head : head - 1, chunk ^ 1, block > first);
          }
          unpack(valueLevels, values, ones);
          if (chunk == 1 && head < kHeads - 1) unpackKeys(done, head + 1);
          uint32_t minus[2][4], plus[2][4];
          loadAngles(chunk, 0, minus[0], plus[0]);
          fence();
          // Products that add to each other take turns with others.
          const bool next = chunk == 0 || head < kHeads - 1;
          if (next) startButterflies(chunk ^ 1, 0);
          startValues(head, chunk, 0);
          if (head == 0) startMean(chunk);
          if (next) startButterflies(chunk ^ 1, 1);
          startValues(head, chunk, 1);  // a segment's first block has none before it: computed and dropped
          commit();
          loadAngles(chunk, 1, minus[1], plus[1]);
          if (chunk == 0) {
            if (head == 1) {
#pragma unroll
              for (int i = 0; i < L::kTiles * 4; i++) score[i] *= 1.f / scoreScale;
            }
            if (head > 0) addPart(head - 1);
          }
          rotate(chunk, 0, minus[0], plus[0]);
          rotate(chunk, 1, minus[1], plus[1]);
          fence();
          startScores(chunk);
          commit();
        }
      }
      const bool more = block + 1 < last;
      before = stage;
      if (++stage == kValueStages) {
        stage = 0;
        parity ^= 1;
      }
      if (more) barrierWait(sharedAddress(&s.full[stage]), parity);
      wait<0>();
      written(part);
      finishValues(kHeads - 1, 1, block > first);
      addPart(kHeads - 1);
      done++;
      // Sinks, and whether the common maximum must rise.
      const uint64_t sinks = s.sinks[keyStage][0] >> (warp * 16 + g);
      bool raise = false;
#pragma unroll
      for (int n = 0; n < L::kTiles; n++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
          score[4 * n + i] *= scoreScale;
          if (sinks >> (8 * (i >> 1)) & 1) score[4 * n + i] = -INFINITY;
        }
        if (n * 8 + 2 * t < L::kColumns) {
          raise |= fmaxf(score[4 * n + 0], score[4 * n + 2]) > maximum[n][0] + kRaise ||
                   fmaxf(score[4 * n + 1], score[4 * n + 3]) > maximum[n][1] + kRaise;
        }
      }
      if (syncGroupOr(barrier, raise)) {
#pragma unroll
        for (int n = 0; n < L::kTiles; n++)
#pragma unroll
          for (int i = 0; i < 2; i++) {
            float m = fmaxf(score[4 * n + i], score[4 * n + i + 2]);
            for (int o = 4; o < 32; o *= 2) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
            if (g == 0) s.maxima[warp][n * 8 + 2 * t + i] = m;
          }
        syncGroup(barrier);
#pragma unroll
        for (int n = 0; n < L::kTiles; n++)
#pragma unroll
          for (int i = 0; i < 2; i++) {
            const int c = n * 8 + 2 * t + i;
            const float m = fmaxf(maximum[n][i], fmaxf(fmaxf(s.maxima[0][c], s.maxima[1][c]),
                                                       fmaxf(s.maxima[2][c], s.maxima[3][c])));
            const float shrink = exp2Fast(maximum[n][i] - m);
            maximum[n][i] = m;
            total[n][i] *= shrink;
            if (warp == 0 && g == 0) s.rescale[c] = shrink;
          }
        syncGroup(barrier);
#pragma unroll
        for (int a = 0; a < L::kSums; a++) {
          const float shrink = s.rescale[a * 4 + t];
#pragma unroll
          for (int i = 0; i < 8; i++) sums[a][i >> 2][i & 3] *= shrink;
        }
      }
      // Weights times value scales, as e4m3 numbers and 16 times what they leave.
      const uint32_t valueScales = sharedAddress(s.valueScales[keyStage]) + (warp * 16 + g) * 4;
#pragma unroll
      for (int r = 0; r < 2; r++) {
        const uint32_t word = load32(valueScales + 32 * r);
#pragma unroll
        for (int n = 0; n < L::kTiles; n++) {
          const int column = n * 8 + 2 * t;
          if (column < L::kColumns) {
            const float p0 = exp2Fast(score[4 * n + 2 * r] - maximum[n][0]);
            const float p1 = exp2Fast(score[4 * n + 2 * r + 1] - maximum[n][1]);
            total[n][0] += p0;
            total[n][1] += p1;
            const int head0 = column / kQueries, head1 = (column + 1) / kQueries;
            const float2 v = __half22float2(
                halves(__byte_perm(word, 0, 0x404 | head0 << 4 | head1 << 12) >> 1));
            const float w0 = p0 * v.x * kWeightScale, w1 = p1 * v.y * kWeightScale;
            const uint32_t high = packE4m3(w0, w1);
            const float2 rounded = unpackE4m3(high);
            const uint32_t low = packE4m3((w0 - rounded.x) * 16.f, (w1 - rounded.y) * 16.f);
            const uint32_t to = sharedAddress(s.weights) + warp * 128 + g + 8 * r;
            const uint32_t to0 = to + head0 * 512 + (column & 3) * 32, to1 = to + head1 * 512 + ((column + 1) & 3) * 32;
            store8(to0, high);
            store8(to0 + 16, low);
            store8(to1, high >> 8);
            store8(to1 + 16, low >> 8);
          }
        }
      }
      if (more) rotateQueries(done);  // everybody has passed the barrier, so nobody multiplies with the old ones
    }
    item += last - first;
    // The last block's values, then the partial.
    fenceProxyAsync();
    syncGroup(barrier);
#pragma unroll
    for (int head = 0; head < kHeads; head++) {
#pragma unroll
      for (int half = 0; half < 2; half++) {
        unpack(valueLevels, loadValues(head, half), ones);
        fence();
        startValues(head, half, 0);
        startValues(head, half, 1);
        commit();
        wait<0>();
        finishValues(head, half, true);
      }
    }
#pragma unroll
    for (int n = 0; n < L::kTiles; n++)
#pragma unroll
      for (int i = 0; i < 2; i++) {
        float x = total[n][i];
        for (int o = 4; o < 32; o *= 2) x += __shfl_xor_sync(~0u, x, o);
        if (g == 0) s.stats[warp][n * 8 + 2 * t + i] = make_float2(maximum[n][i], x);
      }
    const int64_t slot = static_cast<int64_t>(partialSlot(at.pair, worker)) * L::kColumns;
    const float scale = 65536.f / kWeightScale * p.valueScale;  // levels are 2^-8, scales 2^-8
#pragma unroll
    for (int a = 0; a < L::kSums; a++) {
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
static_assert(sizeof(rotatekv::centred::Shared<1>) == 229376 && sizeof(rotatekv::centred::Shared<2>) == 183296 &&
              sizeof(rotatekv::centred::Shared<4>) == 209408);

#define ATTEND(queries)                                                                                            \
  extern "C" __global__ void __launch_bounds__(                                                                    \
      rotatekv::centred::Layout<queries>::kGroups * rotatekv::centred::kGroupThreads, 1)                           \
      attend_centred_d128_g4_q##queries##_sm90(const __grid_constant__ rotatekv::AttendParams p) {                 \
    rotatekv::centred::attend<queries>(p);                                                                         \
  }
ATTEND(1)
ATTEND(2)
ATTEND(4)
