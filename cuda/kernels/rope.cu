// rope_<dt>: rotates each head of each row, in place, by the row's position. With h = D/2, for i < h:
//   (x[i], x[i+h]) = (x[i]*cos - x[i+h]*sin, x[i+h]*cos + x[i]*sin)
// Defined by backend.Rope (Su et al. 2021, arXiv:2104.09864). Scaling of the frequencies (Llama 3.1) is in the table.
//
//   x [T,n*D] f16 or bf16, a view of q or of k     pos [T] i32     table [P,D] f32: row p holds cos for i < h, then sin
//
// Mapping: one block a row; a thread rotates four neighbouring pairs (one where rows or h cannot be cut in aligned fours).
// Products are in float and rounded once, the second product of each sum inside a fused multiply-add.
// Launch: grid T, block 128, no dynamic shared memory. D is even; positions lie in 0..P-1.
#include "types.cuh"

struct RopeParams {
    void *x;
    const int *pos;
    const float *table;
    int heads, head_size;  // n, D
    int ld_x, ld_table;    // strides of rows, in elements
};

struct Pair {
    float low, high;
};

__device__ Pair rotate(float low, float high, float cosine, float sine) {
    return {fmaf(-high, sine, __fmul_rn(low, cosine)), fmaf(low, sine, __fmul_rn(high, cosine))};
}

template <class T> __device__ void rotate4(T *x, const float *angles, int half) {
    float4 low = load4(x), high = load4(x + half), cosine = load4(angles), sine = load4(angles + half);
    Pair a = rotate(low.x, high.x, cosine.x, sine.x), b = rotate(low.y, high.y, cosine.y, sine.y);
    Pair c = rotate(low.z, high.z, cosine.z, sine.z), d = rotate(low.w, high.w, cosine.w, sine.w);
    store4(x, make_float4(a.low, b.low, c.low, d.low));
    store4(x + half, make_float4(a.high, b.high, c.high, d.high));
}

template <class T> __device__ void rotate1(T *x, const float *angles, int half) {
    Pair a = rotate(to_float(x[0]), to_float(x[half]), angles[0], angles[half]);
    x[0] = from_float<T>(a.low);
    x[half] = from_float<T>(a.high);
}

template <class T> __device__ void rope(const RopeParams &p) {
    T *x = static_cast<T *>(p.x) + i64(blockIdx.x) * p.ld_x;
    const float *angles = p.table + i64(p.pos[blockIdx.x]) * p.ld_table;
    int half = p.head_size / 2;
    bool vectors = fours(x, p.ld_x, half) && fours(angles, p.ld_table, half);
    int step = vectors ? 4 : 1, groups = half / step;  // groups of pairs in a head
#pragma unroll 1
    for (int i = threadIdx.x; i < p.heads * groups; i += blockDim.x) {
        int head = i / groups, pair = (i - head * groups) * step;
        T *at = x + head * p.head_size + pair;
        if (vectors) rotate4(at, angles + pair, half);
        else rotate1(at, angles + pair, half);
    }
}

#define KERNEL(name, T) \
    extern "C" __global__ void __launch_bounds__(128) name(const RopeParams p) { rope<T>(p); }

KERNEL(rope_f16, f16)
KERNEL(rope_bf16, bf16)
