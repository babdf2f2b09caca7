package cuda

import (
	"fmt"
	"math/bits"

	"tiebreak/backend"
	"tiebreak/cuda/driver"
	"tiebreak/tensor"
)

// block is a piece of device memory.
type block struct {
	at   driver.Pointer
	size int64
}

// Bytes is the size of the block.
func (m *block) Bytes() int64 { return m.size }

// pool keeps freed blocks of up to poolLimit bytes, by size. All work runs on one stream, so a block may be handed out
// again while its last use is still queued.
type pool struct {
	free map[int64][]driver.Pointer
	kept int64
}

const (
	poolLimit = 1 << 20
	alignment = 256
)

// rounded is the size that a request gets: a power of two where it is pooled, else a multiple of the alignment.
func rounded(bytes int64) int64 {
	if bytes > poolLimit {
		return (bytes + alignment - 1) &^ (alignment - 1)
	}
	return max(alignment, int64(1)<<bits.Len64(uint64(max(bytes, 1)-1)))
}

func (b *Backend) take(bytes int64) (block, error) {
	size := rounded(bytes)
	if kept := b.pool.free[size]; len(kept) > 0 {
		b.pool.free[size] = kept[:len(kept)-1]
		b.pool.kept -= size
		return block{kept[len(kept)-1], size}, nil
	}
	p, err := b.context.Alloc(size)
	if driver.CodeOf(err) == driver.OutOfMemory && b.pool.kept > 0 {
		b.empty()
		p, err = b.context.Alloc(size)
	}
	return block{p, size}, err
}

func (b *Backend) give(m block) {
	if m.size <= poolLimit {
		if b.pool.free == nil {
			b.pool.free = map[int64][]driver.Pointer{}
		}
		b.pool.free[m.size] = append(b.pool.free[m.size], m.at)
		b.pool.kept += m.size
		return
	}
	if err := b.context.Free(m.at); err != nil {
		b.fail("free", err)
	}
}

// empty gives all kept blocks back to the driver.
func (b *Backend) empty() {
	for _, kept := range b.pool.free {
		for _, p := range kept {
			if err := b.context.Free(p); err != nil {
				b.fail("free", err)
			}
		}
	}
	b.pool = pool{}
}

// Alloc reserves a dense matrix.
func (b *Backend) Alloc(d tensor.DType, rows, cols int) (backend.Tensor, error) {
	bytes, err := tensor.CheckedBytes(d, tensor.Shape{rows, cols})
	if err != nil {
		return backend.Tensor{}, fmt.Errorf("cuda: alloc on %s: %w", b.id, err)
	}
	m, err := b.take(bytes)
	if err != nil {
		return backend.Tensor{}, fmt.Errorf("cuda: alloc %v [%d,%d], %d bytes, on %s: %w", d, rows, cols, bytes, b.id, err)
	}
	return backend.Tensor{DType: d, Rows: rows, Cols: cols, Stride: cols, Mem: &m}, nil
}

// Free gives back what Alloc returned.
func (b *Backend) Free(t backend.Tensor) {
	m := t.Mem.(*block)
	if m.size == 0 {
		panic(fmt.Sprintf("cuda: free %v: it was freed before", t))
	}
	b.give(*m)
	*m = block{}
}

// pointer is the address of a tensor's first element; 0 for the zero Tensor.
func pointer(t backend.Tensor) driver.Pointer {
	if t.Zero() {
		return 0
	}
	return t.Mem.(*block).at + driver.Pointer(t.Offset*t.DType.Size())
}

// pieces calls f for each stretch of t that is dense in device memory, with its bytes in a dense host copy.
func pieces(t backend.Tensor, f func(at driver.Pointer, lo, hi int)) {
	size := t.DType.Size()
	if t.Dense() {
		if n := t.Rows * t.Cols * size; n > 0 {
			f(pointer(t), 0, n)
		}
		return
	}
	for r := range t.Rows {
		f(pointer(t.RowRange(r, r+1)), r*t.Cols*size, (r+1)*t.Cols*size)
	}
}

// Upload copies host data to the device.
func (b *Backend) Upload(dst backend.Tensor, src tensor.Tensor) {
	if dst.DType != src.DType || dst.Rows*dst.Cols != src.Elements() {
		panic(fmt.Sprintf("cuda: upload %s to %v: want the same type and number of elements", src.Describe(), dst))
	}
	pieces(dst, func(at driver.Pointer, lo, hi int) {
		if b.err != nil {
			return
		}
		if err := b.stream.CopyToDevice(at, src.Data[lo:hi]); err != nil {
			b.fail("upload", err)
		}
	})
}

// Download waits for queued work and copies to the host.
func (b *Backend) Download(dst tensor.Tensor, src backend.Tensor) error {
	if dst.DType != src.DType || src.Rows*src.Cols != dst.Elements() {
		panic(fmt.Sprintf("cuda: download %v to %s: want the same type and number of elements", src, dst.Describe()))
	}
	pieces(src, func(at driver.Pointer, lo, hi int) {
		if b.err != nil {
			return
		}
		if err := b.stream.CopyToHost(dst.Data[lo:hi], at); err != nil {
			b.fail("download", err)
		}
	})
	return b.Sync()
}
