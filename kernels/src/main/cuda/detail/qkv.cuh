// What follows the fused projection of queries, keys and values: bias, RoPE and scaling of the queries, and the new
// keys (before RoPE) and values in FP16 where the codec and attention look for them.
#pragma once

#include <cstdint>
#include <cuda_fp16.h>

#include "rope.cuh"

namespace rotatekv {

struct QkvParams {
  const float* qkv;        // (rows, (heads + 2 kvHeads) d); project: null
  const float* bias;       // ((heads + 2 kvHeads) d), or null
  const int* positions;    // (rows)
  const float2* angles;    // (64, d/2): cos, sin of offsets within a block
  const float2* phases;    // (blocks, d/2): cos, sin of a block's first position
  const float* largest;    // (rows): largest |entry| of the hidden states that entered the layer; project: null
  const uint64_t* tails;   // decode: (rows), each a sequence's unfilled block of this layer
  const uint64_t* maxima;  // decode: (rows), each `largest` of a sequence's unfilled block, (layers, 64)
  half* keys;              // prefill: (rows, kvDim)
  half* values;            // prefill: (rows, kvDim)
  void* query;             // (rows, heads, d): float for decode, half for prefill
  int heads;
  int kvHeads;
  int headDim;
  int layer;
  float queryScale;

  __device__ int pairs() const { return headDim / 2; }
  __device__ int all_heads() const { return heads + 2 * kvHeads; }
};

__device__ inline void put(half* row, int channel, int distance, float2 pair) {
  row[channel] = __float2half_rn(pair.x);
  row[channel + distance] = __float2half_rn(pair.y);
}

__device__ inline void put(float* row, int channel, int distance, float2 pair) {
  row[channel] = pair.x;
  row[channel + distance] = pair.y;
}

// Ends one pair of channels, (pair, pair + d/2) of a head of the projection; `keys` and `values` are this row's.
template <typename Query>
__device__ void finish_pair(const QkvParams& p, int row, int head, int pair, float2 x, half* keys, half* values) {
  const int pairs = p.pairs();
  const int channel = head * p.headDim + pair;
  if (p.bias != nullptr) {
    x.x += p.bias[channel];
    x.y += p.bias[channel + pairs];
  }
  if (head < p.heads) {
    x = rope_rotate(x, rope_angle(p.phases, p.angles, pairs, p.positions[row], pair));
    Query* query = static_cast<Query*>(p.query) + (size_t)row * p.heads * p.headDim;
    put(query, channel, pairs, make_float2(x.x * p.queryScale, x.y * p.queryScale));
  } else if (head < p.heads + p.kvHeads) {
    put(keys, channel - p.heads * p.headDim, pairs, x);
  } else {
    put(values, channel - (p.heads + p.kvHeads) * p.headDim, pairs, x);
  }
}

// The same for a new token of a sequence, whose unfilled block takes its key and value.
__device__ inline void finish_decode_pair(const QkvParams& p, int row, int head, int pair, float2 x) {
  const int slot = p.positions[row] % kBlockTokens;
  const int width = p.kvHeads * p.headDim;
  half* keys = reinterpret_cast<half*>(p.tails[row]) + slot * width;
  finish_pair<float>(p, row, head, pair, x, keys, keys + kBlockTokens * width);
}

// Keeps the largest |entry| of a new token's hidden state, by which its block's sinks are told.
__device__ inline void keep_largest(const QkvParams& p, int row, float largest) {
  reinterpret_cast<float*>(p.maxima[row])[p.layer * kBlockTokens + p.positions[row] % kBlockTokens] = largest;
}

}  // namespace rotatekv
