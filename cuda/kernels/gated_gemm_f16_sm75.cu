// gated_gemm_f16_sm75_*: dst = silu(g) * u with g = scale * (x*gate_t + h*Bg_t), u = scale * (x*up_t + h*Bu_t), for f16 on tensor cores
// (Turing, m16n8k8). Defined by backend.GatedMatMul. Tiles, mapping and exactness: gemm.cuh.
//
//   dst [M,F] f16     x [M,K] f16     W = [gate; up] [2F,K] f16     h [M,R], B = [Bg; Bu] [2F,R] f16, or R = 0
//
// Launch: params GemmParams with n = F and output = kStore; no dynamic shared memory; grid ceil(M/tile rows) x
// ceil(F/tile columns):
//   _128x64     block 128, tile 128 x 64       _64x32      block 128, tile 64 x 32      _16x32      block 64, tile 16 x 32
//   _unaligned  block 128, tile 64 x 32
// All but _unaligned: x, W, h and B start at multiples of 16 bytes; K, R and their strides are multiples of 8.
#include "gemm.cuh"

GEMM_KERNEL(gated_gemm_f16_sm75_128x64, f16, Large, Aligned, true)
GEMM_KERNEL(gated_gemm_f16_sm75_64x32, f16, Medium, Aligned, true)
GEMM_KERNEL(gated_gemm_f16_sm75_16x32, f16, SmallGated, Aligned, true)
GEMM_KERNEL(gated_gemm_f16_sm75_unaligned, f16, Medium, Unaligned, true)
