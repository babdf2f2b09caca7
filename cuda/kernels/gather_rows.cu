// gather_rows_<src>_<dst>: dst[i,:] = src[rows[i],:], converted to dst's type. Defined by backend.Gather.
//
//   dst  [n,C]  f32, f16 or bf16     src [m,C]  f32, f16 or bf16     rows [n] i32, values in 0..m-1
//
// Mapping: one block a row; a thread moves four neighbouring elements at a time, so that a warp reads and writes whole
// sectors. Rows that cannot be cut in aligned fours are moved element by element.
// Launch: grid n, block 256, no dynamic shared memory. dst must not overlap src.
#include "types.cuh"

struct GatherParams {
    void *dst;
    const void *src;
    const int *rows;
    int cols, ld_dst, ld_src;  // C and the strides of rows, in elements
    int unused;
};

template <class S, class D> __device__ void gather_rows(const GatherParams &p) {
    D *dst = static_cast<D *>(p.dst) + i64(blockIdx.x) * p.ld_dst;
    const S *src = static_cast<const S *>(p.src) + i64(p.rows[blockIdx.x]) * p.ld_src;
    if (fours(dst, p.ld_dst, p.cols) && fours(src, p.ld_src, p.cols)) {
#pragma unroll 1
        for (int c = 4 * threadIdx.x; c < p.cols; c += 4 * blockDim.x) store4(dst + c, load4(src + c));
    } else {
#pragma unroll 1
        for (int c = threadIdx.x; c < p.cols; c += blockDim.x) dst[c] = from_float<D>(to_float(src[c]));
    }
}

#define KERNEL(name, S, D) \
    extern "C" __global__ void __launch_bounds__(256) name(const GatherParams p) { gather_rows<S, D>(p); }

KERNEL(gather_rows_f32_f32, float, float)
KERNEL(gather_rows_f32_f16, float, f16)
KERNEL(gather_rows_f32_bf16, float, bf16)
KERNEL(gather_rows_f16_f32, f16, float)
KERNEL(gather_rows_f16_f16, f16, f16)
KERNEL(gather_rows_f16_bf16, f16, bf16)
KERNEL(gather_rows_bf16_f32, bf16, float)
KERNEL(gather_rows_bf16_f16, bf16, f16)
KERNEL(gather_rows_bf16_bf16, bf16, bf16)
