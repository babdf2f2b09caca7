package cpu

import (
	"golang.org/x/sys/cpu"

	"tiebreak/tensor"
)

// runnable lists the instruction sets of this processor, the fastest first.
func runnable() []*isa {
	var sets []*isa
	if hasAVX512 {
		if cpu.X86.HasAVX512BF16 {
			sets = append(sets, &isa{
				name:    "avx512bf16",
				compute: []tensor.DType{tensor.BF16, tensor.F32, tensor.F16},
				simd:    withDot(avx512),
			})
		}
		sets = append(sets, &isa{name: "avx512", compute: plain.compute, simd: avx512})
	}
	if hasAVX2 {
		sets = append(sets, &isa{name: "avx2", compute: plain.compute, simd: avx2})
	}
	return append(sets, plain)
}

// The extensions that each instruction set needs.
var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL
)

// features lists the extensions found that matter here.
func features() (names []string) {
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"avx2", cpu.X86.HasAVX2}, {"fma", cpu.X86.HasFMA}, {"f16c", cpu.X86.HasF16C}, {"avx512f", cpu.X86.HasAVX512F},
		{"avx512bw", cpu.X86.HasAVX512BW}, {"avx512dq", cpu.X86.HasAVX512DQ}, {"avx512vl", cpu.X86.HasAVX512VL},
		{"avx512vnni", cpu.X86.HasAVX512VNNI}, {"avx512bf16", cpu.X86.HasAVX512BF16},
	} {
		if f.has {
			names = append(names, f.name)
		}
	}
	return names
}

var avx512 = &simd{
	lanes: 16, width: 48, heights: []int{8, 4, 2, 1}, group: 8,
	f32:            gemmF32AVX512Kernels,
	transpose:      transpose8,
	widenPairsBF16: widenPairsBF16AVX512, widenPairsF16: widenPairsF16AVX512,
	widenBF16: widenBF16BlockAVX512, widenF16: widenF16BlockAVX512,
	interleave: interleaveBlockAVX512,
	narrowBF16: narrowBF16BlockAVX512, narrowF16: narrowF16BlockAVX512,
	add: addBlockAVX512, gate: gateBlockAVX512,
	squares: squaresAVX512, addSquares: addSquaresAVX512, scale: scaleAVX512,
	rotate:  rotateAVX512,
	largest: largestAVX512, sumExp: sumExpAVX512, subtract: subtractAVX512,
	softmax: softmaxTileAVX512, softmaxMasked: softmaxTileMaskedAVX512,
	softmaxPairs: softmaxTilePairsAVX512, softmaxPairsMasked: softmaxTilePairsMaskedAVX512,
	scaleTile: scaleTileAVX512,
}

// withDot adds the products of pairs of BF16.
func withDot(v *simd) *simd {
	w := *v
	w.bf16 = gemmBF16AVX512Kernels
	return &w
}

var avx2 = &simd{
	lanes: 8, width: 16, heights: []int{6, 4, 2, 1}, group: 24,
	f32:            gemmF32AVX2Kernels,
	transpose:      transpose8,
	widenPairsBF16: widenPairsBF16AVX2, widenPairsF16: widenPairsF16AVX2,
	widenBF16: widenBF16BlockAVX2, widenF16: widenF16BlockAVX2,
	narrowBF16: narrowBF16BlockAVX2, narrowF16: narrowF16BlockAVX2,
	add: addBlockAVX2, gate: gateBlockAVX2,
	squares: squaresAVX2, addSquares: addSquaresAVX2, scale: scaleAVX2,
	rotate:  rotateAVX2,
	largest: largestAVX2, sumExp: sumExpAVX2, subtract: subtractAVX2,
	softmax: softmaxTileAVX2, softmaxMasked: softmaxTileMaskedAVX2,
	scaleTile: scaleTileAVX2,
}
