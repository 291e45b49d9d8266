// Ends attention at decode: attends to the unfilled block and to the sinks, both in FP16, merges the partials of the
// stored blocks, rotates the sum of values back and divides. Grid (heads, batch).
//
// The warps of a CTA share out tokens of the unfilled block, partials and sinks; each has a running softmax of its own,
// and only at the end do they meet. At batch 1 a pair has some 200 partials and 8 warps are right; where there are many
// sequences, CTAs of few warps run all at a time.

#include "detail/attend.cuh"
#include "detail/running_softmax.cuh"
#include "detail/sink_search.cuh"

namespace {

using namespace rotatekv;

constexpr int kRoundTokens = 8;  // of the unfilled block, by one warp
constexpr int kTokenLanes = 32 / kRoundTokens;
constexpr int kRun = 8;  // pairs that a lane takes in a row; the lanes of a token take runs in turn

template <int D, int kWarps>
struct Shared {
  float2 query[D / 2 + D / 2 / kRun];  // rotated back by the position of the unfilled block; runs on other banks
  Sink sinks[kMaxSinks];
  int sinkCount;
  float max[kWarps], sum[kWarps];
  float rotated[kWarps][D], plain[kWarps][D];
};

// RoPE backwards: q of (a, b) at an angle.
__device__ float2 rotateBack(float a, float b, float2 angle) {
  return make_float2(a * angle.x + b * angle.y, b * angle.x - a * angle.y);
}

template <int D, int kWarps>
__device__ void attendTail(
    const AttendParams& p, const Shared<D, kWarps>& shared, Running<D>& run, int sequence, int kvHead) {
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
    float score = 0;
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
          float2 q = shared.query[start + i + start / kRun];
          score += q.x * (a[i] * angle.x - b[i] * angle.y) + q.y * (b[i] * angle.x + a[i] * angle.y);
          q = shared.query[start + i + 1 + start / kRun];
          score += q.x * (a[i + 1] * angle.z - b[i + 1] * angle.w) + q.y * (b[i + 1] * angle.z + a[i + 1] * angle.w);
        }
      }
    }
    for (int distance = 1; distance < kTokenLanes; distance *= 2) {
      score += __shfl_xor_sync(kWarp, score, distance);
    }
    score = token < tokens ? score : -INFINITY;
    run.raise(warpMax(score));
    float weight = exp2f(score - run.max);
#pragma unroll
    for (int i = 0; i < kRoundTokens; i++) {
      float w = __shfl_sync(kWarp, weight, i * kTokenLanes);
      run.sum += w;
      if (first + i < tokens) {
#pragma unroll
        for (int k = 0; k < N; k++) {
          run.plain[k] += w * __half2float(v[i].at[k]);
        }
      }
    }
  }
}

// The partials of a pair, those of this warp: every kWarps-th from that of `first` on.
struct Partials {
  int pair, first, last, column, columns;

  __device__ float2 stats(const AttendParams& p, int cta) const {
    return cta > last ? make_float2(-INFINITY, 0) : p.partialStats[partialSlot(pair, cta) * columns + column];
  }
};

// `stats` are those of this lane in the first round, asked for before there was a use for them.
template <int D, int kWarps>
__device__ void mergePartials(const AttendParams& p, Running<D>& run, const Partials& of, float2 stats) {
  constexpr int N = D / 32;
  int lane = threadIdx.x % 32;
  for (int start = of.first; start <= of.last; start += 32 * kWarps) {
    if (start > of.first) {
      stats = of.stats(p, start + lane * kWarps);
    }
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
      int64_t row = static_cast<int64_t>(partialSlot(of.pair, start + i * kWarps)) * of.columns + of.column;
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
template <int D, int kWarps>
__device__ void attendSinks(
    const AttendParams& p, const Shared<D, kWarps>& shared, Running<D>& run, const float* query, int kvHead) {
  int count = min(shared.sinkCount, kMaxSinks);
  for (int i = threadIdx.x / 32; i < count; i += kWarps) {
    attendSink(p, run, shared.sinks[i], query, kvHead);
  }
}

template <int D, bool kRotated, int kWarps>
__device__ void writeOut(const Shared<D, kWarps>& shared, half* out) {
  constexpr int N = D / 32;
  int lane = threadIdx.x % 32;
  float max = -INFINITY;
  for (int w = 0; w < kWarps; w++) {
    max = fmaxf(max, shared.max[w]);
  }
  float sum = 0;
  float rotated[N] = {};
  float plain[N] = {};
  for (int w = 0; w < kWarps; w++) {
    float weight = exp2f(shared.max[w] - max);
    sum += weight * shared.sum[w];
#pragma unroll
    for (int k = 0; k < N; k++) {
      rotated[k] += weight * shared.rotated[w][lane * N + k];
      plain[k] += weight * shared.plain[w][lane * N + k];
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

template <int D, bool kRotated, int kWarps>
__device__ void finish(const AttendParams& p) {
  constexpr int N = D / 32;
  __shared__ Shared<D, kWarps> shared;
  int warp = threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  int sequence = blockIdx.y;
  int head = blockIdx.x;
  int kvHead = head / p.queriesPerKv;
  int blocks = p.prefix[sequence + 1] - p.prefix[sequence];
  int64_t row = static_cast<int64_t>(sequence) * gridDim.x + head;
  const float* query = p.query + row * D;
  // What takes two loads is asked for first.
  SinkSearch<kWarps == 8 ? 6 : 2> search(p, sequence, kRotated ? blocks : 0);
  Partials partials{};
  float2 stats = make_float2(-INFINITY, 0);
  if (blocks > 0) {
    Schedule schedule(p);
    int group = kvHead / p.groupHeads;
    int begin = schedule.pairBegin(p, sequence, group, blocks);
    partials.pair = sequence * schedule.groups + group;
    partials.first = schedule.owner(begin) + warp;
    partials.last = schedule.owner(begin + blocks - 1);
    partials.columns = p.groupHeads * p.queriesPerKv;
    partials.column = kvHead % p.groupHeads * p.queriesPerKv + head % p.queriesPerKv;
    stats = partials.stats(p, partials.first + lane * kWarps);
  }
  for (int i = threadIdx.x; i < D / 2; i += 32 * kWarps) {
    float2 phase = p.phases[static_cast<int64_t>(blocks) * (D / 2) + i];
    shared.query[i + i / kRun] = rotateBack(query[i], query[i + D / 2], phase);
  }
  if (threadIdx.x == 0) {
    shared.sinkCount = 0;
  }
  __syncthreads();
  Running<D> run;
  attendTail(p, shared, run, sequence, kvHead);
  if (blocks > 0) {
    mergePartials<D, kWarps>(p, run, partials, stats);
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
  shared.max[warp] = run.max;
  shared.sum[warp] = run.sum;
#pragma unroll
  for (int k = 0; k < N; k++) {
    shared.rotated[warp][lane * N + k] = run.rotated[k];
    shared.plain[warp][lane * N + k] = run.plain[k];
  }
  __syncthreads();
  if (warp == 0) {
    writeOut<D, kRotated>(shared, p.out + row * D);
  }
}

}  // namespace

// `rotated` for the codecs that rotate values, `plain` for fp16. CTAS: so many of few warps run at a time.
#define FINISH(BASIS, ROTATED, D, WARPS, CTAS)                                                                    \
  extern "C" __global__ void __launch_bounds__(32 * WARPS, CTAS) finish_##BASIS##_d##D##_w##WARPS(                \
      const AttendParams p) {                                                                                     \
    finish<D, ROTATED, WARPS>(p);                                                                                 \
  }

#define FINISH_WARPS(BASIS, ROTATED, D) \
  FINISH(BASIS, ROTATED, D, 2, 16)      \
  FINISH(BASIS, ROTATED, D, 4, 8)       \
  FINISH(BASIS, ROTATED, D, 8, 2)

FINISH_WARPS(rotated, true, 64)
FINISH_WARPS(rotated, true, 128)
FINISH_WARPS(plain, false, 64)
FINISH_WARPS(plain, false, 128)
