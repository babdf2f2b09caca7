// Copies of 16-byte chunks from global to shared memory, in two halves so that arithmetic can run between them: fetch
// starts to move a chunk, put lets it arrive. Three ways to do so have the same shape:
//
//   Async      sm_80: cp.async; fetch is all, arrival is awaited by wait_copies and a barrier
//   Staged     sm_75: fetch loads into registers, put stores them
//   Unaligned  any: as Staged, element by element, for matrices whose rows are not aligned to 16 bytes
//
// fetch is told whether the chunk exists (0 or 1) and how many elements of its row are left from there on, which matters
// to Unaligned alone: else rows end with a whole chunk. A chunk that does not exist becomes zero, and its address, which
// may lie anywhere, is not read.
#pragma once
#include "types.cuh"

__device__ inline void store_shared(u32 address, uint4 v) {
    asm volatile("st.shared.v4.b32 [%0], {%1,%2,%3,%4};" ::"r"(address), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
}

__device__ inline uint4 load_shared(u32 address) {
    uint4 v;
    asm volatile("ld.shared.v4.b32 {%0,%1,%2,%3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "r"(address) : "memory");
    return v;
}

#if __CUDA_ARCH__ >= 800

// commit_copies closes a group of the copies that this thread has started; wait_copies<N> waits until at most the N latest
// groups are under way. Only a barrier after it makes the data of other threads visible.
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int kLatest> __device__ inline void wait_copies() { asm volatile("cp.async.wait_group %0;" ::"n"(kLatest) : "memory"); }

struct Async {
    static constexpr bool kAsync = true;

    __device__ void fetch(u32 to, const u16 *from, u32 exists, int) {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(exists * 16) : "memory");
    }
    __device__ void put(u32) {}
};

#else

__device__ inline void commit_copies() {}
template <int kLatest> __device__ inline void wait_copies() {}

#endif

struct Staged {
    static constexpr bool kAsync = false;
    uint4 chunk;

    __device__ void fetch(u32, const u16 *from, u32 exists, int) {
        chunk = make_uint4(0, 0, 0, 0);
        if (exists) chunk = *reinterpret_cast<const uint4 *>(from);
    }
    __device__ void put(u32 to) { store_shared(to, chunk); }
};

struct Unaligned {
    static constexpr bool kAsync = false;
    uint4 chunk;

    __device__ static u32 pair(const u16 *from, int i, int left) {
        return u32(i < left ? from[i] : 0) | u32(i + 1 < left ? from[i + 1] : 0) << 16;
    }
    __device__ void fetch(u32, const u16 *from, u32 exists, int left) {
        left = exists ? left : 0;
        chunk = make_uint4(pair(from, 0, left), pair(from, 2, left), pair(from, 4, left), pair(from, 6, left));
    }
    __device__ void put(u32 to) { store_shared(to, chunk); }
};

// The copy for aligned matrices.
#if __CUDA_ARCH__ >= 800
using Aligned = Async;
#else
using Aligned = Staged;
#endif
