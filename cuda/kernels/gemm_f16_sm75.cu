// gemm_f16_sm75_*: dst = scale * (x*Wt + h*Bt), or dst += that, for f16 on tensor cores (Turing, m16n8k8).
// Defined by backend.MatMul. Tiles, mapping and exactness: gemm.cuh.
//
//   dst [M,N] f16 or f32     x [M,K] f16     W [N,K] f16     h [M,R], B [N,R] f16, or R = 0
//
// Launch: params GemmParams; no dynamic shared memory; grid ceil(M/tile rows) x ceil(N/tile columns):
//   _128x128    block 128, tile 128 x 128      _64x64      block 128, tile 64 x 64      _16x32      block 64, tile 16 x 32
//   _unaligned  block 128, tile 64 x 64
// All but _unaligned: x, W, h and B start at multiples of 16 bytes; K, R and their strides are multiples of 8. dst needs
// the alignment of its elements alone, and is written in vectors where its address and stride are multiples of four elements.
#include "gemm.cuh"

GEMM_KERNEL(gemm_f16_sm75_128x128, f16, Large, Aligned, false)
GEMM_KERNEL(gemm_f16_sm75_64x64, f16, Medium, Aligned, false)
GEMM_KERNEL(gemm_f16_sm75_16x32, f16, Small, Aligned, false)
GEMM_KERNEL(gemm_f16_sm75_unaligned, f16, Medium, Unaligned, false)
