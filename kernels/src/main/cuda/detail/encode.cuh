// Parameters and state of encoding blocks.
#pragma once

#include <cuda_fp16.h>
#include <stdint.h>

#include "block.cuh"
#include "lines.cuh"
#include "quantizer.cuh"

namespace rotatekv {

struct EncodeParams {
  const half* keys;            // (tokens, keyStride), before RoPE
  const half* values;          // (tokens, valueStride)
  const float* maxima;         // (tokens): largest |entry| of the hidden state entering the layer; null for no sinks
  const uint64_t* blocks;      // (blockCount): device address of each block
  const float* keyMean;        // centred, shaped: the mean of each channel, as lineTable has it
  const float2* turns;         // centred, shaped: cosine and sine of RoPE at the places of a block, (64, headDim / 2)
  const uint16_t* keyRank;     // rotatekv: its rank by mean in the layer, as lineTable has it
  const float* feedback;       // shaped: weights of errors by chunk, as PanelWeights has them
  unsigned long long* losses;  // (5), as in Losses
  uint32_t blockCount;
  int kvHeads, headDim;
  int groupHeads;              // KV heads of a chunk
  int keyStride, valueStride;  // in elements, multiples of 8
  int bits;
  int tileTokens;              // tokens of a tile of keys, a power of two from 2 to 64
  float sinkThreshold, clip;
  float keyScale, valueScale;  // 2^eK, 2^eV
  float keyNorm, valueNorm;    // of the rotations
  BlockSections at;
  uint32_t header[16];         // of a block without sinks
};

// Where the lines of a CTA meet: for reordered groups, `lines` also for three heads a chunk.
struct Exchange {
  float* lines;    // (threads, 64)
  float2* groups;  // (tileTokens, groups)
};

// One side, keys or values, of a block.
struct Side {
  int headBit;    // the bit of a lane that tells the two lines of a head apart
  int rotated;    // lines that are rotated together
  float norm;     // of the rotation
  uint32_t codes, scales, zeros;
  Levels levels;

  __device__ Side(const EncodeParams& p, bool keys, int bits)
      : headBit(keys ? 2 : 16),
        rotated((keys ? p.groupHeads : 1) * p.headDim / kLine),
        norm(keys ? p.keyNorm : p.valueNorm),
        codes(keys ? p.at.keyCodes : p.at.valueCodes),
        scales(keys ? p.at.keyScales : p.at.valueScales),
        zeros(keys ? p.at.keyZeros : p.at.valueZeros),
        levels(bits, p.clip, keys ? p.keyScale : p.valueScale) {}
};

// A thread's share of one block.
struct Work {
  const EncodeParams& p;
  const Exchange& memory;
  const Line& line;
  const Side& side;
  Losses& losses;
  uint64_t sinks;
  uint8_t* block;
  __device__ bool isSink(int token) const { return (sinks >> token & 1) != 0; }
  __device__ bool sink() const { return isSink(line.token); }
  __device__ int lane() const { return threadIdx.x % 32; }

  // The patch of this line in a plane whose patches have so many bytes; the high plane follows the low one.
  __device__ uint8_t* patch(bool high, int bytes) const {
    return block + side.codes + (high ? line.columns * kPatchBytes : 0) + line.column * bytes;
  }

  // The key and then the value of a sink.
  __device__ uint4* sinkRow() const {
    return reinterpret_cast<uint4*>(block + p.at.sinkRows) + sinksBefore(sinks, line.token) * line.columns * 16;
  }
};

}  // namespace rotatekv
