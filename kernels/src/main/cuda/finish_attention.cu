// Ends attention at decode: attends to the unfilled block and to the sinks, both in FP16, merges the partials of the
// stored blocks, rotates the sum of values back and divides. Grid (heads / kQueries, batch).
//
// A CTA has kQueries query heads of one KV head, which share what is read of the unfilled block. Its warps share out tokens of the unfilled block, partials and sinks; each has a running softmax of its own for each query,
// and only at the end do they meet. At batch 1 a pair has some 200 partials and 8 warps are right; where there are many
// sequences, CTAs of few warps run all at a time.

#include "detail/attend.cuh"
#include "detail/early_start.cuh"
#include "detail/running_softmax.cuh"
#include "detail/sink_search.cuh"

namespace {

using namespace rotatekv;

constexpr int kRoundTokens = 8;  // of the unfilled block, by one warp
constexpr int kTokenLanes = 32 / kRoundTokens;
constexpr int kRun = 8;  // pairs that a lane takes in a row; the lanes of a token take runs in turn

template <int D, int kWarps, int kQueries>
struct Shared {
  float2 query[kQueries][D / 2 + D / 2 / kRun];  // rotated back by the position of the unfilled block; runs on other banks
  Sink sinks[kMaxSinks];
  int sinkCount;
  float max[kQueries][kWarps], sum[kQueries][kWarps];
  float rotated[kQueries][kWarps][D], plain[kQueries][kWarps][D];
};

// RoPE backwards: q of (a, b) at an angle.
__device__ float2 rotateBack(float a, float b, float2 angle) {
  return make_float2(a * angle.x + b * angle.y, b * angle.x - a * angle.y);
}

template <int D, int kWarps, int kQueries>
__device__ void attendTail(const AttendParams& p, const Shared<D, kWarps, kQueries>& shared,
                           Running<D> (&run)[kQueries], int sequence, int kvHead) {
  constexpr int N = D / 32;
  int lane = threadIdx.x % 32;
  int tokens = p.tailTokens[sequence];
  int stride = p.kvHeads * D;
  const half* keys = reinterpret_cast<const half*>(p.tails[sequence]) + kvHead * D;
  int firstPair = lane % kTokenLanes * kRun;
  for (int first = threadIdx.x / 32 * kRoundTokens; first < tokens; first += kRoundTokens * kWarps) {
    const half* values = keys + (kBlockTokens + first) * stride + lane * N;
    Vector<half, N> v[kRoundTokens];
#pragma unroll
    for (int i = 0; i < kRoundTokens; i++) {
      if (first + i < tokens) {
        v[i] = *reinterpret_cast<const Vector<half, N>*>(values + i * stride);
      }
    }
    int token = first + lane / kTokenLanes;
    float score[kQueries] = {};
    if (token < tokens) {
#pragma unroll 1
      for (int start = firstPair; start < D / 2; start += kRun * kTokenLanes) {
        float a[kRun];
        float b[kRun];
        loadHalves(a, keys + token * stride + start);
        loadHalves(b, keys + token * stride + start + D / 2);
        auto angles = reinterpret_cast<const float4*>(p.angles + token * (D / 2) + start);
#pragma unroll
        for (int i = 0; i < kRun; i += 2) {
          float4 angle = angles[i / 2];
          float a0 = a[i] * angle.x - b[i] * angle.y, b0 = b[i] * angle.x + a[i] * angle.y;
          float a1 = a[i + 1] * angle.z - b[i + 1] * angle.w, b1 = b[i + 1] * angle.z + a[i + 1] * angle.w;
#pragma unroll
          for (int n = 0; n < kQueries; n++) {
            const float2* q = shared.query[n] + start + i + start / kRun;
            score[n] += q[0].x * a0 + q[0].y * b0 + q[1].x * a1 + q[1].y * b1;
          }
        }
      }
    }
#pragma unroll
    for (int n = 0; n < kQueries; n++) {
      for (int distance = 1; distance < kTokenLanes; distance *= 2) {
        score[n] += __shfl_xor_sync(kWarp, score[n], distance);
      }
      score[n] = token < tokens ? score[n] : -INFINITY;
      run[n].raise(warpMax(score[n]));
      float weight = exp2f(score[n] - run[n].max);
#pragma unroll
      for (int i = 0; i < kRoundTokens; i++) {
        float w = __shfl_sync(kWarp, weight, i * kTokenLanes);
        run[n].sum += w;
        if (first + i < tokens) {
#pragma unroll
          for (int k = 0; k < N; k++) {
            run[n].plain[k] += w * __half2float(v[i].at[k]);
          }
        }
      }
    }
  }
}

// The partials of a pair, those of this warp: every kWarps-th from that of `first` on.
struct Partials {
  int pair, first, last, column, columns;  // column: of the first query

  __device__ Partials(const AttendParams& p, int sequence, int head, int blocks) {
    const Schedule schedule(p);
    const int kvHead = head / p.queriesPerKv, group = kvHead / p.groupHeads;
    const int begin = schedule.pairBegin(p, sequence, group, blocks);
    pair = sequence * schedule.groups + group;
    first = schedule.owner(begin) + threadIdx.x / 32;
    last = schedule.owner(begin + blocks - 1);
    columns = p.groupHeads * p.queriesPerKv;
    column = kvHead % p.groupHeads * p.queriesPerKv + head % p.queriesPerKv;
  }

  __device__ float2 stats(const AttendParams& p, int worker, int query) const {
    return worker > last ? make_float2(-INFINITY, 0)
                         : p.partialStats[partialSlot(pair, worker) * columns + column + query];
  }
};

template <int D, int kWarps>
__device__ void mergePartials(const AttendParams& p, Running<D>& run, const Partials& of, int query) {
  constexpr int N = D / 32;
  int lane = threadIdx.x % 32;
  for (int start = of.first; start <= of.last; start += 32 * kWarps) {
    const float2 stats = of.stats(p, start + lane * kWarps, query);
    run.raise(warpMax(stats.x));
    if (run.max == -INFINITY) {
      continue;  // nothing but sinks so far
    }
    float weight = exp2f(stats.x - run.max);
    run.sum += warpSum(weight * stats.y);
    int count = min((of.last - start) / kWarps + 1, 32);
#pragma unroll 8
    for (int i = 0; i < count; i++) {
      float w = __shfl_sync(kWarp, weight, i);
      int64_t row = static_cast<int64_t>(partialSlot(of.pair, start + i * kWarps)) * of.columns + of.column + query;
      auto sums = *reinterpret_cast<const Vector<float, N>*>(p.partial + row * D + lane * N);
#pragma unroll
      for (int k = 0; k < N; k++) {
        run.rotated[k] += w * sums.at[k];
      }
    }
  }
}

template <int D>
__device__ void attendSink(const AttendParams& p, Running<D>& run, const Sink& sink, const float* query, int kvHead) {
  constexpr int N = D / 32;
  int lane = threadIdx.x % 32;
  const half* key = sink.key + kvHead * D;
  const float2* phases = p.phases + static_cast<int64_t>(sink.position / kBlockTokens) * (D / 2);
  const float2* angles = p.angles + sink.position % kBlockTokens * (D / 2);
  float score = 0;
#pragma unroll
  for (int i = lane; i < D / 2; i += 32) {
    float2 q = rotateBack(query[i], query[i + D / 2], phases[i]);
    q = rotateBack(q.x, q.y, angles[i]);
    score += q.x * __half2float(key[i]) + q.y * __half2float(key[i + D / 2]);
  }
  score = warpSum(score);
  float v[N];
  loadHalves(v, key + p.kvHeads * D + lane * N);
  run.raise(score);
  float weight = exp2f(score - run.max);
  run.sum += weight;
#pragma unroll
  for (int k = 0; k < N; k++) {
    run.rotated[k] += weight * v[k];
  }
}

// This warp's part of the listed sinks.
template <int D, int kWarps, int kQueries>
__device__ void attendSinks(const AttendParams& p, const Shared<D, kWarps, kQueries>& shared,
                            Running<D> (&run)[kQueries], const float* query, int kvHead) {
  int count = min(shared.sinkCount, kMaxSinks);
  for (int i = threadIdx.x / 32; i < count; i += kWarps) {
#pragma unroll
    for (int n = 0; n < kQueries; n++) {
      attendSink(p, run[n], shared.sinks[i], query + n * D, kvHead);
    }
  }
}

template <int D, bool kRotated, int kWarps, int kQueries>
__device__ void writeOut(const Shared<D, kWarps, kQueries>& shared, int query, half* out) {
  constexpr int N = D / 32;
  int lane = threadIdx.x % 32;
  float max = -INFINITY;
  for (int w = 0; w < kWarps; w++) {
    max = fmaxf(max, shared.max[query][w]);
  }
  float sum = 0;
  float rotated[N] = {};
  float plain[N] = {};
  for (int w = 0; w < kWarps; w++) {
    float weight = exp2f(shared.max[query][w] - max);
    sum += weight * shared.sum[query][w];
#pragma unroll
    for (int k = 0; k < N; k++) {
      rotated[k] += weight * shared.rotated[query][w][lane * N + k];
      plain[k] += weight * shared.plain[query][w][lane * N + k];
    }
  }
  if (kRotated) {
    transform(rotated);
  }
  float norm = kRotated ? rsqrtf(static_cast<float>(D)) : 1.0f;
#pragma unroll
  for (int k = 0; k < N; k++) {
    out[lane * N + k] = __float2half_rn((rotated[k] * norm + plain[k]) / sum);
  }
}

template <int D, bool kRotated, int kWarps, int kQueries>
__device__ void finish(const AttendParams& p) {
  constexpr int N = D / 32;
  __shared__ Shared<D, kWarps, kQueries> shared;
  let_next_start();
  int warp = threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  int sequence = blockIdx.y;
  int head = blockIdx.x * kQueries;
  int kvHead = head / p.queriesPerKv;
  int blocks = p.prefix[sequence + 1] - p.prefix[sequence];
  int64_t row = static_cast<int64_t>(sequence) * (gridDim.x * kQueries) + head;
  const float* query = p.query + row * D;
  // The unfilled block does not depend on the kernel before this one: its attention goes on beside the slowest of that
  // kernel's thread blocks. What takes two loads is asked for first.
  SinkSearch<kWarps == 8 ? 6 : 2> search(p, sequence, kRotated ? blocks : 0);
  for (int i = threadIdx.x; i < D / 2; i += 32 * kWarps) {
    float2 phase = p.phases[static_cast<int64_t>(blocks) * (D / 2) + i];
#pragma unroll
    for (int n = 0; n < kQueries; n++) {
      shared.query[n][i + i / kRun] = rotateBack(query[n * D + i], query[n * D + i + D / 2], phase);
    }
  }
  if (threadIdx.x == 0) {
    shared.sinkCount = 0;
  }
  __syncthreads();
  Running<D> run[kQueries];
  attendTail(p, shared, run, sequence, kvHead);
  wait_for_earlier_work();
  if (blocks > 0) {
    const Partials partials(p, sequence, head, blocks);
#pragma unroll
    for (int n = 0; n < kQueries; n++) {
      mergePartials<D, kWarps>(p, run[n], partials, n);
    }
  }
  while (kRotated && __syncthreads_or(!search.done())) {
    search.list(p, shared.sinks, &shared.sinkCount, 2 * p.kvHeads * D);
    __syncthreads();
    attendSinks(p, shared, run, query, kvHead);
    __syncthreads();
    if (threadIdx.x == 0) {
      shared.sinkCount = 0;
    }
  }
#pragma unroll
  for (int n = 0; n < kQueries; n++) {
    shared.max[n][warp] = run[n].max;
    shared.sum[n][warp] = run[n].sum;
#pragma unroll
    for (int k = 0; k < N; k++) {
      shared.rotated[n][warp][lane * N + k] = run[n].rotated[k];
      shared.plain[n][warp][lane * N + k] = run[n].plain[k];
    }
  }
  __syncthreads();
  for (int n = warp; n < kQueries; n += kWarps) {
    writeOut<D, kRotated>(shared, n, p.out + (row + n) * D);
  }
}

}  // namespace

// `rotated` for the codecs that rotate values, `plain` for fp16. CTAS: so many of few warps run at a time.
#define FINISH(BASIS, ROTATED, D, WARPS, QUERIES, CTAS)                                                           \
  extern "C" __global__ void __launch_bounds__(32 * WARPS, CTAS) finish_##BASIS##_d##D##_w##WARPS##_q##QUERIES(   \
      const AttendParams p) {                                                                                     \
    finish<D, ROTATED, WARPS, QUERIES>(p);                                                                        \
  }

#define FINISH_VARIANTS(BASIS, ROTATED, D) \
  FINISH(BASIS, ROTATED, D, 2, 1, 16)      \
  FINISH(BASIS, ROTATED, D, 4, 1, 8)       \
  FINISH(BASIS, ROTATED, D, 8, 1, 2)       \
  FINISH(BASIS, ROTATED, D, 4, 4, 4)

FINISH_VARIANTS(rotated, true, 64)
FINISH_VARIANTS(rotated, true, 128)
FINISH_VARIANTS(plain, false, 64)
FINISH_VARIANTS(plain, false, 128)
