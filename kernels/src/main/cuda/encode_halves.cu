// Whole blocks of the codec fp16: keys transposed to channel-major order, values as they are.

#include <cuda_fp16.h>
#include <stdint.h>

#include "detail/block.cuh"

struct EncodeHalvesParams {
  const half* keys;                  // (tokens, keyStride), before RoPE
  const half* values;                // (tokens, valueStride)
  const uint64_t* blocks;            // (gridDim.y): device address of each block
  unsigned long long* brokenPieces;  // counts pieces of eight numbers that are not all finite
  int kvDim;
  int keyStride, valueStride;        // in elements, multiples of 8
  rotatekv::BlockSections at;
  uint32_t header[16];
};

namespace {

using namespace rotatekv;

constexpr int kThreads = 128;
constexpr int kColumns = 64;  // channels of a CTA
constexpr int kPitch = 33;    // words of a channel's 64 tokens, and one against bank conflicts

__device__ bool broken(const uint4& piece) {
  const uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
  bool any = false;
  for (uint32_t word : words) {
    any |= (word & 0x7C00u) == 0x7C00u || (word & 0x7C000000u) == 0x7C000000u;
  }
  return any;
}

}  // namespace

// Grid (kvDim / 64, blocks).
extern "C" __global__ void __launch_bounds__(kThreads) encode_halves(const __grid_constant__ EncodeHalvesParams p) {
  __shared__ uint32_t transposed[kColumns * kPitch];
  half* const tile = reinterpret_cast<half*>(transposed);
  uint8_t* const block = reinterpret_cast<uint8_t*>(p.blocks[blockIdx.y]);
  const int channel = blockIdx.x * kColumns;
  int brokenPieces = 0;
  for (int i = threadIdx.x; i < kBlockTokens * 8; i += kThreads) {
    const int token = i / 8;
    const int64_t row = static_cast<int64_t>(blockIdx.y) * kBlockTokens + token;
    const int at = channel / 8 + i % 8;
    const uint4 key = reinterpret_cast<const uint4*>(p.keys + row * p.keyStride)[at];
    const uint4 value = reinterpret_cast<const uint4*>(p.values + row * p.valueStride)[at];
    reinterpret_cast<uint4*>(block + p.at.valueCodes)[token * (p.kvDim / 8) + at] = value;
    const half* numbers = reinterpret_cast<const half*>(&key);
    for (int j = 0; j < 8; j++) {
      tile[(i % 8 * 8 + j) * 2 * kPitch + token] = numbers[j];
    }
    brokenPieces += broken(key) + broken(value);
  }
  __syncthreads();
  for (int i = threadIdx.x; i < kColumns * 8; i += kThreads) {
    const uint32_t* from = transposed + i / 8 * kPitch + i % 8 * 4;
    reinterpret_cast<uint4*>(block + p.at.keyCodes)[(channel + i / 8) * 8 + i % 8] =
        make_uint4(from[0], from[1], from[2], from[3]);
  }
  if (blockIdx.x == 0 && threadIdx.x < 16) {
    reinterpret_cast<uint32_t*>(block)[threadIdx.x] = p.header[threadIdx.x];
    reinterpret_cast<uint32_t*>(block + p.at.bitmap)[threadIdx.x] = 0;
  }
  if (brokenPieces != 0) {
    atomicAdd(p.brokenPieces, static_cast<unsigned long long>(brokenPieces));
  }
}
