// Flash-style attention for many queries at a time, the body of attention_prefill_*. Formula and exactness: attention.cuh.
//
// Mapping. A block has 8 warps and 128 packed query rows of one sequence and key/value head, 16 a warp, whose q and O stay
// in registers. It walks over the tiles of keys that its rows can see, with one tile of K and one of V in shared memory:
// while K is multiplied V is on its way, and while V is multiplied the next K is. Each warp copies half a page of a tile,
// and leaves out the arithmetic of tiles that none of its rows can see. The grid starts with the last rows of the
// sequences, which see most keys and take longest.
#pragma once
#include "attention.cuh"

// PrefillTiles brings tiles of K and V into shared memory; each warp copies the same rows of each tile, which lie in one page.
template <int kD, int kWarps> struct PrefillTiles {
    static constexpr int kRows = kTileKeys / kWarps;
    RowPlan<kD> plan;
    RowCopy<kD, kRows, Aligned> k, v;
    const int *table;
    int last;  // tile
    int row;   // first of the warp's rows in a tile
    int page;  // to copy next

    __device__ PrefillTiles(const AttentionParams &p, int sequence, int last) : plan(p), last(last) {
        row = threadIdx.x / 32 * kRows;
        table = p.table + i64(sequence) * p.ld_table;
    }
    // rows is the number of tokens in the warp's rows of a tile; 0 or less if there is nothing to copy.
    __device__ int rows(const Sequence &s, int tile) const { return tile <= last ? s.end - (tile * kTileKeys + row) : 0; }

    // find looks up the page for the next two fetches.
    __device__ void find(const Sequence &s, int tile) {
        page = rows(s, tile) > 0 ? table[tile * kTilePages + row / kPageSize] : 0;
    }
    __device__ const u16 *at(const u16 *pages, const AttentionParams &p, const Sequence &s) const {
        return pages + (page_row(page, s.kv_head, p.kv_heads) + row % kPageSize) * p.head_size;
    }
    __device__ void fetch_k(const AttentionParams &p, const Sequence &s, u32 to, int tile) {
        k.fetch(plan, to + row * kD * 2, at(p.pages_k, p, s), rows(s, tile), p.head_size);
        commit_copies();
    }
    __device__ void fetch_v(const AttentionParams &p, const Sequence &s, u32 to, int tile) {
        v.fetch(plan, to + row * kD * 2, at(p.pages_v, p, s), rows(s, tile), p.head_size);
        commit_copies();
    }
};

// write_rows divides O by L and takes it to dst by way of shared memory, so that whole rows are written.
template <class T, int kD>
__device__ void write_rows(const AttentionParams &p, const Sequence &s, const float (&o)[kD / 8][4], const Fold (&fold)[2], int row, u32 tile) {
    constexpr int kChunks = kD / 8;
    int lane = threadIdx.x % 32, at = threadIdx.x / 32 * 16;
    float scale[2] = {__fdiv_rn(1.0f, fold[0].sum), __fdiv_rn(1.0f, fold[1].sum)};
#pragma unroll
    for (int j = 0; j < kChunks; j++)
#pragma unroll
        for (int e = 0; e < 2; e++) {
            u32 pair = pack2<T>(__fmul_rn(o[j][2 * e], scale[e]), __fmul_rn(o[j][2 * e + 1], scale[e]));
            u32 to = tile + Layout<kChunks>::offset(at + lane / 4 + 8 * e, j) + lane % 4 * 4;
            asm volatile("st.shared.b32 [%0], %1;" ::"r"(to), "r"(pair) : "memory");
        }
    __syncwarp();
#pragma unroll
    for (int i = 0; i < 16 * kChunks / 32; i++) {
        int n = i * 32 + lane, r = n / kChunks, chunk = n % kChunks;
        uint4 v = load_shared(tile + Layout<kChunks>::offset(at + r, chunk));
        if (row + r < s.rows && chunk * 8 < p.head_size) {
            u16 *to = p.dst + s.batch_row(row + r) * p.ld_dst + s.head(row + r) * p.head_size + chunk * 8;
            store_global(to, v);
        }
    }
}

// fold_columns takes columns 16c..16c+15 of the o of a tile into O.
template <class T, int kD>
__device__ void fold_columns(float (&o)[kD / 8][4], const TileWeights<T> &weights, const Weights (&w)[2], Reader<kD / 8> values, int c) {
    float of_tile[2][4];
    weights.template values<kD>(of_tile, values, 16 * c);
#pragma unroll
    for (int j = 0; j < 2; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) o[2 * c + j][i] = folded(o[2 * c + j][i], of_tile[j][i], w[i / 2]);
}

template <class T, int kD, int kWarps> __device__ void attention_prefill(const AttentionParams &p) {
    constexpr int kRows = 16 * kWarps;
    static_assert(kRows <= 2 * kTileKeys, "queries are staged where K and V will be");
    __shared__ __align__(256) u16 shared[2][kTileKeys * kD];
    u32 keys = shared_address(shared[0]), values = shared_address(shared[1]);
    Sequence s(p, blockIdx.y, blockIdx.x);
    int lo = (gridDim.z - 1 - blockIdx.z) * kRows, row = lo + threadIdx.x / 32 * 16;  // first rows of the block, of the warp
    if (lo >= s.rows) return;
    Sight block(p, s, lo, lo + kRows - 1), warp(p, s, row, row + 15);

    Queries<kD> q;
    q.load(p, s, row, keys, threadIdx.x / 32 * 16);
    float o[kD / 8][4] = {};
    Fold fold[2];

    auto read_k = Reader<kD / 8>::of_b(keys), read_v = Reader<kD / 8>::of_b_rows(values);
    PrefillTiles<kD, kWarps> tiles(p, blockIdx.y, block.last);
    int tile = block.first;
    __syncthreads();  // all warps have their queries: K may come to where they were
    tiles.find(s, tile);
    tiles.fetch_k(p, s, keys, tile);
#pragma unroll 1
    for (; tile <= block.last; tile++) {
        tiles.k.put(tiles.plan, keys + tiles.row * kD * 2);
        wait_copies<0>();
        __syncthreads();  // K has arrived, and all warps are done with the previous V
        tiles.fetch_v(p, s, values, tile);
        tiles.find(s, tile + 1);
        TileWeights<T> weights;
        if (warp.sees(tile)) weights.score(p, q, read_k, tile, warp.masked(tile));
        tiles.v.put(tiles.plan, values + tiles.row * kD * 2);
        wait_copies<0>();
        __syncthreads();  // V has arrived, and all warps are done with K
        // After the last tile nothing may be under way to `keys`. Registers are filled all the same, with zeros: if not,
        // the compiler would keep what they held over the whole loop.
        if (!Aligned::kAsync || tile < block.last) tiles.fetch_k(p, s, keys, tile + 1);
        if (!warp.sees(tile)) continue;
        Weights w[2] = {fold[0].add(weights.most[0], weights.sum[0]), fold[1].add(weights.most[1], weights.sum[1])};
#pragma unroll
        for (int c = 0; c < kD / 16; c += 2) {
            // Columns beyond D hold nothing. The branch also keeps the assembler from starting all columns at once, for
            // which there are not the registers.
            if (16 * c >= p.head_size) break;
            fold_columns<T, kD>(o, weights, w, read_v, c);
            fold_columns<T, kD>(o, weights, w, read_v, c + 1);
        }
    }
    __syncthreads();  // all warps are done with V: rows go to memory by way of where K and V were
    write_rows<T, kD>(p, s, o, fold, row, keys);
}

// blocks is how many blocks a multiprocessor should have registers for.
#define PREFILL_KERNEL(name, T, D, blocks) \
    extern "C" __global__ void __launch_bounds__(256, blocks) name(const AttentionParams p) { attention_prefill<T, D, 8>(p); }
