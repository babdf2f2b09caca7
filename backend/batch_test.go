package backend

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/tensor"
)

// host is as much of a Backend as batches need: memory that can be looked at. It fails the allocation numbered failAt.
type host struct {
	Backend
	live   map[*block]bool
	count  int
	failAt int
}

type block struct{ data []int32 }

func (b *block) Bytes() int64 { return int64(4 * len(b.data)) }

func newHost(failAt int) *host { return &host{live: map[*block]bool{}, failAt: failAt} }

func (h *host) Alloc(d tensor.DType, rows, cols int) (Tensor, error) {
	h.count++
	if h.count == h.failAt {
		return Tensor{}, errors.New("out of memory")
	}
	m := &block{make([]int32, rows*cols)}
	h.live[m] = true
	return Tensor{DType: d, Rows: rows, Cols: cols, Stride: cols, Mem: m}, nil
}

func (h *host) Free(t Tensor) { delete(h.live, t.Mem.(*block)) }

func (h *host) Upload(dst Tensor, src tensor.Tensor) {
	copy(dst.Mem.(*block).data, tensor.CastInt32(src.Data))
}

func ints(t Tensor) []int32 { return t.Mem.(*block).data }

func TestNewBatchLaysSequencesEndToEnd(t *testing.T) {
	h := newHost(0)
	b, err := NewBatch(h, []Seq{
		{IDs: []int32{7, 8, 9}, Past: 15, Pages: []int32{4, 2}}, // crosses a page boundary
		{IDs: []int32{5}, Pages: []int32{0}},
	})
	require.NoError(t, err)
	require.Equal(t, 4, b.Tokens())
	require.Equal(t, []Span{{0, 3, 15}, {3, 1, 0}}, b.Spans)
	require.Equal(t, []int32{7, 8, 9, 5}, ints(b.IDs))
	require.Equal(t, []int32{15, 16, 17, 0}, ints(b.Pos))
	require.Equal(t, []int32{4*16 + 15, 2 * 16, 2*16 + 1, 0}, ints(b.Slots))
	require.Equal(t, []int32{4, 2, 0, 0}, ints(b.Table))
	require.Equal(t, []int32{0, 3, 15, 3, 1, 0}, ints(b.Bounds))
	require.Equal(t, []int32{2, 3}, b.LastRows())

	last, err := b.Last(h)
	require.NoError(t, err)
	require.Equal(t, []Span{{0, 1, 17}, {1, 1, 0}}, last.Spans)
	require.Equal(t, []int32{17, 0}, ints(last.Pos))
	require.Equal(t, ints(b.Table), ints(last.Table))

	last.Free(h)
	b.Free(h)
	b.Free(h) // freeing twice is harmless
	require.Empty(t, h.live)
}

func TestNewBatchGivesMemoryBackOnFailure(t *testing.T) {
	for failAt := 1; failAt <= 5; failAt++ {
		h := newHost(failAt)
		_, err := NewBatch(h, []Seq{{IDs: []int32{1}, Pages: []int32{0}}})
		require.ErrorContains(t, err, "batch of 1 tokens: out of memory")
		require.Empty(t, h.live, "allocation %d failed", failAt)
	}
}

func TestNewBatchPanicsOnBrokenPromises(t *testing.T) {
	for name, s := range map[string]Seq{
		"no tokens":     {Pages: []int32{0}},
		"too few pages": {IDs: make([]int32, 17), Pages: []int32{0}},
		"past unpaged":  {IDs: []int32{1}, Past: 16, Pages: []int32{0}},
		"negative past": {IDs: []int32{1}, Past: -1, Pages: []int32{0}},
	} {
		require.Panics(t, func() { _, _ = NewBatch(newHost(0), []Seq{s}) }, name)
	}
}

func TestTensorViews(t *testing.T) {
	m := Tensor{DType: tensor.BF16, Rows: 5, Cols: 8, Stride: 8, Mem: &block{}}
	v := m.RowRange(1, 4).ColRange(2, 6)
	require.Equal(t, 10, v.Offset)
	require.Equal(t, "BF16 [3,4] stride 8", v.String())
	require.False(t, v.Dense())
	require.True(t, v.RowRange(0, 1).Dense(), "one row has no gap")
	require.EqualValues(t, 24, v.Bytes())
	require.Equal(t, "none", Tensor{}.String())
	require.Panics(t, func() { m.RowRange(0, 6) })
	require.Panics(t, func() { m.ColRange(5, 4) })
}

func TestChecksNameOperationAndShapes(t *testing.T) {
	f32 := func(rows, cols int) Tensor {
		return Tensor{DType: tensor.F32, Rows: rows, Cols: cols, Stride: cols, Mem: &block{}}
	}
	require.NotPanics(t, func() { CheckRMSNorm(f32(2, 4), f32(2, 4), Tensor{}, f32(1, 4)) })
	require.PanicsWithValue(t, "backend: rms_norm: operands do not fit together: [F32 [2,4] F32 [2,4] none F32 [1,5]]",
		func() { CheckRMSNorm(f32(2, 4), f32(2, 4), Tensor{}, f32(1, 5)) })
	require.Panics(t, func() { CheckLogSoftmax(f32(1, 2), f32(2, 1)) })
	require.Panics(t, func() { CheckRope(f32(3, 8), f32(3, 1), f32(9, 4)) }, "positions must be I32")
}
