#pragma once

#include <cstdint>

#include "reduce.cuh"

// Sampling by one block of threads, without sorting.
//
// Tokens are ranked by descending logit, then by ascending id. Top-k, top-p and the random draw each ask for the
// shortest run of ranks whose masses add up to a target; a radix descent over the logits' bits answers that in three
// passes of counting. Masses are integers: their sum does not depend on the order in which threads add, so a request
// repeats exactly.

namespace rotatekv {

constexpr int kSampleThreads = 1024;

struct Sampling {
  uint64_t seed;
  float temperature;
  int topK;
  float topP;
  int unused;
};

// The leading ranks: all tokens with a key above `key` and the first `ties` of those that have it.
struct Prefix {
  uint32_t key;
  int ties;
  uint64_t mass;
};

// Bits of a float as an unsigned number that sorts as the float does.
__device__ inline uint32_t sort_key(float x) {
  const int bits = __float_as_int(x);
  return (uint32_t)(bits ^ ((bits >> 31) & 0x7fffffff)) ^ 0x80000000u;
}

__device__ inline float from_sort_key(uint32_t key) {
  const int bits = (int)(key ^ 0x80000000u);
  return __int_as_float(bits ^ ((bits >> 31) & 0x7fffffff));
}

// Each token counts 1.
struct Count {
  __device__ uint64_t operator()(uint32_t) const { return 1; }
};

// exp((logit - top) / temperature) in steps of 2^-40: a vocabulary of 2^20 adds up to less than 2^61.
struct Weight {
  double top;
  double temperature;
  __device__ uint64_t operator()(uint32_t key) const {
    return __double2ull_rn(exp(((double)from_sort_key(key) - top) / temperature) * 0x1p40);
  }
};


constexpr int kDigits = 2048;

// One level of the descent: the bin, from the top, in which the running mass reaches the target.
struct Level {
  int digit;
  uint64_t above;  // mass of the bins above it
};

// Finds the bin by a scan from the top: thread t owns the bins kDigits - 1 - 2t and the one below.
__device__ inline Level find_level(const unsigned long long* bins, uint64_t above, uint64_t target) {
  __shared__ unsigned long long warp_sums[kSampleThreads / 32];
  __shared__ Level found;
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  const int high = kDigits - 1 - 2 * (int)threadIdx.x;
  const unsigned long long own = bins[high] + bins[high - 1];
  unsigned long long sum = own;
  for (int offset = 1; offset < 32; offset <<= 1) {
    const unsigned long long other = __shfl_up_sync(0xffffffffu, sum, offset);
    sum += lane >= offset ? other : 0;
  }
  if (lane == 31) {
    warp_sums[warp] = sum;
  }
  __syncthreads();
  unsigned long long before = above;
  for (int i = 0; i < warp; ++i) {
    before += warp_sums[i];
  }
  before += sum - own;
  if (before < target && before + own >= target) {
    const bool first = before + bins[high] >= target;
    found.digit = first ? high : high - 1;
    found.above = first ? before : before + bins[high];
  }
  __syncthreads();
  return found;
}

// The shortest prefix of the ranks in `kept` with at least `target` mass; 0 < target <= mass of `kept`.
template <typename Mass>
__device__ Prefix reach(const float* logits, int count, const Mass& mass, const Prefix& kept, uint64_t target) {
  __shared__ unsigned long long bins[kDigits];
  constexpr int kShifts[] = {21, 10, 0};
  constexpr int kBits[] = {11, 11, 10};
  uint32_t prefix = 0;
  uint64_t above = 0;
#pragma unroll
  for (int level = 0; level < 3; ++level) {
    const int shift = kShifts[level];
    const int top = shift + kBits[level];
    for (int i = threadIdx.x; i < kDigits; i += kSampleThreads) {
      bins[i] = 0;
    }
    __syncthreads();
    for (int id = threadIdx.x; id < count; id += kSampleThreads) {
      const uint32_t key = sort_key(logits[id]);
      const bool matches = level == 0 || (key >> (top % 32)) == (prefix >> (top % 32));
      // Ties at the end of `kept` are not all in it; they are added as one below.
      if (matches && key > kept.key) {
        atomicAdd(&bins[(key >> shift) & ((1 << kBits[level]) - 1)], (unsigned long long)mass(key));
      }
    }
    const bool last_matches = level == 0 || (kept.key >> (top % 32)) == (prefix >> (top % 32));
    if (threadIdx.x == 0 && kept.ties > 0 && last_matches) {
      atomicAdd(&bins[(kept.key >> shift) & ((1 << kBits[level]) - 1)],
                (unsigned long long)(kept.ties * mass(kept.key)));
    }
    __syncthreads();
    const Level found = find_level(bins, above, target);
    prefix |= (uint32_t)found.digit << shift;
    above = found.above;
    __syncthreads();
  }
  const uint64_t each = mass(prefix);
  const uint64_t ties = (target - above + each - 1) / each;
  return Prefix{prefix, (int)ties, above + ties * each};
}

// Mass of all of `kept`.
template <typename Mass>
__device__ uint64_t total(const float* logits, int count, const Mass& mass, const Prefix& kept) {
  __shared__ uint64_t scratch[kSampleThreads / 32];
  uint64_t sum = threadIdx.x == 0 ? kept.ties * mass(kept.key) : 0;
  for (int id = threadIdx.x; id < count; id += kSampleThreads) {
    const uint32_t key = sort_key(logits[id]);
    sum += key > kept.key ? mass(key) : 0;
  }
  sum = reduce_block<Sum>(sum, scratch);
  __syncthreads();
  return sum;
}

// The id of the token that is number `ties`, from 1, of those with this key.
__device__ inline int nth_with_key(const float* logits, int count, uint32_t key, int ties) {
  __shared__ int warp_counts[kSampleThreads / 32];
  __shared__ int found;
  const int warp = threadIdx.x / 32;
  int seen = 0;
  for (int first = 0; first < count; first += kSampleThreads) {
    const int id = first + threadIdx.x;
    const bool equal = id < count && sort_key(logits[id]) == key;
    const unsigned votes = __ballot_sync(0xffffffffu, equal);
    if (threadIdx.x % 32 == 0) {
      warp_counts[warp] = __popc(votes);
    }
    __syncthreads();
    int rank = seen + __popc(votes & ((2u << (threadIdx.x % 32)) - 1));
    for (int i = 0; i < kSampleThreads / 32; ++i) {
      rank += i < warp ? warp_counts[i] : 0;
      seen += warp_counts[i];
    }
    if (equal && rank == ties) {
      found = id;
    }
    __syncthreads();
    if (seen >= ties) {
      break;
    }
  }
  return found;
}

// SplitMix64 (Steele et al. 2014) as a counter hash: uniform in [0, 1).
__device__ inline uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

__device__ inline double uniform(uint64_t seed, int position) {
  constexpr uint64_t kGamma = 0x9E3779B97F4A7C15ull;
  return (double)(mix(mix(seed + kGamma) + (uint64_t)(int64_t)position * kGamma) >> 11) * 0x1p-53;
}

// The largest key and, of the tokens that have it, the lowest id.
__device__ inline int most_likely(const float* logits, int count) {
  __shared__ uint64_t scratch[kSampleThreads / 32];
  uint64_t best = 0;
  for (int id = threadIdx.x; id < count; id += kSampleThreads) {
    // 0 and -0 are equal to a greedy choice, so the lower id wins.
    const uint64_t candidate = (uint64_t)sort_key(logits[id] + 0.f) << 32 | (uint32_t)~id;
    best = Max::join(best, candidate);
  }
  best = reduce_block<Max>(best, scratch);
  return (int)~(uint32_t)best;
}

__device__ inline uint32_t largest_key(const float* logits, int count) {
  __shared__ uint32_t scratch[kSampleThreads / 32];
  uint32_t best = 0;
  for (int id = threadIdx.x; id < count; id += kSampleThreads) {
    best = Max::join(best, sort_key(logits[id]));
  }
  best = reduce_block<Max>(best, scratch);
  __syncthreads();
  return best;
}

// A fraction of a mass as a target: rounded up, within 1 and the mass itself.
__device__ inline uint64_t share(uint64_t mass, double fraction) {
  const uint64_t rounded = (uint64_t)ceil(fraction * (double)mass);
  return rounded == 0 ? 1 : rounded < mass ? rounded : mass;
}

__device__ inline int draw(const float* logits, int count, const Sampling& sampling, int position) {
  // No key is 0 but that of a NaN with all bits set, so this keeps all.
  Prefix kept{0, 0, 0};
  if (sampling.topK > 0 && sampling.topK < count) {
    kept = reach(logits, count, Count{}, kept, sampling.topK);
  }
  const Weight weight{from_sort_key(largest_key(logits, count)), sampling.temperature};
  kept = reach(logits, count, weight, kept, share(total(logits, count, weight, kept), sampling.topP));
  const uint64_t target = share(kept.mass, uniform(sampling.seed, position));
  const Prefix chosen = reach(logits, count, weight, kept, target);
  return nth_with_key(logits, count, chosen.key, chosen.ties);
}

}  // namespace rotatekv
