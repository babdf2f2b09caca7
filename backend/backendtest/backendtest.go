// Package backendtest says what the operations of backend.Backend mean: every backend must pass Run.
//
// # What is correct
//
// Each operation has one formula here, written plainly and generic over the type it computes in. In float64 it is the
// oracle. In float32, with the result rounded to the type of the destination, it is the plain computation: what a careful
// but simple program gets. A backend is right if, over a whole result, its largest error against the oracle is at most
// twice that of the plain computation, plus a floor. The floor covers results too small for statistics, where the plain
// computation may be exact by luck: half a unit in the last place of the destination's type, and four of float32, at the
// largest magnitude that the formula meets.
//
// # What is exact
//
// Rows must have the same bits alone, in any batch, at any place of it, beside rows of NaN, and with their tokens split
// over several calls. Copies (Gather to the same type, StoreKV, Upload, Download) must be exact, and nothing may be
// written outside a destination: operands are views with a margin that is checked.
package backendtest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// Options fits the suite to a backend: which edges its kernels have and how much it can compute.
type Options struct {
	TileRows  []int    // heights of tiles: 1, tile−1, tile and tile+1 rows are tried; default 8
	TileCols  []int    // widths of tiles, for columns of products likewise; default 48
	TileDepth []int    // depths of tiles, for K likewise; default 64
	HeadSizes []int    // sizes of heads; default 16, 64, 96, 128
	Products  [][3]int // further extents T, N, K of products
	Align     int      // columns of matrices, and K, are rounded up to a multiple of this; default 1
	MostWork  int      // cases of more multiplications than this are skipped, for a slow backend; 0: none

	// Weights lists the weight types that go with a compute type; nil: F32, BF16 and F16 with each.
	Weights func(compute tensor.DType) []tensor.DType
}

// suite is Options, completed, and the way to a backend.
type suite struct {
	Options
	open func(t *testing.T) backend.Backend
}

// Run tests all operations on the backends that open gives; each is closed by the suite. The compute types are those of
// Device().Compute.
func Run(t *testing.T, open func(t *testing.T) backend.Backend, opt Options) {
	s := &suite{Options: opt, open: open}
	s.complete()
	for _, part := range []struct {
		name string
		test func(*testing.T)
	}{
		{"device", s.testDevice},
		{"copies", s.testCopies},
		{"gather", s.testGather},
		{"rms_norm", s.testRMSNorm},
		{"rope", s.testRope},
		{"log_softmax", s.testLogSoftmax},
		{"matmul", s.testMatMul},
		{"gated_matmul", s.testGatedMatMul},
		{"weight", s.testWeight},
		{"store_kv", s.testStoreKV},
		{"attention", s.testAttention},
		{"exact", s.testExact},
		{"panics", s.testPanics},
	} {
		t.Run(part.name, part.test)
	}
}

func (s *suite) complete() {
	setDefault(&s.TileRows, 8)
	setDefault(&s.TileCols, 48)
	setDefault(&s.TileDepth, 64)
	setDefault(&s.HeadSizes, 16, 64, 96, 128)
	s.Align = max(s.Align, 1)
	if s.Weights == nil {
		s.Weights = func(tensor.DType) []tensor.DType { return []tensor.DType{tensor.F32, tensor.BF16, tensor.F16} }
	}
}

func setDefault(v *[]int, d ...int) {
	if len(*v) == 0 {
		*v = d
	}
}

// edges are the extents where tiles begin and end, and some odd ones.
func edges(tiles []int, odd ...int) []int {
	sizes := append([]int{1}, odd...)
	for _, t := range tiles {
		sizes = append(sizes, max(1, t-1), t, t+1)
	}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

// aligned rounds a number of columns up to what the backend takes.
func (s *suite) aligned(n int) int { return ceil(n, s.Align) * s.Align }

// ceil is n/step, rounded up.
func ceil(n, step int) int { return (n + step - 1) / step }

// alignedEdges is edges, each rounded up to what the backend takes.
func (s *suite) alignedEdges(tiles []int, odd ...int) []int {
	sizes := edges(tiles, odd...)
	for i := range sizes {
		sizes[i] = s.aligned(sizes[i])
	}
	return slices.Compact(sizes)
}

// bench is a backend during one test, with what was allocated on it.
type bench struct {
	*testing.T
	be     backend.Backend
	margin []margin
}

// start opens a backend for a test; it is closed at the end.
func (s *suite) start(t *testing.T) *bench {
	be := s.open(t)
	t.Cleanup(func() { require.NoError(t, be.Close()) })
	return &bench{T: t, be: be}
}

// each runs a case as a subtest that frees its tensors and checks their margins. work is its number of multiplications.
func (s *suite) each(b *bench, work int, name string, test func(c *bench, r *rand.Rand)) {
	b.Run(name, func(t *testing.T) {
		if s.MostWork > 0 && work > s.MostWork {
			t.Skipf("%s: %d multiplications, more than the %d this backend is asked for", name, work, s.MostWork)
		}
		c := &bench{T: t, be: b.be}
		test(c, newRand(t.Name()))
		c.checkMargins()
	})
}

// eachCompute runs a test for each compute type of the device.
func (b *bench) eachCompute(test func(b *bench, d tensor.DType)) {
	for _, d := range b.be.Device().Compute {
		b.Run(d.String(), func(t *testing.T) { test(&bench{T: t, be: b.be}, d) })
	}
}

// newRand gives each case its own values, the same in every run.
func newRand(name string) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, name)
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}
