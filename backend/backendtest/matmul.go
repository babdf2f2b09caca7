package backendtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// product is the extents of one product.
type product struct{ t, n, k int }

func (p product) String() string { return fmt.Sprintf("T=%d,N=%d,K=%d", p.t, p.n, p.k) }

func (p product) work() int { return p.t * p.n * p.k }

// products are the shapes of MatMul: each extent at the edges of the tiles while the others are odd, or multiples of eight as
// kernels like them; depths at which a pipeline over K has just begun, goes round, and is in full flow; the corners; and one
// that is several tiles long each way.
func (s *suite) products() []product {
	rows := edges(s.TileRows, 5)
	cols := edges(s.TileCols, 3, 37, 38)
	depths := s.alignedEdges(s.TileDepth, 3, 37)
	most := func(v []int) int { return v[len(v)-1] }
	odd, even, deep := s.aligned(37), s.aligned(40), s.aligned(9*most(depths)&^7+16)
	var list []product
	for i, t := range rows {
		list = append(list, product{t, 37 + i%3, odd}, product{t, 37 + i%3, even})
	}
	for _, n := range cols {
		list = append(list, product{5, n, odd}, product{5, n, even})
	}
	for _, k := range depths {
		list = append(list, product{5, 19, k})
	}
	list = append(list, product{5, 37, deep})
	for _, t := range s.TileRows {
		for _, n := range cols {
			list = append(list, product{t, n, even})
		}
		list = append(list, product{t + 1, 19, s.aligned(8)}, product{t + 1, 19, s.aligned(24)}, product{t + 1, most(cols), deep})
	}
	return append(list, product{1, 1, s.aligned(1)}, product{most(rows), most(cols), most(depths)},
		product{3*most(rows) - 1, 2*most(cols) + 5, s.aligned(2*most(depths) + 9)})
}

// weightParts cuts a weight [N,K] into stacked parts of unequal length, as q, k and v are.
func weightParts(w matrix, parts int) []tensor.Tensor {
	var list []tensor.Tensor
	at := 0
	for i := range parts {
		end := w.rows * (i + 1) * (i + 2) / (parts * (parts + 1))
		if end == at {
			continue
		}
		list = append(list, w.host().Rows(at, end))
		at = end
	}
	return list
}

// weight prepares a weight until the end of the case.
func (b *bench) weight(use backend.Use, parts ...tensor.Tensor) backend.Weight {
	b.Helper()
	w, err := b.be.Weight(use, parts...)
	require.NoError(b, err)
	b.Cleanup(w.Free)
	return w
}

// weightScale keeps products near 1, as trained weights do.
func weightScale(k int) float64 { return 1 / math.Sqrt(float64(k)) }

func (s *suite) testMatMul(t *testing.T) {
	s.start(t).eachCompute(func(b *bench, d tensor.DType) {
		for _, wd := range s.Weights(d) {
			for i, p := range s.products() {
				s.each(b, p.work(), fmt.Sprintf("%v,W=%v", p, wd), func(c *bench, r *rand.Rand) {
					c.matMul(r, p, d, wd, 1+i%3)
				})
			}
		}
	})
}

// matMul checks one product three times: into the compute type, into F32, and added to F32; and once with integers, whose
// products are exact and often lie in the middle between two numbers of a half type.
func (b *bench) matMul(r *rand.Rand, p product, d, wd tensor.DType, parts int) {
	x := normal(r, d, p.t, p.k, 1)
	w := normal(r, wd, p.n, p.k, weightScale(p.k))
	b.integers(r, p, d, wd)
	dev := b.weight(backend.ForMatMul, weightParts(w, parts)...)
	require.Equal(b, []int{p.n, p.k}, []int{dev.Rows(), dev.Cols()}, "extents of the weight")
	want, plain := matMul[float64](x, w), matMul[float32](x, w)
	magnitude := matMul[float64](absolute(x), absolute(w)).largest()
	xd := b.view(x)

	for _, to := range []tensor.DType{d, tensor.F32} {
		dst := b.target(to, p.t, p.n)
		b.be.MatMul(dst, xd, dev, backend.Epilogue{})
		b.near("matmul", b.get(dst), want, plain.to(to), magnitude)
	}
	add := normal(r, tensor.F32, p.t, p.n, 1)
	dst := b.inout(add)
	b.be.MatMul(dst, xd, dev, backend.Epilogue{Add: true})
	b.near("matmul with add", b.get(dst), plus[float64](want, add), plus[float32](plain, add), magnitude+add.largest())
}

func (b *bench) integers(r *rand.Rand, p product, d, wd tensor.DType) {
	x, w := integers(r, d, p.t, p.k), integers(r, wd, p.n, p.k)
	dst := b.target(d, p.t, p.n)
	b.be.MatMul(dst, b.view(x), b.weight(backend.ForMatMul, w.host()), backend.Epilogue{})
	b.same("matmul of integers", b.get(dst), matMul[float64](x, w).to(d))
}

func (s *suite) testGatedMatMul(t *testing.T) {
	s.start(t).eachCompute(func(b *bench, d tensor.DType) {
		for _, wd := range s.Weights(d) {
			for _, p := range s.products() {
				s.each(b, 2*p.work(), fmt.Sprintf("%v,W=%v", p, wd), func(c *bench, r *rand.Rand) {
					c.gatedMatMul(r, p, d, wd)
				})
			}
		}
	})
}

func (b *bench) gatedMatMul(r *rand.Rand, p product, d, wd tensor.DType) {
	x := normal(r, d, p.t, p.k, 1)
	x.row(0)[0] = 20 // gates so large that exp over- or underflows
	w := normal(r, wd, 2*p.n, p.k, 2*weightScale(p.k))
	dev := b.weight(backend.ForGated, weightParts(w, 2)...)
	dst := b.target(d, p.t, p.n)
	b.be.GatedMatMul(dst, b.view(x), dev)
	both := matMul[float64](absolute(x), absolute(w)).largest()
	b.near("gated_matmul", b.get(dst), gatedMatMul[float64](x, w), gatedMatMul[float32](x, w).to(d), both*both)
}

// testWeight checks what a Weight promises beyond its use in products.
func (s *suite) testWeight(t *testing.T) {
	b := s.start(t)
	k := s.aligned(24)
	for _, d := range []tensor.DType{tensor.F32, tensor.BF16, tensor.F16} {
		for parts := 1; parts <= 3; parts++ {
			s.each(b, 0, fmt.Sprintf("%v,parts=%d", d, parts), func(c *bench, r *rand.Rand) {
				if !c.holds(s, d) {
					c.Skipf("weights of type %v: not among those of Options.Weights", d)
				}
				m := normal(r, d, 20, k, 1)
				w := c.weight(backend.ForMatMul|backend.ForGather, weightParts(m, parts)...)
				require.GreaterOrEqual(c, w.Bytes(), int64(0))
				table := w.Table()
				require.Equal(c, []int{20, k}, []int{table.Rows, table.Cols})
				dst := c.target(w.DType(), 3, k)
				c.be.Gather(dst, table, c.ints([]int32{19, 0, 7}))
				c.same("gather from a weight", c.get(dst), m.pick([]int{19, 0, 7}))
			})
		}
	}
}

// holds reports whether some compute type goes with weights of type d.
func (b *bench) holds(s *suite, d tensor.DType) bool {
	for _, compute := range b.be.Device().Compute {
		for _, w := range s.Weights(compute) {
			if w == d {
				return true
			}
		}
	}
	return false
}
