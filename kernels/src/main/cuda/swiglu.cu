#include "detail/early_start.cuh"
#include "detail/swiglu.cuh"

struct SwiGluParams {
  const float* gateUp;  // (rows, 2 * width): the gate's channels, then the other's
  half* out;            // (rows, width)
  int width;
};

// Grid (blocks over the width, rows).
extern "C" __global__ void swiglu(const SwiGluParams p) {
  rotatekv::let_next_start();
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= p.width) {
    return;
  }
  rotatekv::wait_for_earlier_work();
  const float* row = p.gateUp + (size_t)blockIdx.y * 2 * p.width;
  p.out[(size_t)blockIdx.y * p.width + i] = rotatekv::swiglu(row[i], row[p.width + i]);
}
