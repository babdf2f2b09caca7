// Attention for few queries over many keys, the body of attention_decode_*. Formula and exactness: attention.cuh.
//
// Mapping. A block is one warp and has one tile of 64 keys of one sequence and key/value head, and 16 packed query rows. It
// asks for all of K and V at once, so that a multiprocessor with several blocks has more in flight than memory needs to
// stay busy, and writes m, l and o of the tile. attention_combine folds the tiles of each query.
#pragma once
#include "attention.cuh"

enum { kDecodeRows = 16, kDecodeThreads = 32 };

// copy_tile starts the copy of a tile's pages; they are one group.
template <int kD>
__device__ void copy_tile(const AttentionParams &p, const Sequence &s, const u16 *pages, u32 to, int sequence, int tile) {
    const int *table = p.table + i64(sequence) * p.ld_table + tile * kTilePages;
    RowPlan<kD> plan(p);
#pragma unroll 1
    for (int i = 0; i < kTilePages; i++, to += kPageSize * kD * 2) {
        int rows = s.end - (tile * kTileKeys + i * kPageSize);
        int page = rows > 0 ? table[i] : 0;
        RowCopy<kD, kPageSize, Aligned> copy;
        copy.fetch(plan, to, pages + page_row(page, s.kv_head, p.kv_heads) * p.head_size, rows, p.head_size);
        copy.put(plan, to);
    }
    commit_copies();
}

template <class T, int kD> __device__ void attention_decode(const AttentionParams &p) {
    __shared__ __align__(256) u16 shared[2][kTileKeys * kD];
    u32 keys = shared_address(shared[0]), values = shared_address(shared[1]);
    int blocks = gridDim.z / p.sequences, sequence = blockIdx.z / blocks;
    Sequence s(p, sequence, blockIdx.y);
    int lo = blockIdx.z % blocks * kDecodeRows, tile = blockIdx.x, lane = threadIdx.x % 32;
    if (lo >= s.rows) return;
    Sight sight(p, s, lo, lo + kDecodeRows - 1);
    if (!sight.sees(tile)) return;

    copy_tile<kD>(p, s, p.pages_k, keys, sequence, tile);
    Queries<kD> q;
    q.load(p, s, lo, values, 0);
    copy_tile<kD>(p, s, p.pages_v, values, sequence, tile);

    TileWeights<T> weights;
    wait_copies<1>();
    __syncwarp();
    weights.score(p, q, Reader<kD / 8>::of_b(keys), tile, sight.masked(tile));
    wait_copies<0>();
    __syncwarp();

    auto read_v = Reader<kD / 8>::of_b_rows(values);
    i64 slot[2];  // of the lane's two rows in partial and sums; negative if the row has no part in this tile
#pragma unroll
    for (int e = 0; e < 2; e++) {
        int r = lo + lane / 4 + 8 * e;
        slot[e] = r < s.rows && weights.most[e] != minus_infinity() ? (s.batch_row(r) * p.heads + s.head(r)) * p.tiles + tile : -1;
        if (slot[e] >= 0 && lane % 4 == 0) p.sums[slot[e]] = make_float2(weights.most[e], weights.sum[e]);
    }
#pragma unroll
    for (int c = 0; c < kD / 16; c++) {
        float o[2][4];
        weights.template values<kD>(o, read_v, 16 * c);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int column = 16 * c + i / 2 * 8 + lane % 4 * 2, e = i % 2;
            float *to = p.partial + slot[e] * p.head_size + column;
            if (slot[e] >= 0 && column < p.head_size) *reinterpret_cast<float2 *>(to) = make_float2(o[i / 2][2 * e], o[i / 2][2 * e + 1]);
        }
    }
}

#define DECODE_KERNEL(name, T, D) \
    extern "C" __global__ void __launch_bounds__(kDecodeThreads) name(const AttentionParams p) { attention_decode<T, D>(p); }
