// Package emu is a CUDA device in pure Go: it implements the interfaces of package driver by executing PTX, so that the
// kernels that ship can be run, checked and counted on any machine. It is no model of time: it says what a kernel computes,
// which of its accesses are wrong, and how many of each costly thing it does.
//
// # How a kernel runs
//
// Loading a module compiles each kernel once: registers become rows of 32 lanes, constants and special registers become
// registers that are filled beforehand, and each instruction becomes an op with the function that runs it for a warp. A
// launch hands blocks, in order, to as many goroutines as Go may use processors. In a block one warp runs until it waits at
// a barrier or ends, then the next; a warp's lanes run in lockstep. Where a branch divides a warp, both sides run one after
// the other, up to the branch's immediate post-dominator, where the lanes join again.
//
// # What is exact
//
// Integer instructions, correctly rounded floating-point instructions and conversions give the bits that hardware gives,
// but for the payload of NaNs. Approximate ones (ex2, lg2, rcp, rsqrt, sqrt, sin, cos, tanh, div with .approx) are computed
// in binary64 and rounded once, which lies within the error that the PTX manual allows the hardware. mma multiplies
// exactly and adds in binary32, k rising, starting from the accumulator; hardware adds in an order and with guard bits of
// its own, so its low bits differ. One m16n8k16 is two chained m16n8k8.
//
// Results do not depend on the number of goroutines, save where blocks meet in memory: the order of atomic operations of
// different blocks is not fixed, which only floating-point addition can show. cp.async copies at the latest moment that
// hardware may, in wait_group, so that reading too early gives stale data.
//
// # Checks
//
// With Options.Checks Full, a launch ends with an error at the first access that is out of bounds, misaligned, freed or
// uninitialised, at the first race between threads of a block in shared memory, at a barrier that a divided warp reaches, and
// where an arithmetic instruction makes a NaN of finite numbers. The error names kernel, PTX line, source line, thread,
// address and allocation, and sticks to the context as on hardware. Bounds and alignment are checked even with None.
package emu
