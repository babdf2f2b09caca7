// The tensor-core product of the kernels: one tile of 16 x 8 outputs takes 16 steps of k. Every kernel accumulates an
// output by these calls in ascending k and in one accumulator, so the bits of a product do not depend on which kernel,
// tile or warp computed it.
//
// Fragments, for lane l with g = l/4, q = l%4 (PTX ISA, "Matrix fragments for mma.m16n8k16"):
//   a[0] = A[g][2q..2q+1]      a[1] = A[g+8][2q..]      a[2] = A[g][2q+8..]      a[3] = A[g+8][2q+8..]
//   b0   = B[2q..2q+1][g]      b1   = B[2q+8..][g]
//   c[0..1] = C[g][2q..2q+1]   c[2..3] = C[g+8][2q..2q+1]
#pragma once
#include "types.cuh"

// mma_k16 computes c += a*b, products exact, sums in float.
template <class T> __device__ inline void mma_k16(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1);

#if __CUDA_ARCH__ >= 800

template <> __device__ inline void mma_k16<f16>(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

template <> __device__ inline void mma_k16<bf16>(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#else

// Turing has half the depth; two instructions chained through the accumulator make one, with the same fragments.
template <> __device__ inline void mma_k16<f16>(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(b0));
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[2]), "r"(a[3]), "r"(b1));
}

#endif
