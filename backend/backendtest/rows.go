package backendtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"tiebreak/backend"
	"tiebreak/tensor"
)

var floats = []tensor.DType{tensor.F32, tensor.BF16, tensor.F16}

func (s *suite) testGather(t *testing.T) {
	b := s.start(t)
	for _, from := range floats {
		for _, to := range floats {
			for _, cols := range s.alignedEdges(s.TileDepth, 7) {
				s.each(b, 0, fmt.Sprintf("%v-%v,C=%d", from, to, cols), func(c *bench, r *rand.Rand) {
					src := normal(r, from, 11, cols, 1)
					for i := range cols {
						src.row(3)[i] = round(from, peculiar[(i+cols)%len(peculiar)])
					}
					rows := []int{3, 10, 0, 3, 7}
					dst := c.target(to, len(rows), cols)
					c.be.Gather(dst, c.view(src), c.ints([]int32{3, 10, 0, 3, 7}))
					c.same("gather", c.get(dst), src.pick(rows).to(to))
				})
			}
		}
	}
}

// peculiar are values at which rounding to a half type goes wrong if it can: in the middle between two of its numbers, beyond
// its range, below its smallest number, and none at all.
var peculiar = []float64{1 + 1.0/256, 1 + 3.0/256, -1 - 1.0/256, 1 + 1.0/2048, 1 + 3.0/2048, 1 + 1.0/1024 + 1.0/65536, math.Copysign(0, -1),
	65504, 65519, 65520, -70000, 1e-8, 5.9604645e-08, 2.9802322e-08, 1e-40, 3.4e38, math.MaxFloat32, math.Inf(1), math.Inf(-1), math.NaN()}

func (s *suite) testRMSNorm(t *testing.T) {
	s.start(t).eachCompute(func(b *bench, d tensor.DType) {
		for _, cols := range s.alignedEdges(s.TileDepth, 7, 576, 3072) {
			for _, rows := range edges(s.TileRows) {
				for _, add := range []bool{false, true} {
					s.each(b, rows*cols, fmt.Sprintf("T=%d,C=%d,add=%v", rows, cols, add), func(c *bench, r *rand.Rand) {
						c.rmsNorm(r, d, rows, cols, add)
					})
				}
			}
		}
	})
}

func (b *bench) rmsNorm(r *rand.Rand, d tensor.DType, rows, cols int, add bool) {
	const eps = 1e-5
	x := normal(r, tensor.F32, rows, cols, 3)
	for i := range x.row(0) {
		x.row(0)[i] *= 1.0 / 4096 // a row of the size of eps
	}
	w := normal(r, tensor.F32, 1, cols, 1)
	xd, dst := b.inout(x), b.target(d, rows, cols)
	var addend backend.Tensor
	if add {
		a := normal(r, tensor.F32, rows, cols, 1)
		addend = b.view(a)
		x = plus[float32](x, a)
	}
	b.be.RMSNorm(dst, xd, addend, b.view(w), eps)
	b.same("rms_norm: residual", b.get(xd), x)
	b.near("rms_norm", b.get(dst), rmsNorm[float64](x, w, eps), rmsNorm[float32](x, w, eps).to(d), 0)
}

func (s *suite) testRope(t *testing.T) {
	s.start(t).eachCompute(func(b *bench, d tensor.DType) {
		for _, size := range s.HeadSizes {
			for _, heads := range []int{1, 3, 4} {
				for _, rows := range edges(s.TileRows) {
					s.each(b, rows*heads*size, fmt.Sprintf("T=%d,heads=%d,D=%d", rows, heads, size), func(c *bench, r *rand.Rand) {
						c.rope(r, d, rows, heads, size)
					})
				}
			}
		}
	})
}

func (b *bench) rope(r *rand.Rand, d tensor.DType, rows, heads, size int) {
	const positions = 300
	x := normal(r, d, rows, heads*size, 2)
	table := angles(positions, size)
	pos := make([]int32, rows)
	for i := range pos {
		pos[i] = r.Int32N(positions)
	}
	xd := b.inout(x)
	b.be.Rope(xd, b.ints(pos), b.put(table))
	b.near("rope", b.get(xd), rope[float64](x, pos, table), rope[float32](x, pos, table).to(d), 2*x.largest())
}

// angles is a table for Rope: row p holds the cosines, then the sines, of p·10000^(-2i/D).
func angles(positions, size int) matrix {
	table := newMatrix(tensor.F32, positions, size)
	for p := range positions {
		for i := range size / 2 {
			angle := float64(p) * math.Pow(10000, -2*float64(i)/float64(size))
			table.row(p)[i] = round(tensor.F32, math.Cos(angle))
			table.row(p)[i+size/2] = round(tensor.F32, math.Sin(angle))
		}
	}
	return table
}

func (s *suite) testLogSoftmax(t *testing.T) {
	b := s.start(t)
	inf := math.Inf(1)
	rows := map[string]func(r *rand.Rand, row []float64){
		"normal":     func(r *rand.Rand, row []float64) {},
		"large":      func(r *rand.Rand, row []float64) { shift(row, 30000) },
		"small":      func(r *rand.Rand, row []float64) { shift(row, -30000) },
		"one winner": func(r *rand.Rand, row []float64) { row[r.IntN(len(row))] = 1e30 },
		"equal":      func(r *rand.Rand, row []float64) { copy(row, make([]float64, len(row))) },
		"-Inf": func(r *rand.Rand, row []float64) {
			for i := 1; i < len(row); i++ { // the first stays finite: a row of -Inf alone has no result
				if r.IntN(3) > 0 {
					row[i] = -inf
				}
			}
		},
	}
	for name, edit := range rows {
		for _, cols := range edges(s.TileCols, 2, 1000, 49152) {
			s.each(b, 3*cols, fmt.Sprintf("%s,V=%d", name, cols), func(c *bench, r *rand.Rand) {
				x := normal(r, tensor.F32, 3, cols, 4)
				edit(r, x.row(0))
				edit(r, x.row(2))
				xd, dst := c.inout(x), c.target(tensor.F32, 3, cols)
				c.be.LogSoftmax(dst, xd)
				want, plain := logSoftmax[float64](x), logSoftmax[float32](x)
				c.near("log_softmax", c.get(dst), want, plain, 0)
				c.be.LogSoftmax(xd, xd)
				c.same("log_softmax in place", c.get(xd), c.get(dst))
			})
		}
	}
}

func shift(row []float64, by float64) {
	for i := range row {
		row[i] = round(tensor.F32, row[i]+by)
	}
}
