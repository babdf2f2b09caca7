// attention_combine_<dt>: folds the tiles that attention_decode has computed for each query and head, from left to right, and
// divides by the sum of weights. Second half of backend.Attention for few queries; formula and exactness: attention.cuh.
//
//   dst [T,H*D] f16 or bf16     partial [T,H,tiles,D] f32, sums [T,H,tiles] (m, l) f32     pos [T] i32
//
// Mapping: one warp a query and head; a lane holds four neighbouring columns.
// Launch: grid ceil(T*H / 4), block 128, no dynamic shared memory. D is a multiple of 8, at most 128; dst starts at a
// multiple of 8 bytes and its stride is a multiple of 4 elements.
#include "attention.cuh"

struct CombineParams {
    void *dst;
    const float *partial;
    const float2 *sums;
    const int *pos;
    int rows, heads, head_size;  // T, H, D
    int tiles, window, ld_dst;   // as in AttentionParams
};

template <class T> __device__ void attention_combine(const CombineParams &p) {
    int query = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, column = threadIdx.x % 32 * 4;  // query: row and head
    if (query >= p.rows * p.heads || column >= p.head_size) return;
    int row = query / p.heads, head = query % p.heads, position = p.pos[row];
    int tile = p.window > 0 ? max(position - p.window + 1, 0) / kTileKeys : 0;
    Fold fold;
    float4 o = make_float4(0, 0, 0, 0);
#pragma unroll 4
    for (; tile <= position / kTileKeys; tile++) {
        i64 slot = i64(query) * p.tiles + tile;
        float2 ml = p.sums[slot];
        float4 v = load4(p.partial + slot * p.head_size + column);
        Weights w = fold.add(ml.x, ml.y);
        o = make_float4(folded(o.x, v.x, w), folded(o.y, v.y, w), folded(o.z, v.z, w), folded(o.w, v.w, w));
    }
    float scale = __fdiv_rn(1.0f, fold.sum);
    T *to = static_cast<T *>(p.dst) + i64(row) * p.ld_dst + head * p.head_size + column;
    store4(to, make_float4(__fmul_rn(o.x, scale), __fmul_rn(o.y, scale), __fmul_rn(o.z, scale), __fmul_rn(o.w, scale)));
}

#define KERNEL(name, T) \
    extern "C" __global__ void __launch_bounds__(128) name(const CombineParams p) { attention_combine<T>(p); }

KERNEL(attention_combine_f16, f16)
KERNEL(attention_combine_bf16, bf16)
