// A decode step's products for one to four sequences, each with what comes before and after it in one launch.
#include "detail/product.cuh"
#include "detail/qkv.cuh"
#include "detail/swiglu.cuh"
#include "detail/weight_stream.cuh"

namespace {

using namespace rotatekv;

// Norm, both products of the feed-forward layer's first half, gated activation.
struct GateUpParams {
  const half* w;            // (2 width, cols): the gate's rows, then the other's
  const float* hidden;      // (n, cols): the residual stream
  const float* normWeight;  // (cols)
  half* out;                // (n, width)
  int width;
  int cols;  // a multiple of 8
  int n;
  float epsilon;
};

// Norm, projection to queries, keys and values, and what follows it.
struct ProjectParams {
  const half* w;            // ((heads + 2 kvHeads) d, cols)
  const float* hidden;      // (n, cols): the residual stream
  const float* normWeight;  // (cols)
  int cols;                 // a multiple of 8
  int n;
  float epsilon;
  QkvParams qkv;
};

struct Memory {
  stream::Shared& shared;
  half* x;

  __device__ static Memory get() {
    extern __shared__ __align__(128) uint8_t raw[];
    auto& shared = *reinterpret_cast<stream::Shared*>(raw);
    return {shared, reinterpret_cast<half*>(&shared + 1)};
  }
};

template <int N>
__device__ void product(const ProductParams& p) {
  const Memory memory = Memory::get();
  const stream::Weights w{p.w, p.rows / 2, p.cols, p.rows / 2, 0, p.rows / 2};
  stream::multiply<N>(
      memory.shared, w, memory.x, [&] { stream::copy_rows<N>(memory.x, p.x, p.cols, p.n); },
      [&](int pair, const float(&sum)[stream::kRows][N]) {
        if (threadIdx.x % 32 == 0) {
#pragma unroll
          for (int r = 0; r < stream::kRows; r++) {
#pragma unroll
            for (int i = 0; i < N; i++) {
              if (i < p.n) {
                float* y = p.y + (size_t)i * p.rows + pair + r * (p.rows / 2);
                *y = p.beta == 0.f ? sum[r][i] : sum[r][i] + p.beta * *y;
              }
            }
          }
        }
      });
}

template <int N>
__device__ void gate_up(const GateUpParams& p) {
  const Memory memory = Memory::get();
  const stream::Weights w{p.w, p.width, p.cols, p.width, 0, p.width};
  float largest[N];
  stream::multiply<N>(
      memory.shared, w, memory.x,
      [&] { stream::norm_rows<N>(memory.shared, memory.x, p.hidden, p.normWeight, p.cols, p.n, p.epsilon, largest); },
      [&](int channel, const float(&sum)[stream::kRows][N]) {
        if (threadIdx.x % 32 == 0) {
#pragma unroll
          for (int i = 0; i < N; i++) {
            if (i < p.n) {
              p.out[(size_t)i * p.width + channel] = swiglu(sum[0][i], sum[1][i]);
            }
          }
        }
      });
}

// A pair is the two channels that RoPE rotates together.
template <int N>
__device__ void project(const ProjectParams& p) {
  const Memory memory = Memory::get();
  const int pairs = p.qkv.pairs();
  const stream::Weights w{p.w, p.qkv.all_heads() * pairs, p.cols, pairs, p.qkv.headDim, pairs};
  float largest[N];
  stream::multiply<N>(
      memory.shared, w, memory.x,
      [&] {
        stream::norm_rows<N>(memory.shared, memory.x, p.hidden, p.normWeight, p.cols, p.n, p.epsilon, largest);
        if (blockIdx.x == 0 && threadIdx.x == 0) {
#pragma unroll
          for (int i = 0; i < N; i++) {
            if (i < p.n) {
              keep_largest(p.qkv, i, largest[i]);
            }
          }
        }
      },
      [&](int pair, const float(&sum)[stream::kRows][N]) {
        if (threadIdx.x % 32 == 0) {
#pragma unroll
          for (int i = 0; i < N; i++) {
            if (i < p.n) {
              finish_decode_pair(p.qkv, i, pair / pairs, pair % pairs, make_float2(sum[0][i], sum[1][i]));
            }
          }
        }
      });
}

}  // namespace

// The launcher gives as many threads and as much shared memory, by the same numbers.
static_assert(rotatekv::stream::kThreads == 512 && sizeof(rotatekv::stream::Shared) == 131456);

// Grid (multiprocessors); dynamic shared memory: Shared, then N rows of activations.
#define FEW_ROWS(NAME, PARAMS, N)                                                                       \
  extern "C" __global__ void __launch_bounds__(rotatekv::stream::kThreads, 1)                           \
      NAME##_##N##_sm90(const __grid_constant__ PARAMS p) {                                             \
    NAME<N>(p);                                                                                         \
  }

FEW_ROWS(product, ProductParams, 1)
FEW_ROWS(product, ProductParams, 2)
FEW_ROWS(product, ProductParams, 4)
FEW_ROWS(gate_up, GateUpParams, 1)
FEW_ROWS(gate_up, GateUpParams, 2)
FEW_ROWS(gate_up, GateUpParams, 4)
FEW_ROWS(project, ProjectParams, 1)
FEW_ROWS(project, ProjectParams, 2)
FEW_ROWS(project, ProjectParams, 4)
