package cpu

//go:generate go run ./asmgen

// simd is the vector code of an instruction set; asmgen writes it. Steps from row to row are in bytes. Where a function takes
// n elements, n is a multiple of lanes and not 0.
type simd struct {
	lanes   int   // float32 values in a register
	width   int   // columns of a panel: the widest tile
	heights []int // rows of a tile, the highest first
	group   int   // rows of a left side that are packed together: a multiple of 8 and of the highest tile

	// Tiles of products (dot), by height and by number of vectors less 1: of float32, and of pairs of BF16, nil where the
	// processor has no instruction for it.
	f32, bf16 [][]gemmKernel

	// Orders: 8 rows of n elements of 4 bytes become 8 columns, n a multiple of 8; rows of pairs of halves become two rows of
	// float32; two rows of halves become one of pairs (nil without bf16).
	transpose                     func(dst *byte, dstStep int, src *byte, srcStep int, n int)
	widenPairsBF16, widenPairsF16 func(dst *float32, src *byte, rows, n int)
	interleave                    func(dst *float32, dstStep int, even *byte, evenStep int, odd *byte, oddStep int, rows, n int)

	// Conversions as in package tensor, of blocks.
	widenBF16, widenF16   func(dst *float32, dstStep int, src *byte, srcStep int, rows, n int)
	narrowBF16, narrowF16 func(dst *byte, dstStep int, src *float32, srcStep int, rows, n int)

	// What follows a product, on blocks: dst += src, and gate = silu(gate)·up (silu).
	add  func(dst *float32, dstStep int, src *float32, srcStep int, rows, n int)
	gate func(gate *float32, gateStep int, up *float32, upStep int, rows, n int)

	// Parts of rmsNorm: Σ x² by lanes, the same after x += add, and dst = x·scale·w.
	squares    func(x *float32, n int, sums *float32)
	addSquares func(x, add *float32, n int, sums *float32)
	scale      func(dst, x, w *float32, n int, scale float32)

	// rope of one head: its halves a and b, n elements each, and n cosines followed by n sines.
	rotate func(a, b, cosSin *float32, n int)

	// Parts of logSoftmax: the maximum and Σ exp(x − most) by lanes, and dst = (x − a) − b.
	largest  func(x *float32, n int, most *float32)
	sumExp   func(x *float32, n int, most, log2e float32, sums *float32)
	subtract func(dst, x *float32, n int, a, b float32)

	// Parts of attend: probabilities of a tile, and rows of one vector multiplied by one factor a lane.
	softmax, softmaxPairs             softmaxKernel
	softmaxMasked, softmaxPairsMasked softmaxMaskedKernel
	scaleTile                         func(x *float32, step, rows int, factors *float32)
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
