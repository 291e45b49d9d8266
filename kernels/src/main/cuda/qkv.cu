#include <cstdint>
#include <cuda_fp16.h>

#include "detail/rope.cuh"

// What follows the fused projection of queries, keys and values: bias, RoPE and scaling of the queries, and the new
// keys (before RoPE) and values in FP16 where the codec and attention look for them.

struct QkvParams {
  const float* qkv;        // (rows, (heads + 2 kvHeads) d)
  const float* bias;       // ((heads + 2 kvHeads) d), or null
  const int* positions;    // (rows)
  const float2* angles;    // (64, d/2): cos, sin of offsets within a block
  const float2* phases;    // (blocks, d/2): cos, sin of a block's first position
  const float* largest;    // (rows): largest |entry| of the hidden states that entered the layer
  const uint64_t* tails;   // qkv_decode: (rows), each a sequence's unfilled block of this layer
  const uint64_t* maxima;  // qkv_decode: (rows), each `largest` of a sequence's unfilled block, (layers, 64)
  half* keys;              // qkv_prefill: (rows, kvDim)
  half* values;            // qkv_prefill: (rows, kvDim)
  void* query;             // (rows, heads, d): float for decode, half for prefill
  int heads;
  int kvHeads;
  int headDim;
  int layer;
  float queryScale;
};

namespace {

using namespace rotatekv;

__device__ float2 projected_pair(const QkvParams& p, int row, int channel) {
  const int width = (p.heads + 2 * p.kvHeads) * p.headDim;
  const float* x = p.qkv + (size_t)row * width + channel;
  float2 pair = make_float2(x[0], x[p.headDim / 2]);
  if (p.bias != nullptr) {
    pair.x += p.bias[channel];
    pair.y += p.bias[channel + p.headDim / 2];
  }
  return pair;
}

__device__ void put(half* row, int channel, int distance, float2 pair) {
  row[channel] = __float2half_rn(pair.x);
  row[channel + distance] = __float2half_rn(pair.y);
}

__device__ void put(float* row, int channel, int distance, float2 pair) {
  row[channel] = pair.x;
  row[channel + distance] = pair.y;
}

// One thread per pair of channels; `keys` and `values` are this row's.
template <typename Query>
__device__ void finish_pair(const QkvParams& p, int row, half* keys, half* values) {
  const int pairs = p.headDim / 2;
  const int index = blockIdx.x * blockDim.x + threadIdx.x;
  const int head = index / pairs;
  const int pair = index % pairs;
  if (head >= p.heads + 2 * p.kvHeads) {
    return;
  }
  float2 x = projected_pair(p, row, head * p.headDim + pair);
  if (head < p.heads) {
    const float2 angle = rope_angle(p.phases, p.angles, pairs, p.positions[row], pair);
    x = rope_rotate(x, angle);
    Query* query = static_cast<Query*>(p.query) + (size_t)row * p.heads * p.headDim;
    put(query, head * p.headDim + pair, pairs, make_float2(x.x * p.queryScale, x.y * p.queryScale));
  } else if (head < p.heads + p.kvHeads) {
    put(keys, (head - p.heads) * p.headDim + pair, pairs, x);
  } else {
    put(values, (head - p.heads - p.kvHeads) * p.headDim + pair, pairs, x);
  }
}

}  // namespace

// Grid (blocks over the pairs, rows): one new token of each of several sequences.
extern "C" __global__ void qkv_decode(const QkvParams p) {
  const int row = blockIdx.y;
  const int slot = p.positions[row] % kBlockTokens;
  const int width = p.kvHeads * p.headDim;
  half* keys = reinterpret_cast<half*>(p.tails[row]);
  half* values = keys + kBlockTokens * width;
  finish_pair<float>(p, row, keys + slot * width, values + slot * width);
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    reinterpret_cast<float*>(p.maxima[row])[p.layer * kBlockTokens + slot] = p.largest[row];
  }
}

// Grid (blocks over the pairs, rows): consecutive tokens of one sequence.
extern "C" __global__ void qkv_prefill(const QkvParams p) {
  const int row = blockIdx.y;
  const size_t at = (size_t)row * p.kvHeads * p.headDim;
  finish_pair<half>(p, row, p.keys + at, p.values + at);
}
