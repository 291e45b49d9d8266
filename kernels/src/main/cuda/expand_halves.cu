// Expands blocks of the codec fp16 for prefill attention: keys after RoPE and values, as a token's rows.

#include <cuda_fp16.h>
#include <stdint.h>

#include "detail/block.cuh"
#include "detail/rope.cuh"

struct ExpandHalvesParams {
  const uint64_t* blocks;  // (gridDim.y): device address of each block
  half* keys;              // (tokens, kvDim)
  half* values;            // (tokens, kvDim)
  const float2* angles;    // (64, headDim / 2): cosine and sine of RoPE at positions 0 to 63
  const float2* phases;    // (blocks of a context, headDim / 2): the same at position 64 * block
  int kvDim;
  int headDim;
  int start;               // position of the first token
  rotatekv::BlockSections at;
};

namespace {

using namespace rotatekv;

constexpr int kThreads = 128;
constexpr int kMaxHeadDim = 256;
constexpr int kPitch = 2 * 33;  // halves of a channel's 64 tokens, and a word against bank conflicts

}  // namespace

// Grid (kvHeads, blocks).
extern "C" __global__ void __launch_bounds__(kThreads) expand_halves(const __grid_constant__ ExpandHalvesParams p) {
  __shared__ uint32_t words[kMaxHeadDim * kPitch / 2];
  const half* const tile = reinterpret_cast<const half*>(words);
  const uint8_t* const block = reinterpret_cast<const uint8_t*>(p.blocks[blockIdx.y]);
  const int channel = blockIdx.x * p.headDim;
  const int pairs = p.headDim / 2;
  const uint32_t* const from = reinterpret_cast<const uint32_t*>(block + p.at.keyCodes) + channel * (kBlockTokens / 2);
  for (int i = threadIdx.x; i < p.headDim * (kBlockTokens / 2); i += kThreads) {
    words[i / (kBlockTokens / 2) * (kPitch / 2) + i % (kBlockTokens / 2)] = from[i];
  }
  __syncthreads();
  const int64_t first = static_cast<int64_t>(blockIdx.y) * kBlockTokens;
  for (int i = threadIdx.x; i < kBlockTokens * pairs; i += kThreads) {
    const int token = i / pairs;
    const int pair = i % pairs;
    const float2 angle =
        rope_angle(p.phases, p.angles, pairs, p.start + blockIdx.y * kBlockTokens + token, pair);
    const float2 turned = rope_rotate(
        make_float2(__half2float(tile[pair * kPitch + token]), __half2float(tile[(pair + pairs) * kPitch + token])),
        angle);
    half* to = p.keys + (first + token) * p.kvDim + channel + pair;
    to[0] = __float2half_rn(turned.x);
    to[pairs] = __float2half_rn(turned.y);
  }
  const uint4* const values = reinterpret_cast<const uint4*>(block + p.at.valueCodes);
  for (int i = threadIdx.x; i < kBlockTokens * p.headDim / 8; i += kThreads) {
    const int piece = channel / 8 + i % (p.headDim / 8);
    const int token = i / (p.headDim / 8);
    reinterpret_cast<uint4*>(p.values + (first + token) * p.kvDim)[piece] = values[token * (p.kvDim / 8) + piece];
  }
}
