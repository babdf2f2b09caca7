package backendtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// testExact checks that a row's bits depend on nothing but the row.
func (s *suite) testExact(t *testing.T) {
	s.start(t).eachCompute(func(b *bench, d tensor.DType) {
		n := 3*slices.Max(s.TileRows) + 2
		k := s.aligned(2*slices.Max(s.TileDepth) + 7)
		for _, wd := range s.Weights(d) {
			s.each(b, 4*n*53*k, fmt.Sprintf("matmul,W=%v", wd), func(c *bench, r *rand.Rand) {
				c.exactProduct(r, exactProduct{backend.ForMatMul, d, wd, n, k, s.Align})
			})
			s.each(b, 4*n*106*k, fmt.Sprintf("gated_matmul,W=%v", wd), func(c *bench, r *rand.Rand) {
				c.exactProduct(r, exactProduct{backend.ForGated, d, wd, n, k, s.Align})
			})
		}
		s.each(b, 4*n*k, "rms_norm", func(c *bench, r *rand.Rand) {
			w := c.put(normal(r, tensor.F32, 1, k, 1))
			c.rowByRow(r, normal(r, tensor.F32, n, k, 1), func(x matrix) matrix {
				dst := c.target(d, x.rows, k)
				c.be.RMSNorm(dst, c.view(x), backend.Tensor{}, w, 1e-5)
				return c.get(dst)
			})
		})
		s.each(b, 4*n*k, "log_softmax", func(c *bench, r *rand.Rand) {
			c.rowByRow(r, normal(r, tensor.F32, n, k, 3), func(x matrix) matrix {
				dst := c.target(tensor.F32, x.rows, k)
				c.be.LogSoftmax(dst, c.view(x))
				return c.get(dst)
			})
		})
		for _, g := range s.exactGeometries() {
			s.each(b, 5*g.work(), "attention,"+g.String(), func(c *bench, r *rand.Rand) { c.exactAttention(r, d, g) })
		}
	})
}

// exactProduct is a case of a product with 53 columns.
type exactProduct struct {
	use       backend.Use
	d, wd     tensor.DType
	rows, k   int
	alignment int // of depths
}

// exactProduct checks that a row of a product depends on that row of x alone, and a column on that row of the weight.
func (b *bench) exactProduct(r *rand.Rand, p exactProduct) {
	const columns = 53
	rows, to := columns, tensor.F32
	if p.use == backend.ForGated {
		rows, to = 2*columns, p.d
	}
	multiply := func(x matrix, w backend.Weight) matrix {
		dst := b.target(to, x.rows, columns)
		if p.use == backend.ForGated {
			b.be.GatedMatMul(dst, b.view(x), w)
		} else {
			b.be.MatMul(dst, b.view(x), w, backend.Epilogue{})
		}
		return b.get(dst)
	}
	w := b.weight(p.use, normal(r, p.wd, rows, p.k, weightScale(p.k)).host())
	b.rowByRow(r, normal(r, p.d, p.rows, p.k, 1), func(x matrix) matrix { return multiply(x, w) })

	for k := p.alignment * ceil(33, p.alignment); k <= 40; k += p.alignment {
		x, w := normal(r, p.d, 3, k, 1), normal(r, p.wd, rows, k, weightScale(k))
		sound, poisoned := b.weight(p.use, w.host()), b.weight(p.use, w.poisoned(columns).host())
		b.besidePoison(multiply(x, sound), multiply(x, poisoned))
	}
}

// rowByRow runs a row operation on all rows at once, then on single rows, on ranges, in reverse, and between rows of NaN
// and infinities, and wants the same bits for each row every time.
func (b *bench) rowByRow(r *rand.Rand, x matrix, op func(x matrix) matrix) {
	b.Helper()
	all := make([]int, x.rows)
	for i := range all {
		all[i] = i
	}
	want := op(x)
	reversed := slices.Clone(all)
	slices.Reverse(reversed)
	choices := [][]int{reversed, all[1:], all[:x.rows-1], all[x.rows/2:], {5, 5, 5}, {1, 4}}
	for range 3 {
		choices = append(choices, []int{r.IntN(x.rows)})
	}
	for _, rows := range choices {
		b.same(fmt.Sprintf("rows %v alone", rows), op(x.pick(rows)), want.pick(rows))
	}
	poisoned := x.pick(all)
	var kept []int
	for i := range all {
		if i%3 == 1 {
			kept = append(kept, i)
			continue
		}
		for j := range poisoned.row(i) {
			poisoned.row(i)[j] = []float64{math.NaN(), 0, math.Inf(1)}[i%3]
		}
	}
	b.same("rows between NaN and infinity", op(poisoned).pick(kept), want.pick(kept))
}

// poisoned is a weight with NaN in two of three rows; rows a multiple of n apart, gate and up of a column, share their fate.
func (m matrix) poisoned(n int) matrix {
	out := m.to(m.d)
	for i := range out.rows {
		if i%n%3 != 1 {
			copy(out.row(i), filled(m.d, 1, m.cols, math.NaN()).v)
		}
	}
	return out
}

// besidePoison checks that the columns of a product whose rows of the weight are sound have the bits that they have among
// sound ones.
func (b *bench) besidePoison(want, got matrix) {
	b.Helper()
	for i := range want.rows {
		for j := 1; j < want.cols; j += 3 {
			if !sameBits(got.row(i)[j], want.row(i)[j]) {
				b.Fatalf("product beside rows of NaN in the weight: [%d,%d]: got %v, want exactly %v", i, j, got.row(i)[j], want.row(i)[j])
			}
		}
	}
}

func (s *suite) exactGeometries() []geometry {
	page := backend.PageSize
	list := []geometry{
		{heads: 3, kvHeads: 1, size: 64, seqs: []sequence{{0, 2*page + 3}, {0, page}, {0, 5}}},
		{heads: 2, kvHeads: 2, size: 96, window: 20, seqs: []sequence{{0, 3 * page}, {0, 50}}},
		{heads: 4, kvHeads: 1, size: 64, seqs: []sequence{{0, 230}}},
		{heads: 1, kvHeads: 1, size: 128, window: 90, seqs: []sequence{{0, 210}}},
	}
	for _, size := range s.HeadSizes {
		list = append(list, geometry{heads: 2, kvHeads: 1, size: size, seqs: []sequence{{0, 140}, {0, 20}}})
	}
	return list
}

// exactAttention runs sequences together, each alone, each beside a sequence of NaN, and cut into chunks at several
// places, every time in other pages, and wants the same bits for each query.
func (b *bench) exactAttention(r *rand.Rand, d tensor.DType, g geometry) {
	all := newHistories(r, d, g)
	want := b.forward(b.newPages(r, d, g, lengths(g.seqs)), g, all, g.seqs)
	for i, seq := range g.seqs {
		alone := b.newPages(r, d, g, []int{seq.n})
		b.same(fmt.Sprintf("sequence %d alone", i), b.forward(alone, g, all[i:i+1], g.seqs[i:i+1])[0], want[i])
		b.besideNaN(r, g, all[i], want[i])
		for _, cut := range []int{1, backend.PageSize - 1, backend.PageSize, seq.n / 2, seq.n - 1} {
			if cut > 0 && cut < seq.n {
				b.chunked(r, g, all[i], want[i], cut)
			}
		}
	}
}

// besideNaN puts a sequence behind one whose queries, keys and values are NaN.
func (b *bench) besideNaN(r *rand.Rand, g geometry, h history, want matrix) {
	b.Helper()
	nan := history{
		q: filled(h.q.d, 19, h.q.cols, math.NaN()),
		k: filled(h.q.d, 19, h.k.cols, math.NaN()),
		v: filled(h.q.d, 19, h.v.cols, math.NaN()),
	}
	seqs := []sequence{{0, 19}, {0, h.q.rows}}
	got := b.forward(b.newPages(r, h.q.d, g, lengths(seqs)), g, []history{nan, h}, seqs)
	b.same("beside a sequence of NaN", got[1], want)
}

// chunked runs the first tokens in one call and the others in a second.
func (b *bench) chunked(r *rand.Rand, g geometry, h history, want matrix, cut int) {
	b.Helper()
	p := b.newPages(r, h.q.d, g, []int{h.q.rows})
	first := b.forward(p, g, []history{h}, []sequence{{0, cut}})[0]
	second := b.forward(p, g, []history{h}, []sequence{{cut, h.q.rows - cut}})[0]
	both := matrix{d: want.d, rows: want.rows, cols: want.cols, v: append(slices.Clone(first.v), second.v...)}
	b.same(fmt.Sprintf("in chunks of %d and %d tokens", cut, h.q.rows-cut), both, want)
}
