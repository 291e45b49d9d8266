// Fills memory with random numbers of the normal distribution: a counter-based generator, so that every launch of a
// seed gives the same numbers.
#include <cuda_fp16.h>

#include <cstdint>

struct RandomNormalParams {
  half* out;       // (count)
  uint64_t count;  // even
  uint64_t seed;
  float deviation;
};

// SplitMix64 (Steele, Lea, Flood 2014): the state is a counter, the output its finalizer.
__device__ uint64_t mixed(uint64_t state) {
  uint64_t z = state * 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

// Box and Muller (1958): two uniform numbers give two normal ones.
extern "C" __global__ void random_normal(const RandomNormalParams p) {
  const uint64_t stride = uint64_t{gridDim.x} * blockDim.x;
  for (uint64_t i = uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.count / 2; i += stride) {
    const uint64_t bits = mixed(mixed(p.seed) + i);
    const float u = (static_cast<uint32_t>(bits) + 1.0f) * 0x1p-32f;  // (0, 1]
    const float v = static_cast<uint32_t>(bits >> 32) * 0x1p-32f;
    const float radius = p.deviation * sqrtf(-2.0f * logf(u));
    float sine, cosine;
    sincospif(2.0f * v, &sine, &cosine);
    reinterpret_cast<half2*>(p.out)[i] = __floats2half2_rn(radius * cosine, radius * sine);
  }
}
