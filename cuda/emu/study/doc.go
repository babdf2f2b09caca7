// Package study runs single kernels on the emulator and shows what they do: which instructions a warp executes and what
// they change, which parts of which matrix each block reads and writes and when, what it all costs and what a GPU would
// make of it. It is for people who want to understand a kernel, and the ground on which packages cost and mutate stand.
//
// A kernel is never launched by hand here: a Case calls the operation of backend.Backend that the kernel belongs to, on
// random operands of a given shape, and the backend over an emulated device launches what it would launch on a real one. So
// grids, strides and preconditions are those of production. A Tap between backend and device sees the launches.
package study
