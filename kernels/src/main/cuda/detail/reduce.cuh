#pragma once

// Reductions over the threads of a block. Every thread gets the result; blocks have whole warps.

namespace rotatekv {

struct Sum {
  template <typename T>
  __device__ static T join(T a, T b) { return a + b; }
};

struct Max {
  template <typename T>
  __device__ static T join(T a, T b) { return a > b ? a : b; }
};

// `scratch` holds one T per warp and one more; it may be used again only after the next __syncthreads().
template <typename Op, typename T>
__device__ T reduce_block(T value, T* scratch) {
  for (int offset = 16; offset > 0; offset >>= 1) {
    value = Op::join(value, __shfl_xor_sync(0xffffffffu, value, offset));
  }
  const int warps = blockDim.x / 32;
  if (threadIdx.x % 32 == 0) {
    scratch[threadIdx.x / 32] = value;
  }
  __syncthreads();
  T result = scratch[0];
  for (int warp = 1; warp < warps; ++warp) {
    result = Op::join(result, scratch[warp]);
  }
  return result;
}

}  // namespace rotatekv
