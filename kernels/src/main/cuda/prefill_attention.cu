// Causal attention of a chunk of one sequence's tokens, on tensor cores: flash attention (Dao 2023, arXiv 2307.08691)
// with two sources of keys and values. *Stored* ones have been through the codec, *fresh* ones are those of this chunk
// in FP16; which of them a block of queries sees of which block is the attention mode.
//
// A CTA of four warps has two query tiles of 64 rows and runs over 64-token tiles of keys: two heads that share a KV
// head, or two blocks of one head where their number is odd. A query tile is a block of positions, so that the mode is
// uniform over it. A warp keeps 32 rows: every key and value that it reads from shared memory serves two products.

#include <cuda_fp16.h>
#include <stdint.h>

#include "detail/block.cuh"
#include "detail/mma.cuh"

struct PrefillParams {
  const half* query;         // (rows, heads, d), after RoPE, times log2(e) / sqrt(d): softmax is in base 2
  const half* storedKeys;    // (storedTokens, kvHeads, d), after RoPE, from position 0 on
  const half* storedValues;  // (storedTokens, kvHeads, d)
  const half* freshKeys;     // (tokens, kvHeads, d), after RoPE, from position 64 * freshBlock up to the last row's
  const half* freshValues;   // (tokens, kvHeads, d)
  half* out;                 // (rows, heads, d)
  int rows;
  int start;                 // position of the first row
  int heads, kvHeads;
  int storedTokens;
  int freshBlock;
  int attend;                // Attend
};

namespace {

using namespace rotatekv;

// What the queries of block b see: [0, stored) as it is stored, [stored, b] fresh.
enum Attend {
  kBlock = 0,     // stored = b
  kFull = 1,      // stored = freshBlock
  kQuantized = 2  // stored = b + 1
};

constexpr int kThreads = 128;
constexpr int kTileTokens = kBlockTokens;
constexpr int kWarpRows = 32;
constexpr int kQueryRows = 2 * kTileTokens;

struct Tile {
  int head;
  int block;
  int stored;  // blocks that it sees as they are stored
  bool active;

  __device__ bool sees(bool fresh, int keyBlock) const {
    return active && (fresh ? keyBlock >= stored && keyBlock <= block : keyBlock < stored);
  }
};

__device__ Tile queryTile(const PrefillParams& p, int half) {
  const int queriesPerKv = p.heads / p.kvHeads;
  const int firstBlock = p.start / kTileTokens;
  const int lastBlock = (p.start + p.rows - 1) / kTileTokens;
  const int turn = gridDim.x - 1 - blockIdx.x;  // the longest first
  Tile tile;
  if (queriesPerKv % 2 == 0) {
    tile.head = blockIdx.y * 2 + half;
    tile.block = firstBlock + turn;
  } else {
    tile.head = blockIdx.y;
    tile.block = firstBlock + 2 * turn + half;
  }
  tile.stored = p.attend == kBlock ? tile.block : p.attend == kFull ? p.freshBlock : tile.block + 1;
  tile.active = tile.block <= lastBlock;
  return tile;
}

// 16 bytes or, where there are none to read, zeros.
__device__ __forceinline__ void copyOrZero(uint32_t to, const void* from, bool there) {
  asm volatile("cp.async.cg.shared.global [%0],[%1],16,%2;" ::"r"(to), "l"(from), "r"(there ? 16 : 0) : "memory");
}

__device__ __forceinline__ void loadMatrices(uint32_t (&a)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
               : "=r"(a[0]), "=r"(a[1]), "=r"(a[2]), "=r"(a[3])
               : "r"(address)
               : "memory");
}

template <int kDim>
struct Shared {
  half query[kQueryRows][kDim];  // then the output
  half keys[2][kTileTokens][kDim];
  half values[2][kTileTokens][kDim];
};

// Byte of 16-byte piece `piece` of a row, permuted so that eight rows' pieces lie in different banks.
template <int kDim>
__device__ __forceinline__ uint32_t pieceAt(int row, int piece) {
  return row * (kDim * 2) + ((piece ^ (row & 7)) * 16);
}

template <int kDim>
__device__ void loadQueries(const PrefillParams& p, const Tile (&tiles)[2], half* to) {
  constexpr int kPieces = kDim / 8;
  for (int i = threadIdx.x; i < kQueryRows * kPieces; i += kThreads) {
    const int row = i / kPieces;
    const Tile& tile = tiles[row / kTileTokens];
    const int at = tile.block * kTileTokens + row % kTileTokens - p.start;
    const bool there = at >= 0 && at < p.rows;
    const half* from = p.query + (static_cast<int64_t>(there ? at : 0) * p.heads + tile.head) * kDim;
    copyOrZero(sharedAddress(to) + pieceAt<kDim>(row, i % kPieces), from + i % kPieces * 8, there);
  }
}

// Rows first .. first + 63 of one KV head; those from `end` on become zeros.
template <int kDim>
__device__ __forceinline__ void loadTile(
    const PrefillParams& p, const half* from, int kvHead, int first, int end, half* to) {
  constexpr int kPieces = kDim / 8;
  const int stride = p.kvHeads * kDim;
  const int piece = threadIdx.x % kPieces;
  const half* head = from + kvHead * kDim + piece * 8;
#pragma unroll
  for (int row = threadIdx.x / kPieces; row < kTileTokens; row += kThreads / kPieces) {
    const bool there = first + row < end;
    copyOrZero(sharedAddress(to) + pieceAt<kDim>(row, piece),
               head + static_cast<int64_t>(there ? first + row : 0) * stride, there);
  }
}

// The tiles of keys that a CTA runs over: stored ones, then fresh ones.
struct KeyTiles {
  int stored, firstFresh, count;

  __device__ KeyTiles(const Tile (&tiles)[2], bool quantized) {
    const Tile& last = tiles[tiles[1].active ? 1 : 0];
    stored = last.stored;
    firstFresh = tiles[0].stored;
    count = stored + (quantized ? 0 : last.block + 1 - firstFresh);
  }

  __device__ bool fresh(int step) const { return step >= stored; }
  __device__ int block(int step) const { return fresh(step) ? firstFresh + step - stored : step; }
};

template <int kDim>
__device__ void loadKeyTile(const PrefillParams& p, const KeyTiles& keys, int kvHead, int step, Shared<kDim>& shared) {
  if (step < keys.count) {
    const bool fresh = keys.fresh(step);
    const int first = (keys.block(step) - (fresh ? p.freshBlock : 0)) * kTileTokens;
    const int end = fresh ? p.start + p.rows - p.freshBlock * kTileTokens : p.storedTokens;
    loadTile<kDim>(p, fresh ? p.freshKeys : p.storedKeys, kvHead, first, end, &shared.keys[step % 2][0][0]);
    loadTile<kDim>(p, fresh ? p.freshValues : p.storedValues, kvHead, first, end, &shared.values[step % 2][0][0]);
  }
  commitCopies();
}

// A warp's 32 query rows: two tiles of 16, of which a thread holds rows g and g + 8.
template <int kDim>
struct Rows {
  float out[2][kDim / 8][4];
  float maximum[2][2];
  float sum[2][2];  // of this thread's columns

  __device__ Rows() {
#pragma unroll
    for (int m = 0; m < 2; m++) {
#pragma unroll
      for (int j = 0; j < kDim / 8; j++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
          out[m][j][i] = 0;
        }
      }
      maximum[m][0] = maximum[m][1] = -INFINITY;
      sum[m][0] = sum[m][1] = 0;
    }
  }
};

using Scores = float[2][kTileTokens / 8][4];

template <int kDim>
__device__ __forceinline__ void score(Scores& scores, uint32_t queries, uint32_t keys, int firstRow) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int m = 0; m < 2; m++) {
#pragma unroll
    for (int j = 0; j < kTileTokens / 8; j++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        scores[m][j][i] = 0;
      }
    }
  }
#pragma unroll
  for (int k = 0; k < kDim / 16; k++) {
    uint32_t a[2][4];
#pragma unroll
    for (int m = 0; m < 2; m++) {
      loadMatrices(a[m], queries + pieceAt<kDim>(firstRow + 16 * m + lane % 16, 2 * k + lane / 16));
    }
#pragma unroll
    for (int j = 0; j < kTileTokens / 16; j++) {
      uint32_t b[4];
      loadMatrices(b, keys + pieceAt<kDim>(16 * j + lane / 16 * 8 + lane % 8, 2 * k + lane / 8 % 2));
#pragma unroll
      for (int m = 0; m < 2; m++) {
        multiplyAdd(scores[m][2 * j], a[m], b[0], b[1]);
        multiplyAdd(scores[m][2 * j + 1], a[m], b[2], b[3]);
      }
    }
  }
}

// Hides the keys after each query; both are of the same block, whose first query has row 0.
__device__ __forceinline__ void mask(Scores& scores, int firstRow) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int m = 0; m < 2; m++) {
#pragma unroll
    for (int j = 0; j < kTileTokens / 8; j++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const int key = 8 * j + lane % 4 * 2 + i % 2;
        const int query = firstRow + 16 * m + lane / 4 + i / 2 * 8;
        scores[m][j][i] = key > query ? -INFINITY : scores[m][j][i];
      }
    }
  }
}

// Turns scores into weights relative to the rows' new maxima.
template <int kDim>
__device__ __forceinline__ void softmax(Rows<kDim>& rows, Scores& scores) {
#pragma unroll
  for (int m = 0; m < 2; m++) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float maximum = rows.maximum[m][r];
#pragma unroll
      for (int j = 0; j < kTileTokens / 8; j++) {
        maximum = fmaxf(maximum, fmaxf(scores[m][j][2 * r], scores[m][j][2 * r + 1]));
      }
      maximum = fmaxf(maximum, __shfl_xor_sync(~0u, maximum, 1));
      maximum = fmaxf(maximum, __shfl_xor_sync(~0u, maximum, 2));
      const float rescale = exp2Fast(rows.maximum[m][r] - maximum);
      rows.maximum[m][r] = maximum;
      float sum = rows.sum[m][r] * rescale;
#pragma unroll
      for (int j = 0; j < kTileTokens / 8; j++) {
        scores[m][j][2 * r] = exp2Fast(scores[m][j][2 * r] - maximum);
        scores[m][j][2 * r + 1] = exp2Fast(scores[m][j][2 * r + 1] - maximum);
        sum += scores[m][j][2 * r] + scores[m][j][2 * r + 1];
      }
      rows.sum[m][r] = sum;
#pragma unroll
      for (int j = 0; j < kDim / 8; j++) {
        rows.out[m][j][2 * r] *= rescale;
        rows.out[m][j][2 * r + 1] *= rescale;
      }
    }
  }
}

// Adds weights times values. An accumulator of the scores is, rounded, an operand of this product.
template <int kDim>
__device__ __forceinline__ void addValues(Rows<kDim>& rows, const Scores& weights, uint32_t values) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int k = 0; k < kTileTokens / 16; k++) {
    uint32_t a[2][4];
#pragma unroll
    for (int m = 0; m < 2; m++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const float(&w)[4] = weights[m][2 * k + i / 2];
        a[m][i] = bits(__floats2half2_rn(w[i % 2 * 2], w[i % 2 * 2 + 1]));
      }
    }
#pragma unroll
    for (int j = 0; j < kDim / 16; j++) {
      uint32_t b[4];
      loadTransposed(b, values + pieceAt<kDim>(16 * k + lane % 16, 2 * j + lane / 16));
#pragma unroll
      for (int m = 0; m < 2; m++) {
        multiplyAdd(rows.out[m][2 * j], a[m], b[0], b[1]);
        multiplyAdd(rows.out[m][2 * j + 1], a[m], b[2], b[3]);
      }
    }
  }
}

// Divides by the sums and stores, through the warp's own rows of the queries, which nobody reads any more.
template <int kDim>
__device__ void storeRows(
    const PrefillParams& p, const Tile& tile, const Rows<kDim>& rows, int firstRow, half* staged) {
  const int lane = threadIdx.x % 32;
  uint8_t* bytes = reinterpret_cast<uint8_t*>(staged);
#pragma unroll
  for (int m = 0; m < 2; m++) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float sum = rows.sum[m][r];
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      const float inverse = 1.f / sum;
      const int row = firstRow + 16 * m + 8 * r + lane / 4;
#pragma unroll
      for (int j = 0; j < kDim / 8; j++) {
        *reinterpret_cast<half2*>(bytes + pieceAt<kDim>(row, j) + lane % 4 * 4) =
            __floats2half2_rn(rows.out[m][j][2 * r] * inverse, rows.out[m][j][2 * r + 1] * inverse);
      }
    }
  }
  __syncwarp();
  constexpr int kPieces = kDim / 8;
#pragma unroll
  for (int i = lane; i < kWarpRows * kPieces; i += 32) {
    const int row = firstRow + i / kPieces;
    const int at = tile.block * kTileTokens + row % kTileTokens - p.start;
    if (at >= 0 && at < p.rows) {
      half* to = p.out + (static_cast<int64_t>(at) * p.heads + tile.head) * kDim + i % kPieces * 8;
      *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(bytes + pieceAt<kDim>(row, i % kPieces));
    }
  }
}

template <int kDim>
__device__ __forceinline__ void attend(const PrefillParams& p) {
  extern __shared__ uint4 memory[];
  Shared<kDim>& shared = *reinterpret_cast<Shared<kDim>*>(memory);
  const Tile tiles[2] = {queryTile(p, 0), queryTile(p, 1)};
  const KeyTiles keys(tiles, p.attend == kQuantized);
  const int kvHead = tiles[0].head / (p.heads / p.kvHeads);
  loadQueries<kDim>(p, tiles, &shared.query[0][0]);
  loadKeyTile<kDim>(p, keys, kvHead, 0, shared);
  const int firstRow = threadIdx.x / 32 * kWarpRows;
  const Tile tile = firstRow < kTileTokens ? tiles[0] : tiles[1];
  const uint32_t queries = sharedAddress(&shared.query[0][0]);
  Rows<kDim> rows;
#pragma unroll 1
  for (int step = 0; step < keys.count; step++) {
    waitForCopies<0>();
    __syncthreads();  // this step's tile is there, and all are done with the one before
    loadKeyTile<kDim>(p, keys, kvHead, step + 1, shared);
    if (!tile.sees(keys.fresh(step), keys.block(step))) {
      continue;
    }
    Scores scores;
    score<kDim>(scores, queries, sharedAddress(&shared.keys[step % 2][0][0]), firstRow);
    if (keys.block(step) == tile.block) {
      mask(scores, firstRow % kTileTokens);
    }
    softmax(rows, scores);
    addValues(rows, scores, sharedAddress(&shared.values[step % 2][0][0]));
  }
  if (tile.active) {
    storeRows<kDim>(p, tile, rows, firstRow, &shared.query[0][0]);
  }
}

}  // namespace

// Grid (query tiles, heads) or, where heads share KV heads in pairs, (blocks, heads / 2).
extern "C" __global__ void __launch_bounds__(kThreads, 2)
    prefill_attention_64(const __grid_constant__ PrefillParams p) {
  attend<64>(p);
}

extern "C" __global__ void __launch_bounds__(kThreads, 2)
    prefill_attention_128(const __grid_constant__ PrefillParams p) {
  attend<128>(p);
}
