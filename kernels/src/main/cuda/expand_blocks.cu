// Expands blocks for prefill attention: FP16 keys after RoPE and FP16 values, both in the model's basis and as tokens'
// rows, (tokens, kvDim). What encode_blocks.cu does, backwards: the same thread has the same line.

#include <cuda_fp16.h>
#include <stdint.h>

#include "detail/block.cuh"
#include "detail/hadamard.cuh"
#include "detail/lines.cuh"
#include "detail/patch.cuh"
#include "detail/quantizer.cuh"
#include "detail/rope.cuh"

struct ExpandParams {
  const uint64_t* blocks;      // (gridDim.y): device address of each block
  half* keys;                  // (64 blocks, kvDim)
  half* values;                // (64 blocks, kvDim)
  const float* keyMean;        // centred: as encode_blocks.cu has it
  const uint16_t* keyRank;     // rotatekv: as encode_blocks.cu has it
  const float2* angles;        // (64, headDim / 2): cosine and sine of RoPE at positions 0 to 63
  const float2* phases;        // (blocks of a context, headDim / 2): the same at position 64 * block
  int firstBlock;              // position / 64 of the first
  int kvHeads, headDim;
  int groupHeads;              // KV heads of a chunk
  int bits;
  int tileTokens;              // tokens of a tile of keys, a power of two from 2 to 64
  float keyScale, valueScale;  // 2^eK, 2^eV
  float keyNorm, valueNorm;    // of the rotations
  rotatekv::BlockSections at;
};

namespace {

using namespace rotatekv;

// Adding it to a code's bits at bit 16 makes the number 128 + code.
constexpr uint32_t kCodeFloat = 0x43000000u;

struct Memory {
  uint4* staged;   // (warps, 32, 8)
  float* lines;    // (threads, 64): for three heads a chunk
  float2* groups;  // (tileTokens, kvHeads): rotatekv

  __device__ explicit Memory(void* shared) {
    staged = static_cast<uint4*>(shared);
    lines = reinterpret_cast<float*>(staged + blockDim.x * 8);
    groups = reinterpret_cast<float2*>(lines + blockDim.x * kLine);
  }
};

struct Work {
  const ExpandParams& p;
  const Memory& memory;
  const Line& line;
  const uint8_t* block;

  __device__ int lane() const { return threadIdx.x % 32; }
  __device__ uint64_t sinks() const { return *reinterpret_cast<const uint64_t*>(block + p.at.bitmap); }
};

// Scale and 128 + offset of a group.
template <bool kAsymmetric>
__device__ float2 readGroup(
    const Work& w, int group, int token, uint32_t scales, uint32_t zeros, float multiplier, float norm) {
  const int at = Line::scaleAt(group, token, w.p.groupHeads);
  const float scale = decodeE4m3(w.block[scales + at]) * multiplier * norm;
  const float offset =
      kAsymmetric ? static_cast<float>(static_cast<int8_t>(w.block[zeros + at])) : ((1 << w.p.bits) - 1) * 0.5f;
  return make_float2(scale, 128.f + offset);
}

// The bits of a field, moved to bit `at`.
__device__ __forceinline__ uint32_t fieldAt(uint32_t fields, int field, int at) {
  const int shift = at - 2 * field;
  return (shift < 0 ? fields >> -shift : fields << shift) & 3u << at;
}

__device__ __forceinline__ float dequantize(const Codes& codes, int field, float2 group) {
  const uint32_t bits = kCodeFloat | fieldAt(codes.low, field, 16) | fieldAt(codes.high, field, 18);
  return (__uint_as_float(bits) - group.y) * group.x;
}

// The four words of a key's line, of which this lane and the next have read two each.
__device__ void loadKeyWords(const Work& w, const uint8_t* patch, uint32_t (&words)[4]) {
  const bool upper = w.lane() % 2 != 0;
  const uint4 x = reinterpret_cast<const uint4*>(patch)[patchWord(w.line.token & ~8, upper ? 2 : 0) / 4];
  const uint32_t a = __shfl_xor_sync(~0u, upper ? x.x : x.y, 1);
  const uint32_t b = __shfl_xor_sync(~0u, upper ? x.z : x.w, 1);
  words[0] = upper ? a : x.x;
  words[1] = upper ? b : x.z;
  words[2] = upper ? x.y : a;
  words[3] = upper ? x.w : b;
}

__device__ void loadKeySigns(const Work& w, const uint8_t* patch, uint32_t (&nibbles)[4]) {
  const bool upper = w.lane() % 2 != 0;
  const uint2 x = reinterpret_cast<const uint2*>(patch)[signPatchWord(w.line.token & ~8, upper ? 2 : 0) / 2];
  const uint32_t a = __shfl_xor_sync(~0u, x.x, 1);
  const uint32_t b = __shfl_xor_sync(~0u, x.y, 1);
  const int shift = upper ? 0 : 4;
  nibbles[0] = ~(upper ? a : x.x) >> shift;
  nibbles[1] = ~(upper ? b : x.y) >> shift;
  nibbles[2] = ~(upper ? x.x : a) >> shift;
  nibbles[3] = ~(upper ? x.y : b) >> shift;
}

__device__ void loadKeyCodes(const Work& w, Codes (&codes)[4]) {
  const uint8_t* section = w.block + w.p.at.keyCodes;
  const uint8_t* highPlane = section + w.line.columns * kPatchBytes;
  uint32_t low[4];
  uint32_t high[4] = {};
  loadKeyWords(w, section + w.line.column * kPatchBytes, low);
  if (w.p.bits == 4) {
    loadKeyWords(w, highPlane + w.line.column * kPatchBytes, high);
  } else if (w.p.bits == 3) {
    loadKeySigns(w, highPlane + w.line.column * kSignPatchBytes, high);
  }
#pragma unroll
  for (int t = 0; t < 4; t++) {
    codes[t].low = fieldsOf(low[t]);
    codes[t].high = w.p.bits == 4 ? fieldsOf(high[t]) : w.p.bits == 3 ? scatterBits(high[t]) : 0;
  }
}

// A lane reads the words of a channel, of which this is its token's share after transposing.
__device__ void loadValueCodes(const Work& w, Codes (&codes)[4]) {
  const int t = threadIdx.x / 32 % 4;
  const uint8_t* section = w.block + w.p.at.valueCodes;
  const uint8_t* highPlane = section + w.line.columns * kPatchBytes;
#pragma unroll
  for (int i = 0; i < 2; i++) {  // rows r and r + 8
    const int row = valueRow(w.lane(), i);
    const int at = patchWord(row, t) / 2;
    const uint2 low = reinterpret_cast<const uint2*>(section + w.line.column * kPatchBytes)[at];
    codes[i] = {fieldsOf(low.x), 0};
    codes[i + 2] = {fieldsOf(low.y), 0};
    if (w.p.bits == 4) {
      const uint2 high = reinterpret_cast<const uint2*>(highPlane + w.line.column * kPatchBytes)[at];
      codes[i].high = fieldsOf(high.x);
      codes[i + 2].high = fieldsOf(high.y);
    } else if (w.p.bits == 3) {
      const uint8_t* patch = highPlane + w.line.column * kSignPatchBytes;
      const uint32_t signs = ~reinterpret_cast<const uint32_t*>(patch)[signPatchWord(row, t)];
      codes[i].high = scatterBits(signs >> 4);
      codes[i + 2].high = scatterBits(signs);
    }
  }
  uint32_t words[8] = {codes[0].low,  codes[1].low,  codes[2].low,  codes[3].low,
                       codes[0].high, codes[1].high, codes[2].high, codes[3].high};
  transposeFields(words, w.lane());
#pragma unroll
  for (int i = 0; i < 4; i++) {
    codes[i] = {words[i], words[i + 4]};
  }
}

// A sink's key (side 0) or value (side 1) in place of what its codes say.
__device__ void loadSink(const Work& w, int side, float (&x)[kLine]) {
  const uint64_t sinks = w.sinks();
  if ((sinks >> w.line.token & 1) == 0) {
    return;
  }
  const uint4* rows = reinterpret_cast<const uint4*>(w.block + w.p.at.sinkRows);
  rows += (sinksBefore(sinks, w.line.token) * 2 + side) * w.line.columns * 8 + w.line.column * 8;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    unpackHalves(rows[i], x + 8 * i);
  }
}

__device__ void rotateKeysBack(const Work& w, float (&x)[kLine]) {
  const ExpandParams& p = w.p;
  butterflies<1, 16>(x);
  if (p.groupHeads == 3) {
    if (p.headDim == 128) {
      butterflies<16, 32>(x);
    }
    float* lines = w.memory.lines;
    writeLine(lines, threadIdx.x, x);
    __syncthreads();
    twelves<true>(lines, p.tileTokens, w.line.columns, p.headDim / 4);
    __syncthreads();
    readLine(lines, threadIdx.x, x);
  } else {
    butterflies<16, kLine>(x);
    butterfliesAcross(x, w.lane(), 2, p.groupHeads * p.headDim / kLine);
  }
}

// RoPE on pairs that are in this thread's line, or shared with that of the head's other half. `angle(i)` is channel i's.
template <class Angle>
__device__ __forceinline__ void applyRope(const Work& w, float (&x)[kLine], const Angle& angle) {
  if (w.p.headDim == kLine) {
#pragma unroll
    for (int i = 0; i < kLine / 2; i++) {
      const float2 turned = rope_rotate(make_float2(x[i], x[i + kLine / 2]), angle(i));
      x[i] = turned.x;
      x[i + kLine / 2] = turned.y;
    }
    return;
  }
  const bool upper = w.line.column % 2 != 0;  // the other half of the head is two lanes away
#pragma unroll
  for (int i = 0; i < kLine; i++) {
    const float2 by = angle(i);
    const float other = __shfl_xor_sync(~0u, x[i], 2);
    x[i] = x[i] * by.x + other * (upper ? by.y : -by.y);
  }
}

// RoPE on keys that codecs which centre have turned for their places in the block, and on their mean; sinks are as they
// were before RoPE.
__device__ void applyRopeToCentred(const Work& w, float (&x)[kLine]) {
  const ExpandParams& p = w.p;
  const int pairs = p.headDim / 2;
  const int position = (p.firstBlock + blockIdx.y) * kBlockTokens + w.line.token;
  const bool sink = (w.sinks() >> w.line.token & 1) != 0;
  const float2* phases = p.phases + (p.firstBlock + blockIdx.y) * pairs;
  const auto full = [&](int i) { return rope_angle(p.phases, p.angles, pairs, position, i); };
  applyRope(w, x, [&](int i) { return sink ? full(i) : phases[i]; });
  if (sink) {
    return;
  }
  const float4* mean = reinterpret_cast<const float4*>(lineTable(p.keyMean, w.line.column));
  const bool whole = p.headDim == kLine;
  const bool upper = !whole && w.line.column % 2 != 0;
  const float4* others = reinterpret_cast<const float4*>(lineTable(p.keyMean, whole ? w.line.column : w.line.column ^ 1));
#pragma unroll
  for (int j = 0; j < kLine / 4; j++) {
    // Of a whole head the second half of the line pairs with the first.
    const int pair = whole ? j % (kLine / 8) : j;
    const bool second = upper || (whole && j >= kLine / 8);
    const float4 m = mean[16 * j];
    const float4 o = others[16 * (whole ? j ^ (kLine / 8) : j)];
    const float own[4] = {m.x, m.y, m.z, m.w};
    const float other[4] = {o.x, o.y, o.z, o.w};
#pragma unroll
    for (int k = 0; k < 4; k++) {
      const float2 by = full(4 * pair + k);
      x[4 * j + k] += own[k] * by.x + other[k] * (second ? by.y : -by.y);
    }
  }
}

template <bool kReordered>
__device__ void expandKeys(const Work& w, float (&x)[kLine]) {
  const ExpandParams& p = w.p;
  Codes codes[4];
  loadKeyCodes(w, codes);
  if constexpr (kReordered) {
    for (int i = threadIdx.x; i < p.tileTokens * p.kvHeads; i += blockDim.x) {
      const int token = w.line.keyToken(p.tileTokens, i / p.kvHeads);
      w.memory.groups[i] =
          readGroup<true>(w, i % p.kvHeads, token, p.at.keyScales, p.at.keyZeros, p.keyScale, p.keyNorm);
    }
    __syncthreads();
  }
#pragma unroll
  for (int t = 0; t < 4; t++) {
    if constexpr (kReordered) {
      const ReorderedGroups groups(w.line, p.keyRank, w.memory.groups, p.kvHeads, p.headDim, t);
#pragma unroll
      for (int field = 0; field < 16; field++) {
        const int element = fieldColumn(field, t);
        x[element] = dequantize(codes[t], field, groups(element));
      }
    } else {
      const int head = w.line.column * kLine / p.headDim;
      const float2 group = readGroup<false>(w, head, w.line.token, p.at.keyScales, 0, p.keyScale, p.keyNorm);
#pragma unroll
      for (int field = 0; field < 16; field++) {
        x[fieldColumn(field, t)] = dequantize(codes[t], field, group);
      }
    }
  }
  rotateKeysBack(w, x);
  loadSink(w, 0, x);
  if constexpr (kReordered) {
    const int position = (p.firstBlock + blockIdx.y) * kBlockTokens + w.line.token;
    applyRope(w, x, [&](int i) { return rope_angle(p.phases, p.angles, p.headDim / 2, position, i); });
  } else {
    applyRopeToCentred(w, x);
  }
}

template <bool kAsymmetric>
__device__ void expandValues(const Work& w, float (&x)[kLine]) {
  const ExpandParams& p = w.p;
  const int head = w.line.column * kLine / p.headDim;
  const float2 group =
      readGroup<kAsymmetric>(w, head, w.line.token, p.at.valueScales, p.at.valueZeros, p.valueScale, 1.f);
  Codes codes[4];
  loadValueCodes(w, codes);
#pragma unroll
  for (int t = 0; t < 4; t++) {
#pragma unroll
    for (int field = 0; field < 16; field++) {
      x[fieldColumn(field, t)] = dequantize(codes[t], field, group);
    }
  }
  loadSink(w, 1, x);
  butterflies<1, kLine>(x);
  butterfliesAcross(x, w.lane(), 16, p.headDim / kLine);
#pragma unroll
  for (int i = 0; i < kLine; i++) {
    x[i] *= p.valueNorm;
  }
}

// Grid (tiles of a block, blocks).
template <bool kReordered>
__device__ __forceinline__ void expand(const ExpandParams& p) {
  extern __shared__ uint4 shared[];
  const Memory memory(shared);
  Line line(blockIdx.x, p.kvHeads, p.headDim, p.groupHeads, p.tileTokens);
  const bool active = line.active;
  if (!active) {  // such threads follow another's line and store nothing
    line.column = line.token = line.row = 0;
  }
  const Work work{p, memory, line, reinterpret_cast<const uint8_t*>(p.blocks[blockIdx.y])};
  float x[kLine];
  if (line.ofKeys) {
    expandKeys<kReordered>(work, x);
  } else {
    expandValues<kReordered>(work, x);
  }
  uint4* staged = memory.staged + threadIdx.x / 32 * 256;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    *piece(staged, threadIdx.x % 32, i) = packHalves(x + 8 * i);
  }
  __syncwarp();
  const uint32_t at = ((blockIdx.y * kBlockTokens + line.token) * line.columns + line.column) * 8;
  storeLines(staged, line.ofKeys ? p.keys : p.values, active ? at : kNoLine);
}

}  // namespace

extern "C" __global__ void __launch_bounds__(512, 1) expand_centred(const __grid_constant__ ExpandParams p) {
  expand<false>(p);
}

extern "C" __global__ void __launch_bounds__(512, 1) expand_rotatekv(const __grid_constant__ ExpandParams p) {
  expand<true>(p);
}
