// rms_norm_<dt>: x += add; dst = x / sqrt(mean(x^2) + eps) * w, row by row. Defined by backend.RMSNorm
// (Zhang & Sennrich 2019, arXiv:1910.07467); the residual addition that comes before a norm is fused into it.
//
//   dst [T,C] f16 or bf16     x [T,C] f32, updated in place     add [T,C] f32 or null     w [1,C] f32
//
// Mapping: one block a row. The row is read once: x + add goes back to x and into shared memory, from where it is
// normalised once the sum of squares is known. A thread sums every blockDim.x-th element (fours where the rows allow it),
// then lanes and warps are added in a fixed order; the bits of a row depend on C and on the alignment of its rows alone.
// Launch: grid T, block 256, dynamic shared memory 4*C bytes (rounded up to 16). x and add may not overlap.
#include "reduce.cuh"
#include "types.cuh"

struct RMSNormParams {
    void *dst;
    float *x;
    const float *add;
    const float *w;
    int cols, ld_dst, ld_x, ld_add;  // C and the strides of rows, in elements
    float eps;
    int unused;
};

__device__ float sum_of_squares(float4 v) {
    return fmaf(v.w, v.w, fmaf(v.z, v.z, fmaf(v.y, v.y, __fmul_rn(v.x, v.x))));
}

// accumulate adds the row of `add` to that of `x`, keeps the sum in `row` and returns this thread's share of the squares.
__device__ float accumulate(float *row, float *x, const float *add, int cols, bool vectors) {
    float squares = 0;
    if (vectors) {
        for (int c = 4 * threadIdx.x; c < cols; c += 4 * blockDim.x) {
            float4 v = load4(x + c);
            if (add) store4(x + c, v = add4(v, load4(add + c)));
            store4(row + c, v);
            squares = __fadd_rn(squares, sum_of_squares(v));
        }
    } else {
        for (int c = threadIdx.x; c < cols; c += blockDim.x) {
            float v = x[c];
            if (add) x[c] = v = __fadd_rn(v, add[c]);
            row[c] = v;
            squares = fmaf(v, v, squares);
        }
    }
    return squares;
}

template <class T> __device__ void rms_norm(const RMSNormParams &p) {
    extern __shared__ float4 dynamic[];
    __shared__ float scratch[32];
    float *row = reinterpret_cast<float *>(dynamic);
    T *dst = static_cast<T *>(p.dst) + i64(blockIdx.x) * p.ld_dst;
    float *x = p.x + i64(blockIdx.x) * p.ld_x;
    const float *add = p.add ? p.add + i64(blockIdx.x) * p.ld_add : nullptr;
    bool vectors = fours(x, p.ld_x, p.cols) && fours(p.w, 0, p.cols) && fours(dst, p.ld_dst, p.cols) && fours(add, p.ld_add, 0);

    float squares = reduce_block<Sum>(accumulate(row, x, add, p.cols, vectors), scratch);
    float scale = __fdiv_rn(1.0f, __fsqrt_rn(__fadd_rn(__fdiv_rn(squares, float(p.cols)), p.eps)));

    // Each thread reads from `row` what it wrote itself.
    if (vectors) {
        for (int c = 4 * threadIdx.x; c < p.cols; c += 4 * blockDim.x) {
            float4 v = load4(row + c), w = load4(p.w + c);
            store4(dst + c, make_float4(__fmul_rn(__fmul_rn(v.x, scale), w.x), __fmul_rn(__fmul_rn(v.y, scale), w.y),
                                        __fmul_rn(__fmul_rn(v.z, scale), w.z), __fmul_rn(__fmul_rn(v.w, scale), w.w)));
        }
    } else {
        for (int c = threadIdx.x; c < p.cols; c += blockDim.x)
            dst[c] = from_float<T>(__fmul_rn(__fmul_rn(row[c], scale), p.w[c]));
    }
}

#define KERNEL(name, T) \
    extern "C" __global__ void __launch_bounds__(256) name(const RMSNormParams p) { rms_norm<T>(p); }

KERNEL(rms_norm_f16, f16)
KERNEL(rms_norm_bf16, bf16)
