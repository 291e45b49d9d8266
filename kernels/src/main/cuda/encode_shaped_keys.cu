// Encodes the keys of `shaped`: as encode_blocks.cu does, but each channel's rounding error is made up for by the
// channels after it (io.rotatekv.kernels.codec.ErrorFeedback), in the same order of operations as the specification.
//
// A CTA has some tokens of one chunk. After rotating and fitting, a thread to a line, the chunk lies in shared memory and
// is rounded panel by panel, 16 channels each: one warp rounds a panel, a lane to a token, and leaves its errors; then all
// threads take them, times their weights, off the channels behind the panel, as in a blocked triangular solve. The
// weights come while the warp rounds, and the other CTAs of the multiprocessor then have its arithmetic to themselves. Of
// many blocks, 32 tokens share the weights that a CTA reads; of few, 8 let more multiprocessors take part.

#include <cuda_fp16.h>
#include <stdint.h>

#include "detail/encode.cuh"
#include "detail/encode_line.cuh"
#include "detail/fit_groups.cuh"
#include "detail/store_codes.cuh"

namespace {

using namespace rotatekv;

constexpr int kPanel = 16;  // channels that are rounded before their errors go to the others
constexpr int kPanels = kLine / kPanel;

// Weights of a chunk's errors, the upper triangle by panels: row i of a panel that begins at channel c has the weights
// of channel c + i's error in channels c and after.
struct PanelWeights {
  const float* all;
  int order;

  __device__ PanelWeights(const EncodeParams& p, int chunk)
      : all(p.feedback), order(p.groupHeads * p.headDim) {
    all += static_cast<int64_t>(chunk) * (order * (order + kPanel) / 2);
  }

  __device__ int pitch(int from) const { return order - from; }

  // The first row of the panel that begins at a channel.
  __device__ const float* panel(int from) const { return all + from * order - from * (from - kPanel) / 2; }
};

// Shared memory of a CTA.
template <int kTokens>
struct ChunkMemory {
  float* errors;    // (16, tokens)
  float* triangle;  // (16, 16): the weights within the panel that is rounded next
  float2* groups;   // (heads, tokens): 1 / scale of the codes, and the stored scale
  float* weights;   // (16, channels behind the panel): those of the panel that is rounded
  float* keys;      // (order, tokens); of three heads a chunk (threads, 64) before that, where lines meet

  __device__ ChunkMemory(void* shared, int heads, int order) {
    errors = static_cast<float*>(shared);
    triangle = errors + kPanel * kTokens;
    groups = reinterpret_cast<float2*>(triangle + kPanel * kPanel);
    weights = reinterpret_cast<float*>(groups + heads * kTokens);
    keys = weights + kPanel * (order - kPanel);
  }
};

__device__ __forceinline__ void loadTriangle(const PanelWeights& weights, int from, float* to) {
  constexpr int kPieces = kPanel / 4;
  for (int i = threadIdx.x; i < kPanel * kPieces; i += blockDim.x) {
    const float* row = weights.panel(from) + i / kPieces * weights.pitch(from);
    copyAsync(sharedAddress(to + 4 * i), row + i % kPieces * 4);
  }
  commitCopies();
}

// A sixteenth of the threads to a row.
__device__ __forceinline__ void loadPanel(const PanelWeights& weights, int from, float* to) {
  const int threads = blockDim.x / kPanel;
  const int row = threadIdx.x / threads;
  const int behind = weights.pitch(from) - kPanel;
  const float* source = weights.panel(from) + row * weights.pitch(from) + kPanel;
  for (int c = threadIdx.x % threads * 4; c < behind; c += threads * 4) {
    copyAsync(sharedAddress(to + row * behind + c), source + c);
  }
  commitCopies();
}

// Centres, turns, rotates and fits this thread's line, and leaves it in shared memory.
template <int kTokens>
__device__ void prepareLine(const Work& w, int chunkColumn, const ChunkMemory<kTokens>& memory) {
  const Line& line = w.line;
  float x[kLine];
  const int64_t row = static_cast<int64_t>(blockIdx.y) * kBlockTokens + line.token;
  const uint4* from = reinterpret_cast<const uint4*>(w.p.keys + row * w.p.keyStride + line.column * kLine);
#pragma unroll
  for (int i = 0; i < 8; i++) {
    unpackHalves(from[i], x + 8 * i);
  }
  centre(w, x);
  turn(w, x);
  rotate(w, x);
  w.losses.brokenLines += line.active && !(fabsf(x[0]) < INFINITY);
  const ShapedGroup group = fitShaped(w, x);
  if (line.active && line.first) {
    memory.groups[chunkColumn * kLine / w.p.headDim * kTokens + line.row] = make_float2(group.inverse, group.step);
  }
  if (line.active && w.sink()) {
    storeSinkKey(w, [&](int i) { return from[i]; });
  }
  __syncthreads();  // where lines met is free again
  if (line.active) {
    float* to = memory.keys + chunkColumn * kLine * kTokens + line.row;
#pragma unroll
    for (int i = 0; i < kLine; i++) {
      to[i * kTokens] = x[i];
    }
  }
}

// Rounds a panel of one token, leaves its errors, and adds its codes to those of the line.
template <int kTokens>
__device__ __forceinline__ void roundPanel(
    const SymmetricLevels& levels,
    const ChunkMemory<kTokens>& memory,
    int from,
    int field,
    float2 group,
    Codes (&codes)[4]) {
  const int row = threadIdx.x;
  float y[kPanel];
#pragma unroll
  for (int i = 0; i < kPanel; i++) {
    y[i] = memory.keys[(from + i) * kTokens + row];
  }
  const float lowest = -levels.offset * group.y;
  uint32_t words[4] = {};
#pragma unroll
  for (int i = 0; i < kPanel; i++) {
    const float marked = levels.marked(levels.level(y[i], group.x));
    const uint32_t code = __float_as_uint(marked) & 0xF;
    words[i / 4] |= code << i % 4 * 8;
    // Scales have four bits of mantissa, so products with codes are exact, and may be fused.
    const float stored = __fmaf_rn(__fsub_rn(marked, SymmetricLevels::kMagic), group.y, lowest);
    const float lost = __fsub_rn(y[i], stored);
    const float error = fminf(fmaxf(lost, -group.y), group.y);
    memory.errors[i * kTokens + row] = error;
    const float4* weights = reinterpret_cast<const float4*>(memory.triangle + i * kPanel);
#pragma unroll
    for (int j = (i + 1) / 4; j < kPanel / 4; j++) {
      const float4 four = weights[j];
      const float weight[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
      for (int k = 0; k < 4; k++) {
        if (4 * j + k > i) {
          y[4 * j + k] = __fsub_rn(y[4 * j + k], __fmul_rn(error, weight[k]));
        }
      }
    }
  }
  const int shift = 2 * (field ^ 1);  // as fieldColumn has it
#pragma unroll
  for (int t = 0; t < 4; t++) {
    codes[t].low |= (words[t] & 0x03030303u) << shift;
    codes[t].high |= (words[t] >> 2 & 0x03030303u) << shift;
  }
}

// Takes the errors of a panel, times their weights, off the channels behind it; a thread of four tokens at a time.
template <int kTokens>
__device__ __forceinline__ void passErrors(const ChunkMemory<kTokens>& memory, int from, int behind) {
  constexpr int kFours = kTokens / 4;
  constexpr int kBatch = kTokens == 32 ? 8 : 4;  // channels
  const int four = threadIdx.x % kFours;
  const float4* errors = reinterpret_cast<const float4*>(memory.errors) + four;
  for (int c = threadIdx.x / kFours * kBatch; c < behind; c += blockDim.x / kFours * kBatch) {
    float4* keys = reinterpret_cast<float4*>(memory.keys) + (from + kPanel + c) * kFours + four;
    float4 y[kBatch];
#pragma unroll
    for (int k = 0; k < kBatch; k++) {
      y[k] = keys[k * kFours];
    }
#pragma unroll 4
    for (int i = 0; i < kPanel; i++) {
      const float4 e = errors[i * kFours];
      float w[kBatch];
#pragma unroll
      for (int k = 0; k < kBatch; k += 4) {
        const float4 piece = *reinterpret_cast<const float4*>(memory.weights + i * behind + c + k);
        w[k] = piece.x;
        w[k + 1] = piece.y;
        w[k + 2] = piece.z;
        w[k + 3] = piece.w;
      }
#pragma unroll
      for (int k = 0; k < kBatch; k++) {
        y[k].x = __fsub_rn(y[k].x, __fmul_rn(e.x, w[k]));
        y[k].y = __fsub_rn(y[k].y, __fmul_rn(e.y, w[k]));
        y[k].z = __fsub_rn(y[k].z, __fmul_rn(e.z, w[k]));
        y[k].w = __fsub_rn(y[k].w, __fmul_rn(e.w, w[k]));
      }
    }
#pragma unroll
    for (int k = 0; k < kBatch; k++) {
      keys[k * kFours] = y[k];
    }
  }
}

template <int kTokens>
__device__ __forceinline__ void encodeChunk(const EncodeParams& p) {
  extern __shared__ uint4 shared[];
  constexpr int kTiles = kBlockTokens / kTokens;
  const int chunk = blockIdx.x / kTiles;
  const PanelWeights weights(p, chunk);
  const ChunkMemory<kTokens> memory(shared, p.groupHeads, weights.order);
  const Exchange exchange{memory.keys, nullptr};
  const Side side(p, true, p.bits);
  Line line(chunk, blockIdx.x % kTiles, p.kvHeads, p.headDim, p.groupHeads, kTokens);
  if (!line.active) {  // such threads follow another's line and store nothing
    line.row = 0;
    line.token = line.keyToken(kTokens, 0);
    line.column = chunk * line.tileColumns;
  }
  Losses losses{};
  uint8_t* const block = reinterpret_cast<uint8_t*>(p.blocks[blockIdx.y]);
  const uint64_t sinks = findSinks(p, p.maxima + blockIdx.y * kBlockTokens);
  const Work work{p, exchange, line, side, losses, sinks, block};
  loadTriangle(weights, 0, memory.triangle);
  prepareLine(work, line.column - chunk * line.tileColumns, memory);
  waitForCopies<0>();
  __syncthreads();

  // From here on the first warp's lanes are tokens and its lines those of the chunk, one after the other.
  line.active = threadIdx.x < kTokens;
  line.row = threadIdx.x % kTokens;
  line.token = line.keyToken(kTokens, line.row);
  const SymmetricLevels levels(side.levels);
#pragma unroll 1
  for (int column = 0; column < line.tileColumns; column++) {
    line.column = chunk * line.tileColumns + column;
    Codes codes[4] = {};
#pragma unroll 1
    for (int field = 0; field < kPanels; field++) {
      const int from = column * kLine + field * kPanel;
      const int behind = weights.pitch(from) - kPanel;
      loadPanel(weights, from, memory.weights);
      if (line.active) {
        const float2 group = memory.groups[from / p.headDim * kTokens + line.row];
        roundPanel(levels, memory, from, field, group, codes);
      }
      waitForCopies<0>();
      __syncthreads();
      if (behind > 0) {
        loadTriangle(weights, from + kPanel, memory.triangle);
        passErrors(memory, from, behind);
        waitForCopies<0>();
      }
      __syncthreads();
    }
    if (threadIdx.x < 32) {
      storeKeys(work, codes);
      if (p.bits > 2) {
        storeKeysHigh(work, codes);
      }
    }
  }
  report(losses, p.losses);
}

}  // namespace

// Grid (the tokens' keys of each chunk of a block, blocks), 32 threads for each line of a chunk.
#define ENCODE(TOKENS)                                                                    \
  extern "C" __global__ void __launch_bounds__(256, 2) encode_shaped_keys_t##TOKENS(      \
      const __grid_constant__ EncodeParams p) {                                           \
    encodeChunk<TOKENS>(p);                                                               \
  }

ENCODE(32)
ENCODE(8)
