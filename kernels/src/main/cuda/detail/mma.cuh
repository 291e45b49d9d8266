// PTX that CUDA C++ has no functions for: tensor core fragments and asynchronous copies, as of compute capability 8.0.
//
// In a fragment lane l of a warp has g = l / 4 and t = l % 4. An A fragment (16 x 16) holds in its four registers the
// pairs of columns 2t, 2t + 1 of rows g and g + 8, then the same of columns 8 + 2t; a B fragment (16 x 8) the pairs of
// rows 2t and 8 + 2t of column g; an accumulator (16 x 8) the columns 2t, 2t + 1 of rows g and g + 8.
#pragma once

#include <cuda_fp16.h>
#include <stdint.h>

namespace rotatekv {

__device__ __forceinline__ uint32_t bits(half2 x) { return *reinterpret_cast<uint32_t*>(&x); }

__device__ __forceinline__ half2 halves(uint32_t x) { return *reinterpret_cast<half2*>(&x); }

__device__ __forceinline__ uint32_t sharedAddress(const void* x) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(x));
}

// c += a b, in FP32.
__device__ __forceinline__ void multiplyAdd(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// a b in FP16: the two registers are those of an accumulator, rounded and packed.
__device__ __forceinline__ void multiplyHalves(
    uint32_t& c0, uint32_t& c1, const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0,%1},{%2,%3,%4,%5},{%6,%7},{%8,%8};"
      : "=r"(c0), "=r"(c1)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1), "r"(0));
}

// Four 8 x 8 matrices of halves, transposed; lane l gives the address of row l % 8 of matrix l / 8.
__device__ __forceinline__ void loadTransposed(uint32_t (&a)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3},[%4];"
               : "=r"(a[0]), "=r"(a[1]), "=r"(a[2]), "=r"(a[3])
               : "r"(address)
               : "memory");
}

// An 8 x 8 matrix of halves, transposed across the warp.
__device__ __forceinline__ uint32_t transposed(uint32_t x) {
  uint32_t y;
  asm("movmatrix.sync.aligned.m8n8.trans.b16 %0,%1;" : "=r"(y) : "r"(x));
  return y;
}

__device__ __forceinline__ float exp2Fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0,%1;" : "=f"(y) : "f"(x));
  return y;
}

// Copies 16 bytes to shared memory, past the L1 cache.
__device__ __forceinline__ void copyAsync(uint32_t to, const void* from) {
  asm volatile("cp.async.cg.shared.global [%0],[%1],16;" ::"r"(to), "l"(from) : "memory");
}

// Ends a group of copies.
__device__ __forceinline__ void commitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most N of the thread's groups are under way.
template <int N>
__device__ __forceinline__ void waitForCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

}  // namespace rotatekv
