#include "detail/early_start.cuh"
#include "detail/qkv.cuh"

namespace {

using namespace rotatekv;

// One thread per pair of channels.
struct Place {
  int head;
  int pair;

  __device__ explicit Place(const QkvParams& p) {
    const int index = blockIdx.x * blockDim.x + threadIdx.x;
    head = index / p.pairs();
    pair = index % p.pairs();
  }

  __device__ float2 projected(const QkvParams& p, int row) const {
    const float* x = p.qkv + ((size_t)row * p.all_heads() + head) * p.headDim + pair;
    return make_float2(x[0], x[p.pairs()]);
  }
};

}  // namespace

// Grid (blocks over the pairs, rows): one new token of each of several sequences.
extern "C" __global__ void qkv_decode(const QkvParams p) {
  let_next_start();
  const Place at(p);
  const int row = blockIdx.y;
  wait_for_earlier_work();
  if (at.head < p.all_heads()) {
    finish_decode_pair(p, row, at.head, at.pair, at.projected(p, row));
  }
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    keep_largest(p, row, p.largest[row]);
  }
}

// Grid (blocks over the pairs, rows): consecutive tokens of one sequence.
extern "C" __global__ void qkv_prefill(const QkvParams p) {
  const Place at(p);
  const int row = blockIdx.y;
  const size_t width = (size_t)p.kvHeads * p.headDim;
  if (at.head < p.all_heads()) {
    finish_pair<half>(
        p, row, at.head, at.pair, at.projected(p, row), p.keys + row * width, p.values + row * width);
  }
}
