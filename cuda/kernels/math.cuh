// The few functions of real numbers that the kernels need, each with its error. Everything here is a fixed sequence of
// PTX instructions: the compiler is told not to contract products and sums, so a fused multiply-add is one only where
// fmaf is written, and two kernels that share a formula give the same bits.
#pragma once

__device__ inline float minus_infinity() { return __int_as_float(0xff800000); }

// exp2_approx(x) = 2^x, relative error < 2^-22; 2^-inf = 0. Results below 2^-126 are 0.
__device__ inline float exp2_approx(float x) {
    float r;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
    return r;
}

// exp_accurate(x) = e^x to about 2 units in the last place for x <= 88; below -87 it is 0. The argument is reduced by the nearest multiple of
// ln 2, held in two parts, because x * log2(e) rounded to float would lose one digit for each power of ten in x.
__device__ inline float exp_accurate(float x) {
    x = x < -104.0f ? -104.0f : x;  // keeps -inf out of the differences below; a NaN stays one
    float n = rintf(__fmul_rn(x, 1.44269504f));
    float rest = fmaf(n, -1.42860677e-6f, fmaf(n, -0.693145752f, x));
    return __fmul_rn(exp2_approx(__fmul_rn(rest, 1.44269504f)), exp2_approx(n));
}

// silu(z) = z / (1 + e^-z), relative error about 2^-19 for |z| < 60, far below the rounding to a 16-bit type.
__device__ inline float silu(float z) {
    return __fdiv_rn(z, __fadd_rn(1.0f, exp2_approx(__fmul_rn(z, -1.44269504f))));
}
