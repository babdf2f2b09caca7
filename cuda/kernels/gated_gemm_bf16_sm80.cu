// gated_gemm_bf16_sm80_*: dst = silu(g) * u with g = scale * (x*gate_t + h*Bg_t), u = scale * (x*up_t + h*Bu_t), for bf16 on tensor cores
// (Ampere and later, m16n8k16 and cp.async). Defined by backend.GatedMatMul. Tiles, mapping and exactness: gemm.cuh.
//
//   dst [M,F] bf16     x [M,K] bf16     W = [gate; up] [2F,K] bf16     h [M,R], B = [Bg; Bu] [2F,R] bf16, or R = 0
//
// Launch: params GemmParams with n = F and output = kStore; no dynamic shared memory; grid ceil(M/tile rows) x
// ceil(F/tile columns):
//   _128x64     block 128, tile 128 x 64       _64x32      block 128, tile 64 x 32      _16x32      block 64, tile 16 x 32
//   _unaligned  block 128, tile 64 x 32
// All but _unaligned: x, W, h and B start at multiples of 16 bytes; K, R and their strides are multiples of 8.
#include "gemm.cuh"

GEMM_KERNEL(gated_gemm_bf16_sm80_128x64, bf16, Large, Aligned, true)
GEMM_KERNEL(gated_gemm_bf16_sm80_64x32, bf16, Medium, Aligned, true)
GEMM_KERNEL(gated_gemm_bf16_sm80_16x32, bf16, SmallGated, Aligned, true)
GEMM_KERNEL(gated_gemm_bf16_sm80_unaligned, bf16, Medium, Unaligned, true)
