package backend

import (
	"fmt"

	"tiebreak/tensor"
)

// Memory is a block of a device's memory. Only the Backend that made it looks inside.
type Memory interface {
	Bytes() int64
}

// Tensor is a matrix in a device's memory, or a view of one: rows may lie further apart than their length. A vector is a
// matrix of one row, a list of indices one of one column. The zero Tensor stands for "none" where an operation allows it.
type Tensor struct {
	DType  tensor.DType
	Rows   int
	Cols   int
	Stride int    // elements from the start of one row to the next
	Mem    Memory // the block that holds it
	Offset int    // elements from the start of Mem to the first one
}

// Zero reports whether t is the zero Tensor.
func (t Tensor) Zero() bool { return t.Mem == nil }

// Dense reports whether rows follow each other without a gap.
func (t Tensor) Dense() bool { return t.Stride == t.Cols || t.Rows <= 1 }

// Bytes is the number of bytes of the elements, gaps not counted.
func (t Tensor) Bytes() int64 { return int64(t.Rows) * int64(t.Cols) * int64(t.DType.Size()) }

// RowRange is the view of rows lo to hi.
func (t Tensor) RowRange(lo, hi int) Tensor {
	if lo < 0 || lo > hi || hi > t.Rows {
		panic(fmt.Sprintf("backend: rows %d:%d of %v", lo, hi, t))
	}
	t.Offset += lo * t.Stride
	t.Rows = hi - lo
	return t
}

// ColRange is the view of columns lo to hi.
func (t Tensor) ColRange(lo, hi int) Tensor {
	if lo < 0 || lo > hi || hi > t.Cols {
		panic(fmt.Sprintf("backend: columns %d:%d of %v", lo, hi, t))
	}
	t.Offset += lo
	t.Cols = hi - lo
	return t
}

// String gives type and shape for messages, such as "BF16 [7,128]".
func (t Tensor) String() string {
	if t.Zero() {
		return "none"
	}
	s := fmt.Sprintf("%v [%d,%d]", t.DType, t.Rows, t.Cols)
	if !t.Dense() {
		s += fmt.Sprintf(" stride %d", t.Stride)
	}
	return s
}
