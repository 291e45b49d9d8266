#include <cstdint>

// Moves the tokens of a sequence's unfilled block to one with room for more. With room for `capacity` tokens,
// 64 / capacity layers share a frame of 128 rows: their keys fill its first half, their values its second.

struct MoveTailParams {
  const uint4* from;
  uint4* to;
  int fromCapacity;
  int toCapacity;
  int rowPieces;  // 16-byte pieces of a token's key, and of its value, in one layer
};

namespace {

constexpr int kBlockTokens = 64;

// The first row of a layer's keys.
__device__ int first_row(int layer, int capacity) {
  const int layers = kBlockTokens / capacity;
  return layer / layers * 2 * kBlockTokens + layer % layers * capacity;
}

}  // namespace

// Grid (tokens, layers, keys and values).
extern "C" __global__ void move_tail(const MoveTailParams p) {
  const int row = blockIdx.z * kBlockTokens + blockIdx.x;
  const uint4* from = p.from + (size_t)(first_row(blockIdx.y, p.fromCapacity) + row) * p.rowPieces;
  uint4* to = p.to + (size_t)(first_row(blockIdx.y, p.toCapacity) + row) * p.rowPieces;
  for (int i = threadIdx.x; i < p.rowPieces; i += blockDim.x) {
    to[i] = from[i];
  }
}
