package cuda

import (
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// weight is a matrix in device memory, by rows: the one layout serves products and Gather.
type weight struct {
	b     *Backend
	use   backend.Use
	table backend.Tensor // [N,K]
}

// Weight uploads a matrix stacked from parts. Parts go to the device one by one: the host never holds the whole.
func (b *Backend) Weight(use backend.Use, parts ...tensor.Tensor) (backend.Weight, error) {
	rows, err := b.checkParts(use, parts)
	if err != nil {
		return nil, fmt.Errorf("cuda: weight on %s: %w", b.id, err)
	}
	t, err := b.Alloc(parts[0].DType, rows, parts[0].Shape[1])
	if err != nil {
		return nil, err
	}
	at := 0
	for _, p := range parts {
		b.Upload(t.RowRange(at, at+p.Shape[0]), p)
		at += p.Shape[0]
	}
	if b.err != nil {
		return nil, b.err
	}
	return &weight{b, use, t}, nil
}

// checkParts returns the number of rows in all.
func (b *Backend) checkParts(use backend.Use, parts []tensor.Tensor) (rows int, err error) {
	if len(parts) == 0 {
		panic("cuda: weight: no parts")
	}
	first := parts[0]
	for _, p := range parts {
		if len(p.Shape) != 2 || p.DType != first.DType || p.Shape[1] != first.Shape[1] {
			panic(fmt.Sprintf("cuda: weight: part %s beside %s", p.Describe(), first.Describe()))
		}
		rows += p.Shape[0]
	}
	if use&backend.ForGated != 0 && rows%2 != 0 {
		panic(fmt.Sprintf("cuda: weight: %d rows of gate and up", rows))
	}
	if use&(backend.ForMatMul|backend.ForGated) == 0 {
		if !first.DType.IsFloat() || first.DType == tensor.F64 {
			return 0, fmt.Errorf("got a table of %v, want F32, F16 or BF16", first.DType)
		}
		return rows, nil
	}
	if first.DType == tensor.F16 || first.DType == tensor.BF16 && b.device.SM() >= 80 {
		return rows, nil
	}
	return 0, fmt.Errorf("got %v for matrix products, want F16%s: compute in such a type (--dtype)", first.DType, map[bool]string{true: " or BF16"}[b.device.SM() >= 80])
}

func (w *weight) DType() tensor.DType { return w.table.DType }
func (w *weight) Rows() int           { return w.table.Rows }
func (w *weight) Cols() int           { return w.table.Cols }
func (w *weight) Bytes() int64        { return w.table.Mem.Bytes() }

// Table is the matrix by rows.
func (w *weight) Table() backend.Tensor {
	if w.use&backend.ForGather == 0 {
		panic("cuda: weight: not prepared for gather")
	}
	return w.table
}

// Free gives the device memory back.
func (w *weight) Free() { w.b.Free(w.table) }
