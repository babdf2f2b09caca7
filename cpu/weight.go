package cpu

import (
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// weight is a matrix [N,K], by rows, in panels, or both: as its uses and the instruction set need it.
type weight struct {
	b      *Backend
	use    backend.Use
	dtype  tensor.DType
	n, k   int
	rows   backend.Tensor // [N,K]: the host data itself if it came in one part, else a copy; the zero Tensor if not needed
	panels panels
	owned  int64 // bytes held beyond the host data
}

// Weight prepares a matrix of stacked parts; see backend.Backend. The parts must agree in type and columns. With vector
// code a weight for products is copied into panels and its host data is not read again; without, and for Gather, rows are
// used in place if they come in one part.
func (b *Backend) Weight(use backend.Use, parts ...tensor.Tensor) (backend.Weight, error) {
	n, k := checkParts(use, parts)
	w := &weight{b: b, use: use, dtype: parts[0].DType, n: n, k: k}
	const products = backend.ForMatMul | backend.ForGated
	if b.isa.simd == nil || use&backend.ForGather != 0 {
		if err := w.keepRows(parts); err != nil {
			return nil, err
		}
	}
	if b.isa.simd != nil && use&products != 0 {
		if err := w.pack(parts); err != nil {
			w.Free()
			return nil, err
		}
	}
	return w, nil
}

// keepRows makes w.rows.
func (w *weight) keepRows(parts []tensor.Tensor) error {
	rows := backend.Tensor{DType: w.dtype, Rows: w.n, Cols: w.k, Stride: w.k}
	if len(parts) == 1 {
		rows.Mem = wrap(parts[0])
		w.rows = rows
		return nil
	}
	m, err := w.reserve(rows.Bytes())
	if err != nil {
		return err
	}
	at := 0
	for _, p := range parts {
		at += copy(m.bytes[at:], p.Data)
	}
	rows.Mem = m
	w.rows = rows
	return nil
}

// pack makes w.panels.
func (w *weight) pack(parts []tensor.Tensor) error {
	halves := 1
	if w.use&backend.ForGated != 0 {
		halves = 2
	}
	p := newPanels(w.b.isa.simd, w.dtype, w.n, w.k, halves)
	m, err := w.reserve(p.bytes())
	if err != nil {
		return err
	}
	p.mem = m
	w.panels = p
	w.b.pool.do(&packJob{b: w.b, to: &w.panels, src: parts, row: w.k * w.dtype.Size()}, p.count())
	return nil
}

// reserve takes memory that the weight owns.
func (w *weight) reserve(n int64) (*memory, error) {
	m, err := w.b.reserveWeight(n, fmt.Sprintf("weight %v [%d,%d]", w.dtype, w.n, w.k))
	if err == nil {
		w.owned += m.Bytes()
	}
	return m, err
}

// checkParts panics unless the parts stack to one matrix that fits its use, and returns the extents of that matrix. One
// weight cannot be both for MatMul and for GatedMatMul: their panels are in different order.
func checkParts(use backend.Use, parts []tensor.Tensor) (n, k int) {
	ok := len(parts) > 0
	for _, p := range parts {
		ok = ok && len(p.Shape) == 2 && p.DType == parts[0].DType && p.Shape[1] == parts[0].Shape[1] &&
			p.DType.IsFloat() && p.DType != tensor.F64
		if ok {
			n, k = n+p.Shape[0], p.Shape[1]
		}
	}
	gated := use&backend.ForGated != 0
	if !ok || gated && (n%2 != 0 || use&backend.ForMatMul != 0) {
		var got []string
		for _, p := range parts {
			got = append(got, p.Describe())
		}
		panic(fmt.Sprintf("cpu: weight: parts do not stack to one matrix of F32, F16 or BF16, or not for use %#b: %v", use, got))
	}
	return n, k
}

func (w *weight) DType() tensor.DType { return w.dtype }
func (w *weight) Rows() int           { return w.n }
func (w *weight) Cols() int           { return w.k }
func (w *weight) Bytes() int64        { return w.owned }

// Table is the matrix by rows.
func (w *weight) Table() backend.Tensor {
	w.mustBeFor(backend.ForGather, "gather")
	return w.rows
}

func (w *weight) mustBeFor(use backend.Use, op string) {
	if w.use&use == 0 {
		panic(fmt.Sprintf("cpu: %s: the weight %v [%d,%d] was not prepared for it", op, w.dtype, w.n, w.k))
	}
}

// Free gives back what the weight holds beyond the host data.
func (w *weight) Free() {
	if w.panels.mem != nil {
		w.b.release(w.panels.mem)
	}
	if m, ok := w.rows.Mem.(*memory); ok {
		w.b.release(m)
	}
	*w = weight{b: w.b}
}
