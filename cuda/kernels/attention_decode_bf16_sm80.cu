// attention_decode_bf16_sm80_d<size>: for each tile of 64 keys, the largest score m, the sum l of weights and the weighted values o
// of each query, over paged keys and values, bf16 on tensor cores (Ampere and later, m16n8k16 and cp.async). First half of
// backend.Attention for few queries; attention_combine is the second. Formula and exactness: attention.cuh; mapping:
// attention_decode.cuh.
//
//   q [T,H*D] bf16     pages of K, V [pages*G*16, D] bf16     table [S,P], bounds [S,3] i32: backend.Batch
//   partial [T,H,tiles,D] f32, sums [T,H,tiles] (m, l) f32: written only for the tiles that a query sees
//
// Launch: params AttentionParams (dst unused); the kernel with the least size >= D; block 32; grid tiles x G x
// S*ceil(longest Len * H/G / 16), tiles = ceil(longest Past+Len / 64); no dynamic shared memory.
// q, dst and the pages start at multiples of 16 bytes; D and the strides of q and dst are multiples of 8; H is a multiple of
// G; scale > 0. Keys and values of all positions below Past+Len are in the pages; others are not read.
#include "attention_decode.cuh"

DECODE_KERNEL(attention_decode_bf16_sm80_d32, bf16, 32)
DECODE_KERNEL(attention_decode_bf16_sm80_d64, bf16, 64)
DECODE_KERNEL(attention_decode_bf16_sm80_d96, bf16, 96)
DECODE_KERNEL(attention_decode_bf16_sm80_d128, bf16, 128)
