package backendtest

import (
	"math"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// The formulas of the operations, each generic over the type R that it computes in: float64 for the oracle, float32 for
// the plain computation. Results are not rounded; callers do that for the plain one.

type real interface{ float32 | float64 }

// matMul is x · wᵀ.
func matMul[R real](x, w matrix) matrix {
	out := newMatrix(tensor.F32, x.rows, w.rows)
	for t := range x.rows {
		for n := range w.rows {
			out.row(t)[n] = float64(dot[R](x.row(t), w.row(n)))
		}
	}
	return out
}

func dot[R real](a, b []float64) R {
	var sum R
	for k := range a {
		sum += R(R(a[k]) * R(b[k]))
	}
	return sum
}

// plus is a + b.
func plus[R real](a, b matrix) matrix {
	out := newMatrix(a.d, a.rows, a.cols)
	for i := range a.v {
		out.v[i] = float64(R(a.v[i]) + R(b.v[i]))
	}
	return out
}

// absolute is |m|, whose product is the magnitude that a product meets.
func absolute(m matrix) matrix {
	out := newMatrix(m.d, m.rows, m.cols)
	for i, v := range m.v {
		out.v[i] = math.Abs(v)
	}
	return out
}

// gatedMatMul is silu(x · gateᵀ) * (x · upᵀ), w = [gate; up].
func gatedMatMul[R real](x, w matrix) matrix {
	f := w.rows / 2
	both := matMul[R](x, w)
	out := newMatrix(tensor.F32, x.rows, f)
	for t := range x.rows {
		for i := range f {
			g, u := both.row(t)[i], both.row(t)[f+i]
			out.row(t)[i] = float64(R(R(g)/R(1+math.Exp(-g))) * R(u))
		}
	}
	return out
}

// rmsNorm is x / sqrt(mean(x²)+eps) · w.
func rmsNorm[R real](x, w matrix, eps float32) matrix {
	out := newMatrix(tensor.F32, x.rows, x.cols)
	for t := range x.rows {
		mean := dot[R](x.row(t), x.row(t))/R(x.cols) + R(eps)
		scale := R(1 / math.Sqrt(float64(mean)))
		for i, v := range x.row(t) {
			out.row(t)[i] = float64(R(R(v)*scale) * R(w.v[i]))
		}
	}
	return out
}

// rope rotates the heads of row t by table row pos[t].
func rope[R real](x matrix, pos []int32, table matrix) matrix {
	h := table.cols / 2
	out := newMatrix(x.d, x.rows, x.cols)
	for t := range x.rows {
		cos, sin := table.row(int(pos[t]))[:h], table.row(int(pos[t]))[h:]
		for head := 0; head < x.cols; head += 2 * h {
			for i := range h {
				a, b := R(x.row(t)[head+i]), R(x.row(t)[head+i+h])
				c, s := R(cos[i]), R(sin[i])
				out.row(t)[head+i] = float64(R(a*c) - R(b*s))
				out.row(t)[head+i+h] = float64(R(b*c) + R(a*s))
			}
		}
	}
	return out
}

// logSoftmax is x − max − log Σ exp(x − max) for each row.
func logSoftmax[R real](x matrix) matrix {
	out := newMatrix(tensor.F32, x.rows, x.cols)
	for t := range x.rows {
		most := R(largestOf(x.row(t)))
		var sum R
		for _, v := range x.row(t) {
			sum += R(math.Exp(float64(R(v) - most)))
		}
		log := R(math.Log(float64(sum)))
		for i, v := range x.row(t) {
			out.row(t)[i] = float64(R(R(v)-most) - log)
		}
	}
	return out
}

// attention is softmax(scale · q·Kᵀ)·V for the queries q [n,H·D] of one sequence, the last of them at the position of the
// last key; k and v are [past+n,G·D]. The plain computation rounds the exponentials to the compute type before their
// product with V, since they are an operand of a product of that type, and divides by the sum of the unrounded ones.
func attention[R real](q, k, v matrix, size int, opt backend.AttentionOptions) matrix {
	out := newMatrix(tensor.F32, q.rows, q.cols)
	group := q.cols / k.cols
	for g := range k.cols / size {
		keys, values := k.columns(g*size, (g+1)*size), v.columns(g*size, (g+1)*size)
		for t := range q.rows {
			end := k.rows - q.rows + t + 1
			first := 0
			if opt.Window > 0 {
				first = max(0, end-opt.Window)
			}
			for h := g * group; h < (g+1)*group; h++ {
				head := func(m matrix) []float64 { return m.row(t)[h*size : (h+1)*size] }
				attend[R](head(out), head(q), keys, values, first, end, opt.Scale)
			}
		}
	}
	return out
}

// attend is attention of one query to the keys first to end.
func attend[R real](dst, q []float64, k, v matrix, first, end int, scale float32) {
	scores := make([]float64, end-first)
	for j := range scores {
		scores[j] = float64(R(scale) * dot[R](q, k.row(first+j)))
	}
	most := largestOf(scores)
	var sum R
	acc := make([]R, len(dst))
	for j, s := range scores {
		p := R(math.Exp(float64(R(s) - R(most))))
		sum += p
		for i, x := range v.row(first + j) {
			acc[i] += R(asOperand(p, v.d) * R(x))
		}
	}
	for i := range dst {
		dst[i] = float64(acc[i] / sum)
	}
}

// asOperand rounds a probability to type d in the plain computation.
func asOperand[R real](p R, d tensor.DType) R {
	if _, plain := any(p).(float32); plain {
		return R(round(d, float64(p)))
	}
	return p
}

func largestOf(v []float64) float64 {
	most := math.Inf(-1)
	for _, x := range v {
		most = max(most, x)
	}
	return most
}
