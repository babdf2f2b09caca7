// Attention over paged keys and values: what prefill and decode share.
//
// A query at position p attends to the keys 0..p of its sequence (p-w+1..p with a window of w). Keys are taken in tiles of
// 64 at positions 64j..64j+63, whatever the query. The result is defined as a fold over tiles, from left to right:
//
//   of a tile alone:   m = max over its keys of s,  s = scale * log2(e) * q.k     (all in powers of 2)
//                      e = 2^(s - m),  l = sum of e,  o = sum of e rounded to the compute type, times v
//   fold into (M,L,O): M' = max(M, m),  a = 2^(M - M'),  b = 2^(m - M')
//                      L' = l*b + L*a,  O' = o*b + O*a
//   at the end:        O / L
//
// This is the online softmax (Milakov & Gimelshein 2018, arXiv:1805.02867; Dao et al. 2022, arXiv:2205.14135) with one
// change: o starts from zero in each tile instead of running on in O. That costs a fused multiply-add where a
// multiplication was, and it is what makes decode exact: there a block computes (m, l, o) of one tile for itself, all
// tiles at once, and a second kernel folds them in the same order with the same instructions. So a token gets the same
// bits in a prefill of any length, in any chunk of it, and in a decode step. A tile none of whose keys a query may see
// leaves its (M, L, O) as it is, so it does not matter that a block visits it for the sake of another query.
//
// Grouped queries. The H/G query heads that share a key/value head are packed together: packed row r of a sequence and kv
// head is query head r % (H/G) of token r / (H/G). A tile of 64 (prefill) or 16 (decode) packed rows is multiplied at once.
//
// Head sizes. Kernels are compiled for 32, 64, 96 and 128; any D that is a multiple of 8 runs on the next larger one,
// where its rows are filled up with zeros in shared memory.
#pragma once
#include "copy.cuh"
#include "math.cuh"
#include "mma.cuh"
#include "paging.cuh"
#include "reduce.cuh"
#include "tile.cuh"
#include "types.cuh"

struct AttentionParams {
    u16 *dst;                            // [T,H*D]; decode: not used
    const u16 *q;                        // [T,H*D]
    const u16 *pages_k, *pages_v;        // [pages*G*16, D] dense
    const int *table, *bounds;           // [S,ld_table] pages, [S,3] Start, Len, Past: backend.Batch
    float *partial;                      // decode: [T,H,tiles,D] o of each tile
    float2 *sums;                        // decode: [T,H,tiles] m and l
    int heads, kv_heads, head_size;      // H, G, D
    int ld_dst, ld_q, ld_table, window;  // strides of rows in elements; window 0: none
    int tiles, sequences;                // decode: tiles of 64 keys for which partial and sums have room; S
    float scale;                         // > 0
};

enum { kTileKeys = 64, kTilePages = kTileKeys / kPageSize };

// Fold is the state (M, L) of one query; O is held by the caller. add returns how O takes in the o of a tile.
struct Weights {
    float old, tile;  // a, b
};

struct Fold {
    float most = minus_infinity(), sum = 0;

    __device__ Weights add(float tile_most, float tile_sum) {
        bool none = tile_most == minus_infinity();  // the query sees no key of the tile
        float next = fmaxf(most, tile_most), origin = none ? 0 : next;
        float a = exp2_approx(__fsub_rn(most, origin)), b = exp2_approx(__fsub_rn(tile_most, origin));
        Weights w = {none ? 1.0f : a, none ? -0.0f : b};  // -0 is neutral in the sum below also if that is -0
        most = next;
        sum = fmaf(tile_sum, w.tile, __fmul_rn(sum, w.old));
        return w;
    }
};

__device__ inline float folded(float o, float tile, Weights w) { return fmaf(tile, w.tile, __fmul_rn(o, w.old)); }

// Sequence is the part of a batch that a block works on: one sequence and one key/value head.
struct Sequence {
    int start, past, end;  // first row in the batch; position of that row; positions that exist
    int rows, group;       // packed rows, H/G
    int kv_head;

    __device__ Sequence(const AttentionParams &p, int sequence, int head) : kv_head(head) {
        const int *b = p.bounds + 3 * sequence;
        start = b[0], past = b[2], end = b[2] + b[1];
        group = p.heads / p.kv_heads;
        rows = b[1] * group;
    }
    __device__ int position(int row) const { return past + row / group; }
    __device__ i64 batch_row(int row) const { return start + row / group; }
    __device__ int head(int row) const { return kv_head * group + row % group; }
};

// RowPlan is how a warp copies rows of K or V: in each step some whole rows, a chunk a lane. Rows of a page lie together in
// memory, so the warp's accesses follow each other without a gap (where D is the size compiled for). With 12 chunks in a
// row 24 lanes work.
template <int kD> struct RowPlan {
    static constexpr int kChunks = kD / 8, kRowsAStep = 32 / kChunks;
    int row;   // the lane's row in the first step; beyond all if it has no part
    int from;  // element of its chunk in these rows
    u32 to;    // and the place of it in a tile

    __device__ explicit RowPlan(const AttentionParams &p) {
        int lane = threadIdx.x % 32, chunk = lane % kChunks;
        bool idle = lane >= kRowsAStep * kChunks || chunk * 8 >= p.head_size;
        from = opaque(lane / kChunks * p.head_size + chunk * 8);
        to = opaque(Layout<kChunks>::offset(lane / kChunks, chunk));
        row = idle ? 1 << 30 : lane / kChunks;
    }
    __device__ u32 place(int step) const { return Layout<kChunks>::below(to, step * kRowsAStep); }
};

// RowCopy moves kRows rows of a page by one warp.
template <int kD, int kRows, class Copy> struct RowCopy {
    static constexpr int kSteps = kRows / RowPlan<kD>::kRowsAStep;
    Copy copy[kSteps];

    __device__ static bool takes_part() { return threadIdx.x % 32 < RowPlan<kD>::kRowsAStep * RowPlan<kD>::kChunks; }

    // fetch starts the copy of the first `rows` of the rows at `from` to the rows of a tile at `to`; the others become zero.
    __device__ void fetch(const RowPlan<kD> &plan, u32 to, const u16 *from, int rows, int head_size) {
        if (!takes_part()) return;
#pragma unroll
        for (int i = 0; i < kSteps; i++) {
            int row = i * RowPlan<kD>::kRowsAStep;
            copy[i].fetch(to + plan.place(i), from + plan.from + row * head_size, plan.row + row < rows, 8);
        }
    }
    __device__ void put(const RowPlan<kD> &plan, u32 to) {
        if (!takes_part()) return;
#pragma unroll
        for (int i = 0; i < kSteps; i++) copy[i].put(to + plan.place(i));
    }
};

// Queries is a warp's 16 packed rows of q as fragments, with the positions of the two rows of which this lane holds scores.
template <int kD> struct Queries {
    u32 fragment[kD / 16][4];
    int position[2];

    // load takes packed rows row..row+15 through rows at.. of a tile in shared memory, which only this warp uses meanwhile.
    __device__ void load(const AttentionParams &p, const Sequence &s, int row, u32 tile, int at) {
        constexpr int kChunks = kD / 8;
        int lane = threadIdx.x % 32;
#pragma unroll
        for (int i = 0; i < 16 * kChunks / 32; i++) {
            int n = i * 32 + lane, r = n / kChunks, chunk = n % kChunks;
            uint4 v = make_uint4(0, 0, 0, 0);
            if (row + r < s.rows && chunk * 8 < p.head_size) {
                const u16 *from = p.q + s.batch_row(row + r) * p.ld_q + s.head(row + r) * p.head_size + chunk * 8;
                v = *reinterpret_cast<const uint4 *>(from);
            }
            store_shared(tile + Layout<kChunks>::offset(at + r, chunk), v);
        }
        __syncwarp();
        auto reader = Reader<kChunks>::of_a(tile);
#pragma unroll
        for (int k = 0; k < kD / 16; k++) reader.a(fragment[k], at, k);
        __syncwarp();
#pragma unroll
        for (int e = 0; e < 2; e++) {
            int r = row + lane / 4 + 8 * e;
            position[e] = r < s.rows ? s.position(r) : -1;
        }
    }
};

// TileWeights is what a warp knows of a tile before it has seen the values: m and l of its lane's two rows, and e as the
// left operand of the product with V.
template <class T> struct TileWeights {
    float most[2], sum[2];
    u32 e[kTileKeys / 16][4];

    // score computes it for keys 64*tile.. in shared memory; masked says whether some query may not see some key.
    template <int kD> __device__ void score(const AttentionParams &p, const Queries<kD> &q, Reader<kD / 8> keys, int tile, bool masked) {
        float s[kTileKeys / 8][4] = {};
#pragma unroll
        for (int k = 0; k < kD / 16; k++)
#pragma unroll
            for (int j = 0; j < kTileKeys / 16; j++) {
                u32 b[4];
                keys.b(b, 16 * j, k);
                mma_k16<T>(s[2 * j], q.fragment[k], b[0], b[1]);
                mma_k16<T>(s[2 * j + 1], q.fragment[k], b[2], b[3]);
            }
        if (masked) {
            int key = tile * kTileKeys + threadIdx.x % 4 * 2;
#pragma unroll
            for (int j = 0; j < kTileKeys / 8; j++)
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    int behind = q.position[i / 2] - (key + 8 * j + i % 2);
                    if (behind < 0 || (p.window > 0 && behind >= p.window)) s[j][i] = minus_infinity();
                }
        }
        soften(s, __fmul_rn(p.scale, 1.44269504f));
    }

    // soften turns scores into m, l and e. unit is scale * log2(e).
    __device__ void soften(float (&s)[kTileKeys / 8][4], float unit) {
#pragma unroll
        for (int row = 0; row < 2; row++) {
            float largest = s[0][2 * row];
#pragma unroll
            for (int j = 0; j < kTileKeys / 8; j++) largest = fmaxf(largest, fmaxf(s[j][2 * row], s[j][2 * row + 1]));
            most[row] = __fmul_rn(reduce_lanes<Max, 4>(largest), unit);
            float origin = most[row] == minus_infinity() ? 0 : -most[row];
            float total = 0;
#pragma unroll
            for (int j = 0; j < kTileKeys / 8; j++) {
                float a = exp2_approx(fmaf(s[j][2 * row], unit, origin)), b = exp2_approx(fmaf(s[j][2 * row + 1], unit, origin));
                total = __fadd_rn(total, __fadd_rn(a, b));
                e[j / 2][j % 2 * 2 + row] = pack2<T>(a, b);
            }
            sum[row] = reduce_lanes<Sum, 4>(total);
        }
    }

    // values computes o of the tile for 16 columns of V: o[0] for the first 8, o[1] for the others.
    template <int kD> __device__ void values(float (&o)[2][4], Reader<kD / 8> tile, int column) const {
#pragma unroll
        for (int i = 0; i < 4; i++) o[0][i] = o[1][i] = 0;
#pragma unroll
        for (int k = 0; k < kTileKeys / 16; k++) {
            u32 b[4];
            tile.b_rows(b, column, k);
            mma_k16<T>(o[0], e[k], b[0], b[1]);
            mma_k16<T>(o[1], e[k], b[2], b[3]);
        }
    }
};

// Sight is which tiles the packed rows lo..hi of a sequence can see, and which of them in full.
struct Sight {
    int first, last;      // tiles; none if last < first
    int all_from, all_to; // each key of all_from..all_to is seen by every row

    __device__ Sight(const AttentionParams &p, const Sequence &s, int lo, int hi) {
        hi = min(hi, s.rows - 1);
        all_from = p.window > 0 ? s.position(hi) - p.window + 1 : 0;
        all_to = s.position(lo);
        first = p.window > 0 ? max(all_to - p.window + 1, 0) / kTileKeys : 0;
        last = lo <= hi ? s.position(hi) / kTileKeys : -1;
    }
    __device__ bool sees(int tile) const { return tile >= first && tile <= last; }
    __device__ bool masked(int tile) const {
        return tile * kTileKeys < all_from || tile * kTileKeys + kTileKeys - 1 > all_to;
    }
};
