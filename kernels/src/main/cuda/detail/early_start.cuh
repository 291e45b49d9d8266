// Programmatic dependent launch (CUDA C++ Programming Guide, "Programmatic Dependent Launch and Synchronization"): a
// kernel's blocks may take their places while the kernel before it in the stream still runs. Everything that an earlier
// kernel may have written lies behind wait_for_earlier_work(). CudaKernel.startsEarly asks for such launches; others, and
// cards before Hopper, find nothing to wait for.
#pragma once

namespace rotatekv {

// From here on the next kernel may start, once all blocks have come this far.
__device__ inline void let_next_start() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}

// Until all earlier kernels of the stream have ended and what they wrote can be read.
__device__ inline void wait_for_earlier_work() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

}  // namespace rotatekv
