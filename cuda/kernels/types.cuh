// Element types and the conversions between them. Sums and products are always taken in float; 16-bit types only travel.
// No CUDA header is included by any kernel: what the compiler does not know by itself is written here as PTX, so that the
// reader sees each instruction and the PTX names no file of the machine that built it.
#pragma once

using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i64 = long long;

struct f16 { u16 bits; };   // IEEE binary16
struct bf16 { u16 bits; };  // the upper half of an IEEE binary32

__device__ inline float to_float(float v) { return v; }

__device__ inline float to_float(f16 v) {
    float f;
    asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(v.bits));
    return f;
}

__device__ inline float to_float(bf16 v) { return __uint_as_float(u32(v.bits) << 16); }

// from_float<T>(v) rounds to nearest, ties to even. Beyond the largest f16 lies infinity: a caller who must know checks.
template <class T> __device__ inline T from_float(float v);

template <> __device__ inline float from_float<float>(float v) { return v; }

template <> __device__ inline f16 from_float<f16>(float v) {
    f16 r;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(r.bits) : "f"(v));
    return r;
}

template <> __device__ inline bf16 from_float<bf16>(float v) {
    bf16 r;
#if __CUDA_ARCH__ >= 800
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r.bits) : "f"(v));
#else
    u32 u = __float_as_uint(v);
    u32 rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
    r.bits = u16(v == v ? rounded : 0x7fff);  // 0x7fff: the NaN that cvt gives
#endif
    return r;
}

// pack2<T>(lo, hi) rounds two floats into one register, lo in the lower half: the pair that mma and stores want.
template <class T> __device__ inline u32 pack2(float lo, float hi) {
    return u32(from_float<T>(lo).bits) | u32(from_float<T>(hi).bits) << 16;
}

#if __CUDA_ARCH__ >= 800
template <> __device__ inline u32 pack2<f16>(float lo, float hi) {
    u32 r;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
    return r;
}

template <> __device__ inline u32 pack2<bf16>(float lo, float hi) {
    u32 r;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
    return r;
}
#endif

// store_global writes 8 or 16 bytes in one access. An assignment would often come out as several smaller ones, each of which
// touches as many sectors as the whole.
__device__ inline void store_global(void *to, uint2 v) {
    asm volatile("st.global.v2.b32 [%0], {%1,%2};" ::"l"(__cvta_generic_to_global(to)), "r"(v.x), "r"(v.y) : "memory");
}

__device__ inline void store_global(void *to, uint4 v) {
    asm volatile("st.global.v4.b32 [%0], {%1,%2,%3,%4};"
                 ::"l"(__cvta_generic_to_global(to)), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
}

// load4 and store4 move four neighbouring elements in one access: 16 bytes of float, 8 bytes of a 16-bit type in global
// memory.
__device__ inline float4 load4(const float *p) { return *reinterpret_cast<const float4 *>(p); }

template <class T> __device__ inline float4 load4(const T *p) {
    uint2 v = *reinterpret_cast<const uint2 *>(p);
    return make_float4(to_float(T{u16(v.x)}), to_float(T{u16(v.x >> 16)}), to_float(T{u16(v.y)}), to_float(T{u16(v.y >> 16)}));
}

__device__ inline void store4(float *p, float4 v) { *reinterpret_cast<float4 *>(p) = v; }

template <class T> __device__ inline void store4(T *p, float4 v) {
    store_global(p, make_uint2(pack2<T>(v.x, v.y), pack2<T>(v.z, v.w)));
}

__device__ inline float4 add4(float4 a, float4 b) {
    return make_float4(__fadd_rn(a.x, b.x), __fadd_rn(a.y, b.y), __fadd_rn(a.z, b.z), __fadd_rn(a.w, b.w));
}

// fours(p, ld, n) reports whether rows of n elements, ld apart, starting at p can be walked by load4 and store4.
template <class T> __device__ inline bool fours(const T *p, int ld, int n) {
    return ((u64(p) & (4 * sizeof(T) - 1)) | u64((ld | n) & 3)) == 0;
}

// opaque(v) is v, but the compiler does not see what it is. Before a loop it makes the compiler hold a value in a register
// that it would else compute again in each turn; inside of one it keeps it from holding all that is derived from it.
template <class T> __device__ inline T opaque(T v) {
    asm volatile("" : "+r"(v));
    return v;
}
