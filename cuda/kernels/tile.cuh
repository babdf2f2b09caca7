// Tiles of 16-bit matrices in shared memory: where an element lies, and how a warp takes its fragments from there.
//
// A row is cut into chunks of 16 bytes (8 elements), the unit of every copy and of ldmatrix. ldmatrix reads, at a time, the
// same chunk of 8 successive rows; if chunks lay in order these would fall on the same banks. So chunk c of row r is put
// in place c ^ key(r), with a key that differs among rows that would collide. Example, rows of 4 chunks (32 elements):
//
//   row 0: 0 1 2 3     row 1: 0 1 2 3      a line of all 32 banks holds two rows, so their keys may be equal;
//   row 2: 1 0 3 2     row 3: 1 0 3 2      chunk 0 of rows 0..7 lies in places 0, 4, 1, 5, 2, 6, 3, 7 of its line:
//   row 4: 2 3 0 1     row 5: 2 3 0 1      all banks once.
//   row 6: 3 2 1 0     row 7: 3 2 1 0
#pragma once
#include "types.cuh"

// Layout is a tile with rows of kChunks chunks, a multiple of 4.
template <int kChunks> struct Layout {
    static_assert(kChunks % 4 == 0, "a row must be a multiple of 4 chunks for its keys to stay inside it");
    static constexpr int kKeys = kChunks % 8 == 0 ? 8 : 4;  // a key changes the place among so many neighbours

    // offset is the byte of chunk fixed + varying from the start of the tile. fixed is even and known to the compiler,
    // varying 0 or 1 or, with fixed 0, any: split so, the offsets of a warp's fragments share a few registers.
    __device__ static u32 offset(int row, int varying, int fixed = 0) {
        int key = kChunks % 8 == 0 ? row & 7 : row >> 1 & 3;
        return (row * kChunks + (varying ^ key ^ fixed % kKeys) + fixed / kKeys * kKeys) * 16;
    }
};

// shared_address is the address within shared memory, as PTX instructions take it.
__device__ inline u32 shared_address(const void *p) { return u32(__cvta_generic_to_shared(p)); }

// ldmatrix4 loads four 8x8 matrices: lane l gives the address of row l%8 of matrix l/8, and gets in r[i] elements
// [l/4][2(l%4)..] of matrix i.
__device__ inline void ldmatrix4(u32 (&r)[4], u32 address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory");
}

// ldmatrix4_transposed is the same with each matrix transposed.
__device__ inline void ldmatrix4_transposed(u32 (&r)[4], u32 address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory");
}

// load_a gets the fragment A[row..row+15][16k..16k+15] of mma_k16 from a tile of rows of A. row, and col below, are
// multiples of 16, so that the keys of a fragment's rows do not depend on where it lies.
template <int kChunks> __device__ inline void load_a(u32 (&a)[4], u32 tile, int row, int k) {
    int lane = threadIdx.x % 32;
    ldmatrix4(a, tile + Layout<kChunks>::offset(lane % 16, lane / 16, 2 * k) + row * kChunks * 16);
}

// load_b gets two fragments B[16k..16k+15][col..col+7] (b[0], b[1]) and the same of col+8 (b[2], b[3]) from a tile whose
// rows are columns of B.
template <int kChunks> __device__ inline void load_b(u32 (&b)[4], u32 tile, int col, int k) {
    int lane = threadIdx.x % 32;
    ldmatrix4(b, tile + Layout<kChunks>::offset(lane % 8 + lane / 16 * 8, lane / 8 % 2, 2 * k) + col * kChunks * 16);
}

// load_b_rows gets the same from a tile whose rows are rows of B.
template <int kChunks> __device__ inline void load_b_rows(u32 (&b)[4], u32 tile, int col, int k) {
    int lane = threadIdx.x % 32;
    ldmatrix4_transposed(b, tile + Layout<kChunks>::offset(lane % 16, lane / 16, col / 8) + 16 * k * kChunks * 16);
}
