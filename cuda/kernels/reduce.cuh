// Sums and maxima over the threads of a warp and of a block, in an order that depends on nothing but the block's size.
#pragma once
#include "math.cuh"
#include "types.cuh"

enum : u32 { kAllLanes = 0xffffffff };

struct Sum {
    __device__ static float neutral() { return 0; }
    __device__ static float of(float a, float b) { return __fadd_rn(a, b); }
};

struct Max {
    __device__ static float neutral() { return minus_infinity(); }
    __device__ static float of(float a, float b) { return fmaxf(a, b); }
};

// reduce_lanes<Op, N>(v) combines groups of N neighbouring lanes; all of them get the result. In each step a lane and its
// partner combine the same two values, and Op commutes, so the lanes of a group agree to the bit.
template <class Op, int N> __device__ inline float reduce_lanes(float v) {
#pragma unroll
    for (int step = 1; step < N; step *= 2) v = Op::of(v, __shfl_xor_sync(kAllLanes, v, step));
    return v;
}

// reduce_block<Op>(v, scratch) combines a block of blockDim.x threads, a multiple of 32; all get the result. scratch holds
// 32 floats of shared memory and may be used again at once.
template <class Op> __device__ inline float reduce_block(float v, float *scratch) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    v = reduce_lanes<Op, 32>(v);
    if (lane == 0) scratch[warp] = v;
    __syncthreads();
    v = reduce_lanes<Op, 32>(lane < blockDim.x / 32 ? scratch[lane] : Op::neutral());
    __syncthreads();
    return v;
}
