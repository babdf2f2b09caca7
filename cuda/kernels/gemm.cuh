// Matrix product on tensor cores, the body of gemm_* and gated_gemm_*.
//
//   gemm:        dst = scale * (x*Wt + h*Bt), stored in the compute type or in f32, or added to f32
//   gated_gemm:  dst = silu(g) * u, (g, u) = scale * (x*Wt + h*Bt) split in two halves of its columns
//
//   x [M,K], W [N,K], h [M,R], B [N,R] of one 16-bit type, rows contiguous; for gated_gemm W and B have 2N rows: gate, up.
//
// h*Bt is a low-rank update (LoRA): h = s*x*At comes from a first gemm, and its product with B runs on in the same
// accumulators after the K loop, before anything is rounded. Several adapted matrices stacked into one W have one B, with
// blocks on its diagonal.
//
// Mapping. A block computes a tile of kM x kN products; each of its warps a part of kWarpM x kWarpN, which stays in
// registers in float. K is walked in slices of kK: while tensor cores work on one slice, later ones are on their way into
// shared memory (copy.cuh). At the end each warp lays 16 rows of its part in shared memory and writes them out by rows, so
// that global memory sees whole sectors and edges are handled in one place.
//
// Exactness. An output is one accumulator that takes K, then R, in ascending steps of 16, whatever the tile. Slices are
// filled up with zeros, which change nothing. So the variants agree to the bit.
#pragma once
#include "copy.cuh"
#include "math.cuh"
#include "mma.cuh"
#include "tile.cuh"
#include "types.cuh"

enum Output { kStore = 0, kStoreFloat = 1, kAddFloat = 2 };

struct GemmParams {
    void *dst;               // [M,N]
    const u16 *x, *w;        // [M,K], [N,K]
    const u16 *h, *b;        // [M,R], [N,R]; not read if r is 0
    int m, n, k, r;          // M, N, K, R
    int ld_dst, ld_x, ld_w;  // strides of rows, in elements
    int ld_h, ld_b;
    int output;  // an Output
    float scale;
    int unused;
};

// Shape fixes the tile of a variant: of a block, of a warp, and how many slices of K are in shared memory at a time.
template <int M, int N, int K, int WarpM, int WarpN, int Stages> struct Shape {
    static constexpr int kM = M, kN = N, kK = K, kWarpM = WarpM, kWarpN = WarpN, kStages = Stages;
    static constexpr int kWarpsN = N / WarpN, kThreads = 32 * (M / WarpM) * kWarpsN;
    static constexpr int kChunks = K / 8;
    static constexpr int kStageBytes = (M + N) * K * 2;
};

// RowsOf maps rows of the tile of W to rows of W. gated_gemm interleaves: of the rows of a warp the first half are gate
// columns, the second half the up columns that belong to them, so that one thread holds both factors of an output.
template <class S, bool kGated> struct RowsOf {
    static constexpr int kOutputs = kGated ? S::kN / 2 : S::kN;          // columns of dst in a tile
    static constexpr int kWarpOutputs = kGated ? S::kWarpN / 2 : S::kWarpN;

    // column is the column of dst that a row of the tile contributes to, row the row of W; n is the number of columns.
    __device__ static int column(int first, int r) {
        return kGated ? first + r / S::kWarpN * kWarpOutputs + r % kWarpOutputs : first + r;
    }
    __device__ static int row(int first, int r, int n) {
        bool up = kGated && r % S::kWarpN >= kWarpOutputs;
        return column(first, r) + (up ? n : 0);
    }
};

// Loader brings slices of one operand into shared memory; each thread moves kSteps chunks of a slice, always in the same
// column of chunks.
template <class S, class Copy, int kRows> struct Loader {
    static constexpr int kRowsAStep = S::kThreads / S::kChunks;
    static constexpr int kSteps = kRows / kRowsAStep;
    static_assert(S::kThreads % S::kChunks == 0 && kRows % kRowsAStep == 0, "threads must tile the slice");
    static_assert((kRowsAStep & (kRowsAStep - 1)) == 0, "Layout::below wants a power of two");

    const u16 *first;    // the thread's chunk in the first row of the tile
    int offset[kSteps];  // from there to the thread's rows, in elements
    u32 inside;          // bit i: row i lies in the matrix
    u32 at;              // where the thread's first chunk goes, from the start of the tile
    Copy copy[kSteps];

    __device__ Loader() { at = opaque(Layout<S::kChunks>::offset(row_in_tile(0), column())); }
    __device__ static int row_in_tile(int step) { return threadIdx.x / S::kChunks + step * kRowsAStep; }
    __device__ static int column() { return threadIdx.x % S::kChunks; }  // of chunks
    __device__ u32 place(int step) const { return Layout<S::kChunks>::below(at, step * kRowsAStep); }

    // aim points the loader at a tile of the matrix p. row(i) is the row of the matrix for row i of the tile, exists(i)
    // whether there is one.
    template <class Row, class Exists> __device__ void aim(const u16 *p, int ld, Row row, Exists exists) {
        first = p + i64(row(0)) * ld + column() * 8;
        inside = 0;
#pragma unroll
        for (int i = 0; i < kSteps; i++) {
            int r = row_in_tile(i);
            offset[i] = (row(r) - row(0)) * ld;
            inside |= u32(exists(r)) << i;
        }
    }

    // fetch starts the copy of columns k0.. of a matrix of k columns to the tile at `to`. Nothing is read outside of it.
    __device__ void fetch(u32 to, int k0, int k) {
        int left = k - k0 - column() * 8;
        u32 exist = left > 0 ? inside : 0;
        const u16 *from = first + k0;
#pragma unroll
        for (int i = 0; i < kSteps; i++) copy[i].fetch(to + place(i), from + offset[i], exist >> i & 1, left);
    }

    __device__ void put(u32 to) {
#pragma unroll
        for (int i = 0; i < kSteps; i++) copy[i].put(to + place(i));
    }
};

// Slices is the sequence of slices of both products, x*Wt and then h*Bt, as one walk over K and R.
template <class S, class Copy, bool kGated> struct Slices {
    using Rows = RowsOf<S, kGated>;
    Loader<S, Copy, S::kM> left;
    Loader<S, Copy, S::kN> right;
    int of_k, count;  // slices of K, and of K and R

    __device__ explicit Slices(const GemmParams &p) {
        of_k = (p.k + S::kK - 1) / S::kK;
        count = of_k + (p.r + S::kK - 1) / S::kK;
    }

    // fetch starts slice i on its way to `stage`. Slices are fetched in order.
    __device__ void fetch(const GemmParams &p, int i, u32 stage) {
        bool update = i >= of_k;
        if (i == 0 || i == of_k) {
            int row = blockIdx.x * S::kM, column = blockIdx.y * Rows::kOutputs;
            left.aim(update ? p.h : p.x, update ? p.ld_h : p.ld_x, [&](int r) { return row + r; }, [&](int r) { return row + r < p.m; });
            right.aim(update ? p.b : p.w, update ? p.ld_b : p.ld_w, [&](int r) { return Rows::row(column, r, p.n); },
                      [&](int r) { return Rows::column(column, r) < p.n; });
        }
        int k0 = (i - (update ? of_k : 0)) * S::kK, k = update ? p.r : p.k;
        left.fetch(stage, k0, k);
        right.fetch(stage + S::kM * S::kK * 2, k0, k);
    }

    __device__ void put(u32 stage) {
        left.put(stage);
        right.put(stage + S::kM * S::kK * 2);
    }
};

// Part is a warp's share of the tile: kWarpM x kWarpN accumulators over its lanes.
template <class T, class S> struct Part {
    float c[S::kWarpM / 16][S::kWarpN / 8][4];

    __device__ static int row() { return threadIdx.x / 32 / S::kWarpsN * S::kWarpM; }
    __device__ static int column() { return threadIdx.x / 32 % S::kWarpsN * S::kWarpN; }

    u32 left, right;  // where the lane reads its first fragments, from the start of a stage

    __device__ Part() {
        left = Reader<S::kChunks>::of_a(row() * S::kK * 2).at;
        right = Reader<S::kChunks>::of_b(S::kM * S::kK * 2 + column() * S::kK * 2).at;
#pragma unroll
        for (auto &row : c)
#pragma unroll
            for (auto &tile : row)
#pragma unroll
                for (float &v : tile) v = 0;
    }

    // multiply adds the product of a slice.
    __device__ void multiply(u32 stage) {
        Reader<S::kChunks> x{stage + left}, w{stage + right};
#pragma unroll
        for (int k = 0; k < S::kK / 16; k++) {
            u32 a[S::kWarpM / 16][4], b[S::kWarpN / 16][4];
#pragma unroll
            for (int i = 0; i < S::kWarpM / 16; i++) x.a(a[i], 16 * i, k);
#pragma unroll
            for (int j = 0; j < S::kWarpN / 16; j++) w.b(b[j], 16 * j, k);
#pragma unroll
            for (int i = 0; i < S::kWarpM / 16; i++)
#pragma unroll
                for (int j = 0; j < S::kWarpN / 8; j++) mma_k16<T>(c[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
        }
    }
};

// accumulate runs over all slices, kStages - 1 of them in flight (cp.async).
template <class T, class S, class Copy, bool kGated> __device__ void accumulate_async(Part<T, S> &part, const GemmParams &p, u32 shared) {
    Slices<S, Copy, kGated> slices(p);
#pragma unroll 1
    for (int i = 0; i < S::kStages - 1; i++) {
        if (i < slices.count) slices.fetch(p, i, shared + i * S::kStageBytes);
        commit_copies();
    }
    int reading = 0, writing = S::kStages - 1;
#pragma unroll 1
    for (int i = 0; i < slices.count; i++) {
        wait_copies<S::kStages - 2>();
        __syncthreads();  // slice i has arrived, and no warp reads the stage of slice i-1 any more
        int next = i + S::kStages - 1;
        if (next < slices.count) slices.fetch(p, next, shared + writing * S::kStageBytes);
        commit_copies();
        part.multiply(shared + reading * S::kStageBytes);
        reading = reading + 1 == S::kStages ? 0 : reading + 1;
        writing = writing + 1 == S::kStages ? 0 : writing + 1;
    }
    wait_copies<0>();
    __syncthreads();
}

// accumulate_staged does so with two stages, the next slice in registers while one is multiplied.
template <class T, class S, class Copy, bool kGated> __device__ void accumulate_staged(Part<T, S> &part, const GemmParams &p, u32 shared) {
    Slices<S, Copy, kGated> slices(p);
    slices.fetch(p, 0, 0);
    slices.put(shared);
    __syncthreads();
#pragma unroll 1
    for (int i = 0; i < slices.count; i++) {
        bool more = i + 1 < slices.count;
        if (more) slices.fetch(p, i + 1, 0);
        part.multiply(shared + i % 2 * S::kStageBytes);
        if (more) slices.put(shared + (i + 1) % 2 * S::kStageBytes);
        __syncthreads();
    }
}

// write_out stores four neighbouring outputs of a row, fewer at the right edge.
template <class T> __device__ void write_out(const GemmParams &p, int row, int column, float4 v) {
    if (p.output == kStore) {
        T *to = static_cast<T *>(p.dst) + i64(row) * p.ld_dst + column;
        float each[4] = {v.x, v.y, v.z, v.w};
        if (fours(to, p.ld_dst, 0) && column + 4 <= p.n) return store4(to, v);
#pragma unroll
        for (int i = 0; i < 4; i++)
            if (column + i < p.n) to[i] = from_float<T>(each[i]);
        return;
    }
    float *to = static_cast<float *>(p.dst) + i64(row) * p.ld_dst + column;
    float each[4] = {v.x, v.y, v.z, v.w};
    if (fours(to, p.ld_dst, 0) && column + 4 <= p.n) {
        if (p.output == kAddFloat) v = add4(load4(to), v);
        return store4(to, v);
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
        if (column + i < p.n) to[i] = p.output == kAddFloat ? __fadd_rn(to[i], each[i]) : each[i];
}

// store_pair is one access of 8 bytes; the compiler would at times make it two, which meet in banks.
__device__ inline void store_pair(float *to, float a, float b) {
    asm volatile("st.shared.v2.f32 [%0], {%1,%2};" ::"r"(shared_address(to)), "f"(a), "f"(b) : "memory");
}

// finish takes a warp's part to global memory, 16 rows at a time by way of shared memory.
template <class T, class S, bool kGated> __device__ void finish(const Part<T, S> &part, const GemmParams &p, float *shared) {
    constexpr int kColumns = RowsOf<S, kGated>::kWarpOutputs, kPitch = kColumns + 8, kLanesARow = kColumns / 4;
    int lane = threadIdx.x % 32;
    float *strip = shared + threadIdx.x / 32 * 16 * kPitch;
    int first_row = blockIdx.x * S::kM + Part<T, S>::row();
    int first_column = RowsOf<S, kGated>::column(blockIdx.y * RowsOf<S, kGated>::kOutputs, Part<T, S>::column());
#pragma unroll
    for (int i = 0; i < S::kWarpM / 16; i++) {
#pragma unroll
        for (int j = 0; j < kColumns / 8; j++) {
            float v[4];
#pragma unroll
            for (int e = 0; e < 4; e++) {
                v[e] = __fmul_rn(part.c[i][j][e], p.scale);
                if (kGated) v[e] = __fmul_rn(silu(v[e]), __fmul_rn(part.c[i][j + kColumns / 8][e], p.scale));
            }
            float *at = strip + lane / 4 * kPitch + j * 8 + lane % 4 * 2;
            store_pair(at, v[0], v[1]);
            store_pair(at + 8 * kPitch, v[2], v[3]);
        }
        __syncwarp();
#pragma unroll 1
        for (int r = lane / kLanesARow; r < 16; r += 32 / kLanesARow) {
            int row = first_row + 16 * i + r, column = lane % kLanesARow * 4;
            if (row < p.m && first_column + column < p.n) write_out<T>(p, row, first_column + column, load4(strip + r * kPitch + column));
        }
        __syncwarp();
    }
}

// gemm is the body of a kernel. shared has room for the stages of S.
template <class T, class S, class Copy, bool kGated> __device__ void gemm(const GemmParams &p) {
    constexpr int kStages = Copy::kAsync ? S::kStages : 2;
    __shared__ __align__(256) char shared[kStages * S::kStageBytes];
    Part<T, S> part;
    if constexpr (Copy::kAsync) accumulate_async<T, S, Copy, kGated>(part, p, shared_address(shared));
    else accumulate_staged<T, S, Copy, kGated>(part, p, shared_address(shared));
    finish<T, S, kGated>(part, p, reinterpret_cast<float *>(shared));
}

// The variants of gemm. Large for many rows, Medium for few or where Large leaves multiprocessors idle, Small for decoding
// (at most 16 rows): narrow, so that even a small matrix is read by many blocks, and deep, so that each has much in flight.
using Large = Shape<128, 128, 32, 64, 64, 3>;
using Medium = Shape<64, 64, 32, 32, 32, 4>;
using Small = Shape<16, 32, 128, 16, 16, 4>;
using SmallGated = Shape<16, 64, 64, 16, 32, 4>;

#define GEMM_KERNEL(name, T, S, Copy, gated) \
    extern "C" __global__ void __launch_bounds__(S::kThreads) name(const GemmParams p) { gemm<T, S, Copy, gated>(p); }
