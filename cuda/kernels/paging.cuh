// The layout of keys and values in memory: backend.KV. Pages of 16 tokens; page p of key/value head g holds rows
// (p*G + g)*16 .. +15 of a matrix [pages*G*16, D], so one head's tokens in a page lie together.
#pragma once
#include "types.cuh"

enum { kPageSize = 16 };  // backend.PageSize

// page_row is the matrix row of a page's first token.
__device__ inline i64 page_row(int page, int head, int heads) { return (i64(page) * heads + head) * kPageSize; }
