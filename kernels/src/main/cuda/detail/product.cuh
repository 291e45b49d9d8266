// What a product of a weight matrix with a few rows of activations is told.
#pragma once

#include <cuda_fp16.h>

namespace rotatekv {

// y = x w^T + beta y.
struct ProductParams {
  const half* w;  // (rows, cols)
  const half* x;  // (n, cols)
  float* y;       // (n, rows)
  int rows;       // even where the weights are streamed
  int cols;       // a multiple of 8
  int n;
  float beta;
};

}  // namespace rotatekv
