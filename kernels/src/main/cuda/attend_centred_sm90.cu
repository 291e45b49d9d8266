// Decode attention over `centred` blocks on Hopper: heads of 128 channels, rotation over 4 KV heads, 1, 2 or 4 query
// heads per KV head. See KERNELS.md for the algebra; the points a to g below are its.
//
// One CTA is one warpgroup and works on one 64-token block of one rotation group at a time; the batch is cut stream-K
// (attend.cuh). A warp owns 16 tokens for the scores and 16 channels of each half head for the values.
//
// Scores. The codes of a head are +-1 and +-3 halves, exact as e4m3 denormals, so unpacking is one LOP3 per four codes.
// wgmma multiplies each half of a head by the constant 256 H_64; the last butterfly (bit 6) folds into RoPE, whose coefficients for the block's 64 tokens stay in registers, since the query is rotated back by the block's
// first position (b, f). All of it is exact in FP16 until RoPE. The result is the A operand of the product with the
// queries, register for register. The scale of a head multiplies its share of the score, and the rotation across heads is
// its sign (a, c). The keys' mean adds [cos, sin](64 x 128) . W, with the coefficients as A operand (e).
//
// What limits it (H100, measured): wgmma with A in registers takes 13 cycles for any N up to 16, 16 for N = 32; FP16
// arithmetic and LOP3 issue every other cycle. So no pipe is full, and two chunks of a head are kept in flight per warp.
//
// Values. V^T P by FP8 wgmma, a block behind the scores: codes as above, each weight as two e4m3 numbers, its rounded
// value and 16 times the rest, in two columns. Sums go to FP32 registers once a block, as FP8 wgmma adds with 14 bits.
// The softmax takes a maximum common to the CTA, raised only where a score exceeds it by 2^3.
#include "detail/centred_shared.cuh"

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
  Shared<kQueries>& s = *reinterpret_cast<Shared<kQueries>*>(raw);
  const int thread = threadIdx.x, warp = thread >> 5, lane = thread & 31, g = lane >> 2, t = lane & 3;
  const Schedule schedule(p);
  if (blockIdx.x >= schedule.ctas) return;
  const int begin = schedule.begin(blockIdx.x), end = schedule.begin(blockIdx.x + 1);

  if (thread == 0) {
    for (int i = 0; i < kValueStages; i++) barrierInit(sharedAddress(&s.full[i]), 1);
  }
  for (int i = thread; i < 4096; i += kThreads) {
    int k = (i >> 10) * 16 + (i & 15), n = ((i >> 7) & 7) * 8 + ((i >> 4) & 7);
    s.butterfly[i] = (__popc(k & n) & 1) ? 0xF8 : 0x78;  // -256, 256
  }
  for (int i = thread; i < 512; i += kThreads) reinterpret_cast<uint32_t*>(s.weights)[i] = 0;
  for (int i = thread; i < 2 * L::kTiles * 512; i += kThreads) (&s.query[0][0])[i] = (&s.mean[0][0])[i] = 0;
  // RoPE of this thread's 2 tokens x 16 pairs with the butterfly of (i, i + 64) in it: minus = cos - sin, plus = cos + sin.
  uint32_t minus[16], plus[16];
#pragma unroll
  for (int j = 0; j < 8; j++) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
      const float4 a = *reinterpret_cast<const float4*>(p.angles + (warp * 16 + g + 8 * r) * kPairs + 8 * j + 2 * t);
      minus[2 * j + r] = bits(__floats2half2_rn(a.x - a.y, a.z - a.w));
      plus[2 * j + r] = bits(__floats2half2_rn(a.x + a.y, a.z + a.w));
    }
  }
  fenceProxyAsync();
  fenceBarrierInit();
  __syncthreads();

  if (thread == 0) {
    startLoading(p, schedule, begin, end, s.cursor);
    loadNext(p, s);
  }
  uint32_t ones;  // in a register, or the compiler splits the LOP3
  asm volatile("mov.b32 %0, 0x01010101;" : "=r"(ones));
  const float scoreScale = 256.f * p.keyScale * 0.04419417382f;  // 256 of a scale read as half; 1 / sqrt(512)
  const uint64_t butterfly = matrix(sharedAddress(s.butterfly), 1024, 128);
  const uint64_t queries = matrix(sharedAddress(s.query[0]), L::kTiles * 128, 128);
  const uint64_t means = matrix(sharedAddress(s.mean[0]), L::kTiles * 128, 128);
  const uint64_t weights = matrix(sharedAddress(s.weights), 128, 128);
  int done = 0;  // blocks, which decides all stages

  // Two chunks of a head, of 32 channels of each half, are in flight: while one is rotated in registers, the tensor cores
  // multiply the other.
  uint32_t transformed[2][2][8], x[2][2][8], keyLevels[2][2][4], valueLevels[2][2][4];  // [chunk or half][half or step]
  float product[2][4];
  auto unpackKeys = [&](int block, int head) {  // of the CTA's block
    const uint32_t codes = sharedAddress(s.keyCodes[block % kKeyStages]) + 2 * head * kPatchBytes + thread * 8;
    unpack(keyLevels[0], load64(codes), ones);
    unpack(keyLevels[1], load64(codes + kPatchBytes), ones);
  };
  auto startButterflies = [&](int chunk) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      multiplyE4m3N32<false>(transformed[chunk][half], keyLevels[half][0], butterfly + (512 * chunk >> 4));
      multiplyE4m3N32<true>(transformed[chunk][half], keyLevels[half][1], butterfly + (2048 + 512 * chunk >> 4));
    }
  };
  auto rotate = [&](int chunk) {  // the last butterfly and RoPE
#pragma unroll
    for (int i = 0; i < 8; i++) {
      const __half2 a = halves(transformed[chunk][0][i]), b = halves(transformed[chunk][1][i]);
      const __half2 m = halves(minus[8 * chunk + i]), q = halves(plus[8 * chunk + i]);
      x[chunk][0][i] = bits(__hfma2(a, m, __hmul2(b, q)));
      x[chunk][1][i] = bits(__hfma2(a, q, __hneg2(__hmul2(b, m))));
    }
  };
  auto rotateQueries = [&](int block) {  // back by the first position of the CTA's block, into core matrices
    const uint4 ph = load128(sharedAddress(&s.phases[block % kKeyStages][lane]));
    const __half2 cosine = __floats2half2_rn(__uint_as_float(ph.x), __uint_as_float(ph.z));
    const __half2 sine = __floats2half2_rn(__uint_as_float(ph.y), __uint_as_float(ph.w));
#pragma unroll
    for (int k = 0; k < (L::kColumns + 3) / 4; k++) {
      const int column = warp + 4 * k;
#pragma unroll
      for (int m = 0; m < 2; m++) {
        const uint2 z = load64(sharedAddress(m ? &s.meanHalves[column][lane] : &s.queryHalves[column][lane]));
        const __half2 a = halves(z.x), b = halves(z.y);
        uint32_t* to = (m ? s.mean[block & 1] : s.query[block & 1]) +
                       (((lane >> 2) * L::kTiles + (column >> 3)) * 8 + (column & 7)) * 4 + (lane & 3);
        to[0] = bits(__hfma2(a, cosine, __hmul2(b, sine)));
        to[L::kTiles * 256] = bits(__hfma2(b, cosine, __hneg2(__hmul2(a, sine))));
      }
    }
  };

  for (int item = begin; item < end;) {
    const WorkItem at = schedule.locate(p, item);
    const int first = at.block, last = min(at.pairBlocks, first + end - item);

    // Queries and their products with the mean, as complex numbers (channel i, channel i + 64).
#pragma unroll 1
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
    barrierWait(sharedAddress(&s.full[done % kValueStages]), done / kValueStages & 1);
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

    auto unpackValues = [&](int head) {  // of the block before
      const uint32_t codes =
          sharedAddress(s.valueCodes[(done - 1) & (kValueStages - 1)]) + 2 * head * kPatchBytes + thread * 8;
      unpack(valueLevels[0], load64(codes), ones);
      unpack(valueLevels[1], load64(codes + kPatchBytes), ones);
    };
    auto startValues = [&](int head) {
      const uint64_t b = weights + head * (512 >> 4);
#pragma unroll
      for (int half = 0; half < 2; half++) {  // 64 channels each
        if (head % L::kHeadsPerSum == 0) {
          multiplyE4m3N8(product[half], valueLevels[half][0], b);
        } else {
          addE4m3N8(product[half], valueLevels[half][0], b);
        }
        addE4m3N8(product[half], valueLevels[half][1], b + (256 >> 4));
      }
    };
    auto finishValues = [&](int head, bool keep) {
      written(product[0]);
      written(product[1]);
      if (keep && head % L::kHeadsPerSum == L::kHeadsPerSum - 1) {
#pragma unroll
        for (int i = 0; i < 8; i++) sums[head / L::kHeadsPerSum][i >> 2][i & 3] += product[i >> 2][i & 3];
      }
    };

#pragma unroll 1
    for (int block = first; block < last; block++, done++) {
      const int keyStage = done % kKeyStages;
      fenceProxyAsync();  // weights of the block before, queries of this one
      __syncthreads();
      if (thread == 0) loadNext(p, s);

      const uint32_t keyScales = sharedAddress(s.keyScales[keyStage]) + (warp * 16 + g) * 4;
      const uint32_t scales0 = load32(keyScales), scales1 = load32(keyScales + 32);
      const uint64_t query = queries + (done & 1) * (L::kTiles * 2048 >> 4);
      const uint64_t mean = means + (done & 1) * (L::kTiles * 2048 >> 4);
      float score[L::kTiles * 4], part[L::kTiles * 4];
      auto addPart = [&](int head) {
        const float2 s0 = scalePair(scales0, head >> 1), s1 = scalePair(scales1, head >> 1);
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
          const uint64_t q = query + (2 * chunk + k) * L::kTiles * 16;
          if (chunk == 0 && k == 0) {
            multiplyHalf<false>(part, x[0][0], q);
          } else {
            multiplyHalf<true>(part, x[chunk][0] + 4 * k, q);
          }
          multiplyHalf<true>(part, x[chunk][1] + 4 * k, q + 4 * L::kTiles * 16);
        }
      };
      unpackKeys(done, 0);
      fence();
      startButterflies(0);
#pragma unroll
      for (int k = 0; k < 4; k++) {
        if (k == 0) {
          multiplyHalf<false>(score, minus, mean);
        } else {
          multiplyHalf<true>(score, minus + 4 * k, mean + k * L::kTiles * 16);
        }
        multiplyHalf<true>(score, plus + 4 * k, mean + (k + 4) * L::kTiles * 16);
      }
      commit();
#pragma unroll
      for (int head = 0; head < kHeads; head++) {
        unpackValues(head);
        wait<0>();
        written(transformed[0][0]);
        written(transformed[0][1]);
        if (head == 0) {
          written(score);
        } else {
          written(part);
        }
        fence();
        startButterflies(1);
        startValues(head);  // a segment's first block has none before it: computed and dropped
        commit();
        if (head == 0) {
#pragma unroll
          for (int i = 0; i < L::kTiles * 4; i++) score[i] *= 1.f / scoreScale;
        } else {
          addPart(head - 1);
        }
        rotate(0);
        fence();
        startScores(0);
        commit();
        if (head < kHeads - 1) {
          wait<0>();
          written(transformed[1][0]);
          written(transformed[1][1]);
          finishValues(head, block > first);
          unpackKeys(done, head + 1);
          fence();
          startButterflies(0);
          commit();
        } else {
          if (block + 1 < last) {
            barrierWait(sharedAddress(&s.full[(done + 1) % kValueStages]), (done + 1) / kValueStages & 1);
            rotateQueries(done + 1);
          }
          wait<0>();
          written(transformed[1][0]);
          written(transformed[1][1]);
          finishValues(head, block > first);
        }
        rotate(1);
        fence();
        startScores(1);
        commit();
      }
      wait<0>();
      written(part);
      addPart(kHeads - 1);
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
      if (__syncthreads_or(raise)) {
#pragma unroll
        for (int n = 0; n < L::kTiles; n++)
#pragma unroll
          for (int i = 0; i < 2; i++) {
            float m = fmaxf(score[4 * n + i], score[4 * n + i + 2]);
            for (int o = 4; o < 32; o *= 2) m = fmaxf(m, __shfl_xor_sync(~0u, m, o));
            if (g == 0) s.maxima[warp][n * 8 + 2 * t + i] = m;
          }
        __syncthreads();
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
        __syncthreads();
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
    }
    item += last - first;
    // The last block's values, then the partial.
    fenceProxyAsync();
    __syncthreads();
#pragma unroll
    for (int head = 0; head < kHeads; head++) {
      unpackValues(head);
      fence();
      startValues(head);
      commit();
      wait<0>();
      finishValues(head, true);
    }
#pragma unroll
    for (int n = 0; n < L::kTiles; n++)
#pragma unroll
      for (int i = 0; i < 2; i++) {
        float x = total[n][i];
        for (int o = 4; o < 32; o *= 2) x += __shfl_xor_sync(~0u, x, o);
        if (g == 0) s.stats[warp][n * 8 + 2 * t + i] = make_float2(maximum[n][i], x);
      }
    const int64_t slot = static_cast<int64_t>(partialSlot(at.pair, blockIdx.x)) * L::kColumns;
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
    __syncthreads();
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

// The launcher gives as much shared memory, by the same numbers.
static_assert(sizeof(rotatekv::centred::Shared<1>) == 68096 && sizeof(rotatekv::centred::Shared<2>) == 70144 &&
              sizeof(rotatekv::centred::Shared<4>) == 82944);

#define ATTEND(queries, ctas)                                                                                      \
  extern "C" __global__ void __launch_bounds__(rotatekv::centred::kThreads, ctas)                               \
      attend_centred_d128_g4_q##queries##_sm90(const __grid_constant__ rotatekv::AttendParams p) {           \
    rotatekv::centred::attend<queries>(p);                                                                   \
  }
ATTEND(1, 3)
ATTEND(2, 2)
ATTEND(4, 2)
