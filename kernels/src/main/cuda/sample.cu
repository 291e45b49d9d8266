#include <cstdint>

#include "detail/early_start.cuh"
#include "detail/sampler.cuh"

// Chooses the next token of each row from its logits, as io.rotatekv.model.engine.Sampler does.

struct SampleParams {
  const float* logits;                 // (rows, vocabulary)
  const rotatekv::Sampling* sampling;  // (rows)
  const int* positions;                // (rows): position of the token that was run; the chosen one comes after it
  int* tokens;                         // (rows)
  int vocabulary;
};

// Grid (rows).
extern "C" __global__ void __launch_bounds__(rotatekv::kSampleThreads) sample(const SampleParams p) {
  rotatekv::let_next_start();
  rotatekv::wait_for_earlier_work();
  const float* logits = p.logits + (size_t)blockIdx.x * p.vocabulary;
  const rotatekv::Sampling sampling = p.sampling[blockIdx.x];
  const int token = sampling.temperature == 0.f
      ? rotatekv::most_likely(logits, p.vocabulary)
      : rotatekv::draw(logits, p.vocabulary, sampling, p.positions[blockIdx.x] + 1);
  if (threadIdx.x == 0) {
    p.tokens[blockIdx.x] = token;
  }
}
