package backendtest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// matrix is a matrix on the host, in float64. Its values can be represented in d.
type matrix struct {
	d          tensor.DType
	rows, cols int
	v          []float64
}

func newMatrix(d tensor.DType, rows, cols int) matrix {
	return matrix{d: d, rows: rows, cols: cols, v: make([]float64, rows*cols)}
}

func (m matrix) row(i int) []float64 { return m.v[i*m.cols : (i+1)*m.cols] }

// columns is a copy of columns lo to hi.
func (m matrix) columns(lo, hi int) matrix {
	out := newMatrix(m.d, m.rows, hi-lo)
	for i := range m.rows {
		copy(out.row(i), m.row(i)[lo:hi])
	}
	return out
}

// pick is a copy of the rows listed.
func (m matrix) pick(rows []int) matrix {
	out := newMatrix(m.d, len(rows), m.cols)
	for i, r := range rows {
		copy(out.row(i), m.row(r))
	}
	return out
}

// to rounds a matrix to another type.
func (m matrix) to(d tensor.DType) matrix {
	out := newMatrix(d, m.rows, m.cols)
	for i, v := range m.v {
		out.v[i] = round(d, v)
	}
	return out
}

// largest is the largest finite magnitude of a matrix.
func (m matrix) largest() float64 {
	var most float64
	for _, v := range m.v {
		if a := math.Abs(v); !math.IsInf(a, 0) {
			most = max(most, a)
		}
	}
	return most
}

// round is the value nearest to v in type d; halves are rounded by way of float32, as devices do.
func round(d tensor.DType, v float64) float64 {
	switch f := float32(v); d {
	case tensor.BF16:
		return float64(tensor.BF16Value(tensor.BF16FromFloat32(f)))
	case tensor.F16:
		return float64(tensor.F16Value(tensor.F16FromFloat32(f)))
	default:
		return float64(f)
	}
}

// normal is a matrix of normally distributed values.
func normal(r *rand.Rand, d tensor.DType, rows, cols int, scale float64) matrix {
	m := newMatrix(d, rows, cols)
	for i := range m.v {
		m.v[i] = round(d, scale*r.NormFloat64())
	}
	return m
}

// integers is a matrix of integers from 0 to 15.
func integers(r *rand.Rand, d tensor.DType, rows, cols int) matrix {
	m := newMatrix(d, rows, cols)
	for i := range m.v {
		m.v[i] = float64(r.IntN(16))
	}
	return m
}

// filled is a matrix of one value.
func filled(d tensor.DType, rows, cols int, v float64) matrix {
	m := newMatrix(d, rows, cols)
	for i := range m.v {
		m.v[i] = v
	}
	return m
}

// host is the matrix as a host tensor.
func (m matrix) host() tensor.Tensor {
	f := make([]float32, len(m.v))
	for i, v := range m.v {
		f[i] = float32(v)
	}
	t, err := tensor.FromFloat32(f, m.rows, m.cols).Convert(m.d)
	if err != nil {
		panic(err)
	}
	return t
}

// fromHost is a float tensor of two dimensions as a matrix.
func fromHost(t tensor.Tensor) matrix {
	f, err := t.Float32s()
	if err != nil {
		panic(err)
	}
	m := newMatrix(t.DType, t.Shape[0], t.Shape[1])
	for i, v := range f {
		m.v[i] = float64(v)
	}
	return m
}

// alloc reserves a tensor until the end of the case.
func (b *bench) alloc(d tensor.DType, rows, cols int) backend.Tensor {
	b.Helper()
	t, err := b.be.Alloc(d, rows, cols)
	require.NoError(b, err)
	b.Cleanup(func() { b.be.Free(t) })
	return t
}

// put uploads a matrix.
func (b *bench) put(m matrix) backend.Tensor {
	b.Helper()
	t := b.alloc(m.d, m.rows, m.cols)
	b.be.Upload(t, m.host())
	return t
}

// ints uploads a column of indices.
func (b *bench) ints(v []int32) backend.Tensor {
	b.Helper()
	t := b.alloc(tensor.I32, len(v), 1)
	b.be.Upload(t, tensor.FromInt32(v, len(v), 1))
	return t
}

// get downloads a tensor.
func (b *bench) get(t backend.Tensor) matrix {
	b.Helper()
	host := tensor.New(t.DType, t.Rows, t.Cols)
	require.NoError(b, b.be.Download(host, t))
	return fromHost(host)
}

// margin is a view in the middle of a larger tensor whose other elements are all fill.
type margin struct {
	whole, view backend.Tensor
	row, col    int // where the view begins
	fill        float64
}

// Views begin at a multiple of sideCols columns, and so do all their rows: kernels may want aligned rows, as the views of
// q, k and v in one matrix have them.
const (
	sideRows = 2
	sideCols = 16
)

// marker fills the margin of what an operation writes. It is a number of every type, and far from what operations compute.
const marker = 12288

// view uploads a matrix to be read into the middle of a larger one of NaN: a kernel that reads the margin gets NaN.
func (b *bench) view(m matrix) backend.Tensor {
	b.Helper()
	return b.framed(m, math.NaN())
}

// inout uploads a matrix to be changed in place. Its margin is no NaN, so that NaN that was read elsewhere and written there
// is found.
func (b *bench) inout(m matrix) backend.Tensor {
	b.Helper()
	return b.framed(m, marker)
}

// target is a view to be written, full of NaN.
func (b *bench) target(d tensor.DType, rows, cols int) backend.Tensor {
	b.Helper()
	return b.framed(filled(d, rows, cols, math.NaN()), marker)
}

// framed uploads a matrix with a margin, which is checked at the end of the case: a kernel that writes it is found.
func (b *bench) framed(m matrix, fill float64) backend.Tensor {
	b.Helper()
	stride := (m.cols+sideCols-1)/sideCols*sideCols + 2*sideCols
	whole := filled(m.d, m.rows+2*sideRows, stride, fill)
	for i := range m.rows {
		copy(whole.row(i + sideRows)[sideCols:], m.row(i))
	}
	t := b.put(whole)
	view := t.RowRange(sideRows, sideRows+m.rows).ColRange(sideCols, sideCols+m.cols)
	b.margin = append(b.margin, margin{t, view, sideRows, sideCols, fill})
	return view
}

func (b *bench) checkMargins() {
	b.Helper()
	for _, m := range b.margin {
		whole := b.get(m.whole)
		for i := range whole.rows {
			for j, v := range whole.row(i) {
				inside := i >= m.row && i < m.row+m.view.Rows && j >= m.col && j < m.col+m.view.Cols
				if !inside && !sameBits(v, m.fill) {
					b.Fatalf("margin of %v at [%d,%d] of it: got %v written, want it untouched", m.view, i-m.row, j-m.col, v)
				}
			}
		}
	}
}

// near checks a result by the rule of the package. magnitude is the largest value that the formula meets on its way.
func (b *bench) near(op string, got, want, plain matrix, magnitude float64) {
	b.Helper()
	require.Equal(b, fmt.Sprint(want.rows, want.cols), fmt.Sprint(got.rows, got.cols), op)
	magnitude = max(magnitude, want.largest())
	floor := ulp(got.d, want.largest())/2 + 4*ulp(tensor.F32, magnitude)
	var worst float64
	for i, w := range want.v {
		if e := math.Abs(plain.v[i] - w); !math.IsNaN(e) && !math.IsInf(e, 0) {
			worst = max(worst, e)
		}
	}
	tolerance := 2*worst + floor
	for i, w := range want.v {
		if !within(got.v[i], w, tolerance) {
			b.Fatalf("%s: %v [%d,%d] at [%d,%d]: got %v, want %v, tolerance %.3g (plain %v; its worst error %.3g, floor %.3g)",
				op, got.d, got.rows, got.cols, i/got.cols, i%got.cols, got.v[i], w, tolerance, plain.v[i], worst, floor)
		}
	}
}

// within compares two values; infinities and NaN agree with themselves alone. A value beyond the range of a half type is
// wanted as infinity, which near's callers avoid.
func within(got, want, tolerance float64) bool {
	if math.IsNaN(want) || math.IsInf(want, 0) {
		return sameBits(got, want)
	}
	return math.Abs(got-want) <= tolerance
}

// ulp is the distance of neighbouring values of type d at magnitude v.
func ulp(d tensor.DType, v float64) float64 {
	if v == 0 {
		return 0
	}
	_, exp := math.Frexp(v)
	bits := map[tensor.DType]int{tensor.F32: 24, tensor.BF16: 8, tensor.F16: 11}[d]
	return math.Ldexp(1, exp-bits)
}

// same checks that two results are equal bit for bit. All NaN count as one.
func (b *bench) same(op string, got, want matrix) {
	b.Helper()
	require.Equal(b, fmt.Sprint(want.rows, want.cols), fmt.Sprint(got.rows, got.cols), op)
	for i, w := range want.v {
		if !sameBits(got.v[i], w) {
			b.Fatalf("%s: %v [%d,%d] at [%d,%d]: got %v, want exactly %v", op, got.d, got.rows, got.cols,
				i/got.cols, i%got.cols, got.v[i], w)
		}
	}
}

func sameBits(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}
