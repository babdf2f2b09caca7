// log_softmax_f32: dst[i] = x[i] - log(sum over j of exp(x[j])), row by row. Defined by backend.LogSoftmax.
//
//   dst, x [n,V] f32; dst may be x
//
// Mapping: one block a row. Pass 1: each thread keeps the largest of every blockDim.x-th element and the sum of
// exponentials relative to it, so that the row is read once; pass 2 subtracts. The order of the sum is fixed by V.
// Launch: grid n, block 512, no dynamic shared memory. A row of which each element is -inf gives NaN, as in the definition.
#include "math.cuh"
#include "reduce.cuh"
#include "types.cuh"

struct LogSoftmaxParams {
    float *dst;
    const float *x;
    int cols, ld_dst, ld_x;  // V and the strides of rows, in elements
    int unused;
};

extern "C" __global__ void __launch_bounds__(512) log_softmax_f32(const LogSoftmaxParams p) {
    __shared__ float scratch[32];
    float *dst = p.dst + i64(blockIdx.x) * p.ld_dst;
    const float *x = p.x + i64(blockIdx.x) * p.ld_x;

    float most = minus_infinity(), sum = 0;
#pragma unroll 1
    for (int c = threadIdx.x; c < p.cols; c += blockDim.x) {
        float v = x[c];
        if (v > most) {
            sum = __fmul_rn(sum, exp_accurate(__fsub_rn(most, v)));
            most = v;
        }
        if (v != minus_infinity()) sum = __fadd_rn(sum, exp_accurate(__fsub_rn(v, most)));
    }
    float top = reduce_block<Max>(most, scratch);
    sum = sum > 0 ? __fmul_rn(sum, exp_accurate(__fsub_rn(most, top))) : sum;
    float log_sum = logf(reduce_block<Sum>(sum, scratch));
#pragma unroll 1
    for (int c = threadIdx.x; c < p.cols; c += blockDim.x) dst[c] = __fsub_rn(__fsub_rn(x[c], top), log_sum);
}
