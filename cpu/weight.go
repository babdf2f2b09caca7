package cpu

import (
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// weight is a matrix [N,K] by rows: the host data itself if it came in one part, else a copy of the parts.
type weight struct {
	b     *Backend
	use   backend.Use
	rows  backend.Tensor // [N,K]
	owned int64          // bytes held beyond the host data
}

// Weight prepares a matrix of stacked parts; see backend.Backend. The parts must agree in type and columns.
func (b *Backend) Weight(use backend.Use, parts ...tensor.Tensor) (backend.Weight, error) {
	n, k := checkParts(use, parts)
	w := &weight{b: b, use: use, rows: backend.Tensor{DType: parts[0].DType, Rows: n, Cols: k, Stride: k}}
	if len(parts) == 1 {
		w.rows.Mem = wrap(parts[0])
		return w, nil
	}
	size := w.rows.Bytes()
	if err := checkFree(size, "weight "+w.rows.String()); err != nil {
		return nil, err
	}
	m := newMemory(size)
	at := 0
	for _, p := range parts {
		at += copy(m.bytes[at:], p.Data)
	}
	w.rows.Mem, w.owned = m, m.Bytes()
	b.live += w.owned
	return w, nil
}

// checkParts panics unless the parts stack to one matrix that fits its use, and returns the extents of that matrix.
func checkParts(use backend.Use, parts []tensor.Tensor) (n, k int) {
	ok := len(parts) > 0
	for _, p := range parts {
		ok = ok && len(p.Shape) == 2 && p.DType == parts[0].DType && p.Shape[1] == parts[0].Shape[1] &&
			p.DType.IsFloat() && p.DType != tensor.F64
		if ok {
			n, k = n+p.Shape[0], p.Shape[1]
		}
	}
	if !ok || use&backend.ForGated != 0 && n%2 != 0 {
		var got []string
		for _, p := range parts {
			got = append(got, p.Describe())
		}
		panic(fmt.Sprintf("cpu: weight: parts do not stack to one matrix of F32, F16 or BF16: %v", got))
	}
	return n, k
}

func (w *weight) DType() tensor.DType { return w.rows.DType }
func (w *weight) Rows() int           { return w.rows.Rows }
func (w *weight) Cols() int           { return w.rows.Cols }
func (w *weight) Bytes() int64        { return w.owned }

// Table is the matrix by rows.
func (w *weight) Table() backend.Tensor {
	w.mustBeFor(backend.ForGather, "gather")
	return w.rows
}

func (w *weight) mustBeFor(use backend.Use, op string) {
	if w.use&use == 0 {
		panic(fmt.Sprintf("cpu: %s: the weight %v was not prepared for it", op, w.rows))
	}
}

// Free gives back what the weight holds beyond the host data.
func (w *weight) Free() {
	w.b.live -= w.owned
	if w.owned > 0 {
		w.rows.Mem.(*memory).release()
	}
	*w = weight{b: w.b}
}
