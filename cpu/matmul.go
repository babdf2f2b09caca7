package cpu

import "tiebreak/backend"

// matMulJob is a product by the reference: each piece is a range of weight rows against all rows of x, so that a row of
// weights is widened once.
type matMulJob struct {
	b      *Backend
	dst, x backend.Tensor
	w      *weight
	ep     backend.Epilogue
	gated  bool
	xs     []float32 // x, widened, [T,K]
	n      int       // columns of dst
}

// weightRows is the number of weight rows a piece has.
const weightRows = 16

// MatMul computes dst = x · Wᵀ; see backend.Backend.
func (b *Backend) MatMul(dst, x backend.Tensor, w backend.Weight, ep backend.Epilogue) {
	backend.CheckMatMul(dst, x, w, ep)
	w.(*weight).mustBeFor(backend.ForMatMul, "matmul")
	b.product(dst, x, w.(*weight), ep, false)
}

// GatedMatMul computes dst = silu(x · gateᵀ) * (x · upᵀ); see backend.Backend.
func (b *Backend) GatedMatMul(dst, x backend.Tensor, w backend.Weight) {
	backend.CheckGatedMatMul(dst, x, w)
	w.(*weight).mustBeFor(backend.ForGated, "gated_matmul")
	b.product(dst, x, w.(*weight), backend.Epilogue{}, true)
}

func (b *Backend) product(dst, x backend.Tensor, w *weight, ep backend.Epilogue, gated bool) {
	switch {
	case dst.Rows == 0 || dst.Cols == 0:
	case b.isa.simd != nil:
		b.multiply(dst, x, w, ep)
	default:
		j := &b.jobs.matMul
		*j = matMulJob{b: b, dst: dst, x: x, w: w, ep: ep, gated: gated, n: dst.Cols, xs: grow(&b.shared, x.Rows*x.Cols)}
		for t := range x.Rows {
			row := j.xs[t*x.Cols : (t+1)*x.Cols]
			copy(row, b.isa.loadRow(x, t, &row))
		}
		b.pool.do(j, (j.n+weightRows-1)/weightRows)
	}
}

func (j *matMulJob) run(worker, index int) {
	s := &j.b.scratch[worker]
	sums := grow(&s.b, 2*j.dst.Rows)
	first, second := sums[:j.dst.Rows], sums[j.dst.Rows:]
	for n := index * weightRows; n < min(j.n, (index+1)*weightRows); n++ {
		j.column(first, j.b.isa.loadRow(j.w.rows, n, &s.a))
		if j.gated {
			j.column(second, j.b.isa.loadRow(j.w.rows, j.n+n, &s.a))
			for t, g := range first {
				first[t] = silu(g) * second[t]
			}
		}
		j.store(first, n)
	}
}

// column is the product of all rows of x with one row of weights.
func (j *matMulJob) column(sums, w []float32) {
	k := len(w)
	row := func(t int) []float32 { return j.xs[t*k : (t+1)*k] }
	t := 0
	for ; t+4 <= len(sums); t += 4 {
		sums[t], sums[t+1], sums[t+2], sums[t+3] = dot4(row(t), row(t+1), row(t+2), row(t+3), w)
	}
	for ; t < len(sums); t++ {
		sums[t] = dot(row(t), w)
	}
}

// store rounds, or adds, sums to column n of dst.
func (j *matMulJob) store(sums []float32, n int) {
	column := j.dst.ColRange(n, n+1)
	for t, v := range sums {
		switch {
		case j.ep.Add:
			f32Row(column, t)[0] += v
		default:
			j.b.isa.storeRow(column, t, sums[t:t+1])
		}
	}
}
