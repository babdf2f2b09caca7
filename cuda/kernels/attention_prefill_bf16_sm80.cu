// attention_prefill_bf16_sm80_d<size>: dst = softmax(scale * q*Kt) * V, causal, for sequences of any length over paged keys and values,
// bf16 on tensor cores (Ampere and later, m16n8k16 and cp.async). Defined by backend.Attention. Formula and exactness: attention.cuh;
// mapping: attention_prefill.cuh.
//
//   q [T,H*D] bf16     pages of K, V [pages*G*16, D] bf16     table [S,P], bounds [S,3] i32: backend.Batch
//   dst [T,H*D] bf16
//
// Launch: params AttentionParams (partial, sums, tiles, sequences unused); the kernel with the least size >= D; block 256;
// grid G x S x ceil(longest Len * H/G / 128); no dynamic shared memory.
// q, dst and the pages start at multiples of 16 bytes; D and the strides of q and dst are multiples of 8; H is a multiple of
// G; scale > 0. Keys and values of all positions below Past+Len are in the pages; others are not read.
#include "attention_prefill.cuh"

PREFILL_KERNEL(attention_prefill_bf16_sm80_d32, bf16, 32, 2)
PREFILL_KERNEL(attention_prefill_bf16_sm80_d64, bf16, 64, 2)
PREFILL_KERNEL(attention_prefill_bf16_sm80_d96, bf16, 96, 1)
PREFILL_KERNEL(attention_prefill_bf16_sm80_d128, bf16, 128, 1)
