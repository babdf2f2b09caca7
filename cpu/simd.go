package cpu

//go:generate go run ./asmgen

// simd is the vector code of an instruction set; asmgen writes it. Steps and offsets are in bytes, counts in elements; n is
// a multiple of lanes wherever a function takes rows of n, and not 0. The names in parentheses are the functions of
// reference.go, or of package tensor, that define each.
type simd struct {
	lanes   int   // float32 values in a register
	width   int   // columns of a panel: the widest tile
	heights []int // rows of a tile, the highest first
	group   int   // rows of a left side that are packed together: a multiple of 8 and of the highest tile

	f32  [][]gemmKernel // products of float32, by height and vectors−1 (dot)
	bf16 [][]gemmKernel // products of pairs of BF16 (dot); nil if the processor has none

	// transpose copies 8 rows of n elements of 4 bytes to 8 columns, n a multiple of 8.
	transpose func(dst *byte, dstStep int, src *byte, srcStep int, n int)

	widenPairsBF16, widenPairsF16 func(dst *float32, src *byte, rows, n int) // pairs of neighbours in K, see panels
	widenBF16, widenF16           func(dst *float32, dstStep int, src *byte, srcStep int, rows, n int)
	// interleave joins two rows of halves to one of pairs; nil where there are no products of pairs.
	interleave                        func(dst *float32, dstStep int, even *byte, evenStep int, odd *byte, oddStep int, rows, n int)
	narrowBF16, narrowF16             func(dst *byte, dstStep int, src *float32, srcStep int, rows, n int)
	add                               func(dst *float32, dstStep int, src *float32, srcStep int, rows, n int)
	gate                              func(gate *float32, gateStep int, up *float32, upStep int, rows, n int) // gate = silu(gate)·up
	squares                           func(x *float32, n int, sums *float32)                                  // (rmsNorm)
	addSquares                        func(x, add *float32, n int, sums *float32)                             // (rmsNorm)
	scale                             func(dst, x, w *float32, n int, scale float32)                          // (rmsNorm)
	rotate                            func(a, b, cosSin *float32, n int)                                      // (rope)
	largest                           func(x *float32, n int, most *float32)                                  // (logSoftmax)
	sumExp                            func(x *float32, n int, most, log2e float32, sums *float32)             // (logSoftmax)
	subtract                          func(dst, x *float32, n int, a, b float32)                              // (logSoftmax)
	softmax, softmaxPairs             softmaxKernel                                                           // (attend)
	softmaxMasked, softmaxPairsMasked softmaxMaskedKernel                                                     // (attend)
	scaleTile                         func(x *float32, step, rows int, factors *float32)                      // (attend)
}

// gemmKernel computes one tile: c[i,j] (+)= Σ over k steps of a[k,i]·b[k,j]. Steps are in bytes: cStep from one row of c to
// the next, aStep and bStep from one k to the next. With add, c is added to: the tile continues a sum begun earlier.
type gemmKernel func(c *float32, cStep int, a *byte, aStep int, b *byte, bStep int, k int, add bool)

// softmaxKernel turns a tile of scores [n keys][lanes queries] into probabilities, as part of an online softmax. state
// holds one vector each of the maximum so far, the sum so far and, as a result, the factor by which sums over earlier
// tiles must be multiplied. Exponents are of base 2: scale contains log2 e. In the version for pairs, two rows become one
// row of pairs of BF16, and an odd last row is paired with zeros.
type softmaxKernel func(scores *float32, step, n int, scale float32, state *float32)

// softmaxMaskedKernel is a softmaxKernel where key j counts for a query only if first ≤ j ≤ last; keys holds a vector of
// first, then one of last.
type softmaxMaskedKernel func(scores *float32, step, n int, scale float32, state *float32, keys *int32)
