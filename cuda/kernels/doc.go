// Package kernels holds the CUDA kernels of the project: their sources, the PTX and the machine code made from them, and
// the contract under which each is launched. Nothing here talks to a device.
//
// # Files
//
// A source file op.cu is one module: the operation's kernels for every element type, or for one type and one generation
// of tensor cores where the name ends in _f16_sm75, _f16_sm80 or _bf16_sm80. Headers (.cuh) hold what modules share. From
// op.cu the tool `make kernels` makes op.ptx, which is committed to be read, stepped through and run by the emulator,
// and cubin/op.smNN.zst, machine code for the architectures that are common, so that no user needs a CUDA compiler.
// resources.json records what the assembler said of each kernel, and the hashes by which a test knows that all of it
// belongs together.
//
// # Launch contracts
//
// A kernel takes one parameter, a struct that starts its source file and whose Go twin is in params.go. Table lists the
// kernels with block and tile sizes; the header comment of the source gives formula, shapes, grid and preconditions.
//
// # Exactness
//
// Every element of a result is computed by a sequence of operations that depends on its own row and on the sizes of the
// weights, and on nothing else: not on the tile it falls in, on the other rows, or on which variant of a kernel was
// chosen. The compiler is told not to contract products and sums, so a variant cannot round differently.
package kernels
