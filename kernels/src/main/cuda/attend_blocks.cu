// Attention at decode over stored blocks of the codecs that quantize, on any GPU from compute capability 8.0: one
// partial softmax per CTA and (sequence, rotation group).

#include "detail/attend_blocks.cuh"
#include "detail/early_start.cuh"

namespace {

using namespace rotatekv;

template <Codec kCodec, int D, int G, int T>
__device__ void attend(const AttendParams& p) {
  extern __shared__ __align__(128) uint8_t memory[];
  wait_for_earlier_work();
  let_next_start();  // after waiting: finish_attention reads what earlier kernels wrote before it waits for this one
  Schedule schedule(p);
  if (blockIdx.x >= schedule.workers) {
    return;
  }
  __shared__ typename BlockAttention<kCodec, D, G, T>::Shared shared;
  BlockAttention<kCodec, D, G, T> kernel(p, shared, memory);
  const int begin = schedule.begin(blockIdx.x);
  const int end = schedule.begin(blockIdx.x + 1);
  WorkItem at = schedule.locate(p, begin);
  WorkItem ahead = at;
  kernel.layout.loadStage(p, kernel.stages, ahead);
  commitCopies();
  kernel.fetchPhase(at.block);
  bool fresh = true;
  for (int item = begin; item < end; item++) {
    waitForCopies<0>();
    __syncthreads();  // the stage is there for all, and all have left the one before
    kernel.layout.loadValues(p, kernel.values, at);
    commitCopies();
    if (item + 1 < end) {
      ahead = schedule.next(p, ahead);
      kernel.layout.loadStage(p, kernel.stages + (item + 1 - begin) % kAttendStages * kernel.layout.bytes, ahead);
    }
    commitCopies();
    if (fresh) {
      kernel.begin(at);
    }
    kernel.fold(kernel.stages + (item - begin) % kAttendStages * kernel.layout.bytes, at, ahead.block);
    fresh = at.block + 1 == at.pairBlocks || item + 1 == end;
    if (fresh) {
      kernel.store(partialSlot(at.pair, blockIdx.x));
    }
    at = ahead;
  }
}

}  // namespace

#define ATTEND(NAME, CODEC, D, G, T, CTAS)                                                                    \
  extern "C" __global__ void __launch_bounds__(kAttendThreads, CTAS) attend_##NAME##_d##D##_g##G##_t##T(      \
      const AttendParams p) {                                                                                 \
    attend<Codec::CODEC, D, G, T>(p);                                                                         \
  }

#define ATTEND_SHAPES(NAME, CODEC, D) \
  ATTEND(NAME, CODEC, D, 1, 1, 3)     \
  ATTEND(NAME, CODEC, D, 2, 2, 3)     \
  ATTEND(NAME, CODEC, D, 3, 3, 2)     \
  ATTEND(NAME, CODEC, D, 4, 1, 3)     \
  ATTEND(NAME, CODEC, D, 4, 2, 3)     \
  ATTEND(NAME, CODEC, D, 4, 4, 2)

ATTEND_SHAPES(centred2, kCentred2, 64)
ATTEND_SHAPES(centred2, kCentred2, 128)
ATTEND_SHAPES(centred34, kCentred34, 64)
ATTEND_SHAPES(centred34, kCentred34, 128)
ATTEND_SHAPES(rotatekv2, kRotatekv2, 64)
ATTEND_SHAPES(rotatekv2, kRotatekv2, 128)
ATTEND_SHAPES(rotatekv34, kRotatekv34, 64)
ATTEND_SHAPES(rotatekv34, kRotatekv34, 128)
