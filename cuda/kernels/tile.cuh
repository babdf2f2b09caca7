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
    static constexpr int kKeys = kChunks % 8 == 0 ? 8 : 4;  // a key moves a chunk among so many neighbours
    static constexpr int kRowBytes = kChunks * 16;

    __device__ static constexpr int key(int row) { return kKeys == 8 ? row & 7 : row >> 1 & 3; }

    // offset is the byte of a chunk from the start of the tile.
    __device__ static u32 offset(int row, int chunk) { return row * kRowBytes + (chunk ^ key(row)) * 16; }

    // beside is the byte of the chunk `chunks` further on in the row, from that of a chunk 0 or 1; chunks is even.
    __device__ static u32 beside(u32 at, int chunks) { return (at ^ chunks % kKeys * 16) + chunks / kKeys * kKeys * 16; }

    // below is the byte of the same chunk `rows` further down, from that of a row less than rows; rows is a power of two
    // times some number, the power more than the first row.
    __device__ static u32 below(u32 at, int rows) { return (at ^ key(rows) * 16) + rows * kRowBytes; }
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

// A Reader takes fragments from a tile of rows of kChunks chunks, which starts at a multiple of 256 bytes. It holds the
// place that the lane reads for the first fragment; others are an exclusive or and a sum of constants away. row and column
// are multiples of 16.
template <int kChunks> struct Reader {
    u32 at;

    // of_a, of_b and of_b_rows are readers for the three ways to hold a factor; of_b and of_b_rows differ in what is a row of
    // the tile: a column of B or a row of B.
    __device__ static Reader of_a(u32 tile) { return lane_reads(tile, threadIdx.x % 16, threadIdx.x % 32 / 16); }
    __device__ static Reader of_b(u32 tile) { return lane_reads(tile, threadIdx.x % 8 + threadIdx.x % 32 / 16 * 8, threadIdx.x / 8 % 2); }
    __device__ static Reader of_b_rows(u32 tile) { return of_a(tile); }

    // a gets the fragment A[row..row+15][16k..16k+15] of mma_k16.
    __device__ void a(u32 (&r)[4], int row, int k) const { ldmatrix4(r, place(row, 2 * k)); }

    // b gets two fragments B[16k..16k+15][column..column+7] (r[0], r[1]) and the same of column + 8 (r[2], r[3]).
    __device__ void b(u32 (&r)[4], int column, int k) const { ldmatrix4(r, place(column, 2 * k)); }

    // b_rows gets the same.
    __device__ void b_rows(u32 (&r)[4], int column, int k) const { ldmatrix4_transposed(r, place(16 * k, column / 8)); }

  private:
    __device__ static Reader lane_reads(u32 tile, int row, int chunk) { return {opaque(tile + Layout<kChunks>::offset(row, chunk))}; }
    __device__ u32 place(int row, int chunk) const { return Layout<kChunks>::beside(at, chunk) + row * Layout<kChunks>::kRowBytes; }
};
