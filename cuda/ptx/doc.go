// Package ptx reads the text of PTX, the assembly language of CUDA devices, into typed instructions and prints it back. It
// knows nothing of execution: package emu runs what this package reads.
//
// The language accepted is the part of PTX ISA 8.4 that NVRTC 12.4 emits for kernels such as this project's, and no more:
// an instruction form that is not in the table of forms.go is an error that names file, line and instruction, so that
// nothing is ever run with a meaning guessed. See NVIDIA, "Parallel Thread Execution ISA", version 8.4.
package ptx
