package cpu

import (
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// memory is a block of host memory, seen as each element type it may hold. Blocks from Alloc can be seen as all of them;
// a block that wraps host data only as its own type, since the data may lie unaligned for the others.
type memory struct {
	bytes  []byte
	f32    []float32
	u16    []uint16
	i32    []int32
	mapped []byte // what to give back to the system, if it came from there
	slab   *slab  // what it is a part of, if it shares
}

// Bytes is the size of the block.
func (m *memory) Bytes() int64 { return int64(len(m.bytes)) }

// cacheLine is the alignment of every block, so that vector loads do not cross lines.
const cacheLine = 64

// mapFrom is the size from which a block is taken from the system instead of Go's heap: such a block is returned the
// moment it is freed, may be backed by huge pages, and does not count when the garbage collector plans.
const mapFrom = 1 << 20

func newMemory(n int64) *memory {
	size := roundUp(int(n), cacheLine)
	if size >= mapFrom {
		if pages := mapPages(size); pages != nil {
			m := viewAll(pages)
			m.mapped = pages
			return m
		}
	}
	return newHeapMemory(size)
}

// newHeapMemory takes a block from Go's heap.
func newHeapMemory(n int) *memory { return viewAll(tensor.Allocate(roundUp(n, cacheLine), cacheLine)) }

func viewAll(bytes []byte) *memory {
	return &memory{
		bytes: bytes,
		f32:   tensor.CastFloat32(bytes),
		u16:   tensor.CastUint16(bytes),
		i32:   tensor.CastInt32(bytes),
	}
}

// roundUp is the smallest multiple of to that is not below n.
func roundUp(n, to int) int { return (n + to - 1) / to * to }

// wrap sees host data as a block, without copying it if it is aligned for its type.
func wrap(t tensor.Tensor) *memory {
	m := &memory{bytes: t.Data}
	switch t.DType {
	case tensor.F32:
		m.f32 = tensor.LoadFloat32(t.Data)
	case tensor.BF16, tensor.F16:
		m.u16 = tensor.LoadUint16(t.Data)
	case tensor.I32:
		m.i32 = tensor.LoadInt32(t.Data)
	default:
		panic(fmt.Sprintf("cpu: no operation takes %s", t.Describe()))
	}
	return m
}

// reserve takes a block that lives until release, or Close. what names it in the error.
func (b *Backend) reserve(n int64, what string) (*memory, error) {
	if err := checkFree(n, what); err != nil {
		return nil, err
	}
	m := newMemory(n)
	b.blocks[m] = true
	return m, nil
}

// release gives a block back. Blocks that only wrap host data have nothing to give.
func (b *Backend) release(m *memory) {
	delete(b.blocks, m)
	switch {
	case m.mapped != nil:
		unmapPages(m.mapped)
	case m.slab != nil:
		b.leave(m.slab)
	}
	*m = memory{}
}

// Alloc reserves a matrix of rows x cols elements of 2 or 4 bytes. It fails, and takes nothing, if that is more than the
// memory that the system (or the control group of the process) has available.
func (b *Backend) Alloc(d tensor.DType, rows, cols int) (backend.Tensor, error) {
	n, err := tensor.CheckedBytes(d, tensor.Shape{rows, cols})
	if err != nil {
		return backend.Tensor{}, fmt.Errorf("cpu: alloc: %w", err)
	}
	m, err := b.reserve(n, fmt.Sprintf("%v [%d,%d]", d, rows, cols))
	if err != nil {
		return backend.Tensor{}, err
	}
	return backend.Tensor{DType: d, Rows: rows, Cols: cols, Stride: cols, Mem: m}, nil
}

// checkFree refuses what the system cannot hold. Small blocks are not worth the look.
func checkFree(n int64, what string) error {
	if n < mapFrom {
		return nil
	}
	if free := Info().Free; n > free {
		return fmt.Errorf("cpu: alloc: %s: got %d bytes free, want %d; use a smaller model, batch or --max-tokens", what, free, n)
	}
	return nil
}

// Free gives a tensor of Alloc back. It panics if that has happened before; after Close it does nothing.
func (b *Backend) Free(t backend.Tensor) {
	m := t.Mem.(*memory)
	if b.closed {
		return
	}
	if !b.blocks[m] {
		panic(fmt.Sprintf("cpu: free: %v was freed before", t))
	}
	b.release(m)
}

// Upload copies host data into dst, row by row if dst is a view.
func (b *Backend) Upload(dst backend.Tensor, src tensor.Tensor) {
	checkCopy("upload", dst, src)
	for i, row := range hostRows(src, dst.Rows) {
		copy(rowBytes(dst, i), row)
	}
}

// Download copies src to the host, row by row if src is a view.
func (b *Backend) Download(dst tensor.Tensor, src backend.Tensor) error {
	checkCopy("download", src, dst)
	for i, row := range hostRows(dst, src.Rows) {
		copy(row, rowBytes(src, i))
	}
	return b.Sync()
}

func checkCopy(op string, dev backend.Tensor, host tensor.Tensor) {
	if dev.DType != host.DType || dev.Rows*dev.Cols != host.Elements() {
		panic(fmt.Sprintf("cpu: %s: %v does not fit %s on the host", op, dev, host.Describe()))
	}
}

// hostRows cuts host data into n rows of equal length.
func hostRows(t tensor.Tensor, n int) [][]byte {
	rows := make([][]byte, n)
	for i := range rows {
		size := len(t.Data) / n
		rows[i] = t.Data[i*size : (i+1)*size]
	}
	return rows
}

func rowBytes(t backend.Tensor, i int) []byte { return partBytes(&t, i, 0, t.Cols) }

// partBytes is columns lo to hi of row i, as bytes.
func partBytes(t *backend.Tensor, i, lo, hi int) []byte {
	start, size := t.Offset+i*t.Stride, t.DType.Size()
	return t.Mem.(*memory).bytes[(start+lo)*size : (start+hi)*size]
}

// f32Row is row i of an F32 tensor.
func f32Row(t backend.Tensor, i int) []float32 {
	start := t.Offset + i*t.Stride
	return t.Mem.(*memory).f32[start : start+t.Cols : start+t.Cols]
}

// u16Row is row i of a BF16 or F16 tensor, as bit patterns.
func u16Row(t backend.Tensor, i int) []uint16 {
	start := t.Offset + i*t.Stride
	return t.Mem.(*memory).u16[start : start+t.Cols : start+t.Cols]
}

// i32At is element [i,0] of an I32 tensor.
func i32At(t backend.Tensor, i int) int { return int(t.Mem.(*memory).i32[t.Offset+i*t.Stride]) }
