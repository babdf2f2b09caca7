// store_kv_b16: copies rows of keys and values into pages: head g of row t goes to token slots[t] % 16 of page
// slots[t] / 16. Defined by backend.StoreKV. One kernel serves f16 and bf16: bits are copied, not numbers.
//
//   pages_k, pages_v [pages*G*16, D] dense, 16-bit     k, v [T,G*D] 16-bit     slots [T] i32, all different
//
// Mapping: one block a row; a thread copies eight neighbouring elements of k, then of v (one at a time where D, the
// strides or the addresses are no multiples of eight elements).
// Launch: grid T, block 128, no dynamic shared memory.
#include "paging.cuh"
#include "types.cuh"

struct StoreKVParams {
    u16 *pages_k;
    u16 *pages_v;
    const u16 *k;
    const u16 *v;
    const int *slots;
    int heads, head_size;  // G, D
    int ld_k, ld_v;        // strides of rows, in elements
};

// store copies one row in units of U.
template <class U> __device__ void store(u16 *pages, const u16 *row, int slot, const StoreKVParams &p) {
    constexpr int kWidth = sizeof(U) / sizeof(u16);
    int units = p.head_size / kWidth;
#pragma unroll 1
    for (int i = threadIdx.x; i < p.heads * units; i += blockDim.x) {
        int head = i / units, d = (i - head * units) * kWidth;
        u16 *to = pages + (page_row(slot / kPageSize, head, p.heads) + slot % kPageSize) * p.head_size + d;
        *reinterpret_cast<U *>(to) = *reinterpret_cast<const U *>(row + head * p.head_size + d);
    }
}

extern "C" __global__ void __launch_bounds__(128) store_kv_b16(const StoreKVParams p) {
    const u16 *k = p.k + i64(blockIdx.x) * p.ld_k, *v = p.v + i64(blockIdx.x) * p.ld_v;
    int slot = p.slots[blockIdx.x];
    u64 low = u64(p.pages_k) | u64(p.pages_v) | u64(k) | u64(v);
    if ((low & 15) == 0 && p.head_size % 8 == 0) {
        store<uint4>(p.pages_k, k, slot, p);
        store<uint4>(p.pages_v, v, slot, p);
    } else {
        store<u16>(p.pages_k, k, slot, p);
        store<u16>(p.pages_v, v, slot, p);
    }
}
