// Package cpu implements backend.Backend on the processor, in Go and Go assembly, without cgo.
//
// # Two versions of everything
//
// File reference.go holds each operation as a plain loop that can be read against its formula; these functions define what
// the operations mean. With the instruction set "go" they are what runs, on any architecture. The other instruction sets
// replace them by vector code from the generator in cpu/asmgen; the choice is made once, in New, from what the processor
// can do, and TIEBREAK_ISA overrides it:
//
//	avx512bf16  AVX-512 with VDPBF16PS for products of BF16 by BF16
//	avx512      AVX-512 F, BW, DQ and VL; halves are widened to F32
//	avx2        AVX2, FMA and F16C
//	go          no vector code
//
// # Exactness
//
// Each element of a result is computed by one goroutine, in an order that depends on nothing but the extent K (or, in
// attention, on the position of the query). Threads and tiles only decide who computes it and when. Results differ in
// their last bits between instruction sets, never between numbers of threads or shapes of a batch.
//
// # Work
//
// Operations run at once, on a pool of goroutines (see pool); Sync has nothing to wait for. There is no allocation in an
// operation once scratch memory has grown to the sizes in use.
package cpu
