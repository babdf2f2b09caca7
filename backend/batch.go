package backend

import (
	"fmt"

	"tiebreak/tensor"
)

// Seq is one sequence of a batch, as the engine describes it.
type Seq struct {
	IDs   []int32 // tokens to run now, 1 or more
	Past  int     // tokens already in the pages
	Pages []int32 // pages of the sequence in order; they hold Past+len(IDs) tokens
}

// Span is the part of a batch that belongs to one sequence: query rows Start to Start+Len, the first of them at position
// Past.
type Span struct {
	Start, Len, Past int
}

// Batch is a variable-length batch laid end to end without padding, with its index tensors on the device.
// Row t of the batch is a token of one sequence; sequences follow each other.
type Batch struct {
	Spans []Span
	IDs   Tensor // [T,1] I32 token ids
	Pos   Tensor // [T,1] I32 positions
	Slots Tensor // [T,1] I32 slots of the tokens' keys and values
	// For attention kernels, one row a sequence:
	Table  Tensor    // [S,P] I32 pages, P the most of any sequence; unused entries are 0
	Bounds Tensor    // [S,3] I32 Start, Len, Past
	Pages  [][]int32 // the same pages on the host
}

// Tokens is T, the number of rows.
func (b *Batch) Tokens() int { return b.IDs.Rows }

// NewBatch lays out sequences and uploads their indices. Free the batch when its operations have been queued and synced.
// It panics if a sequence has no tokens or too few pages.
func NewBatch(be Backend, seqs []Seq) (*Batch, error) {
	b := &Batch{}
	var ids, pos, slots []int32
	for i, s := range seqs {
		end := s.Past + len(s.IDs)
		if len(s.IDs) == 0 || s.Past < 0 || len(s.Pages)*PageSize < end {
			panic(fmt.Sprintf("backend: batch: sequence %d: %d tokens after %d in %d pages of %d", i, len(s.IDs), s.Past, len(s.Pages), PageSize))
		}
		b.Spans = append(b.Spans, Span{Start: len(ids), Len: len(s.IDs), Past: s.Past})
		b.Pages = append(b.Pages, s.Pages)
		ids = append(ids, s.IDs...)
		for p := s.Past; p < end; p++ {
			pos = append(pos, int32(p))
			slots = append(slots, s.Pages[p/PageSize]*PageSize+int32(p%PageSize))
		}
	}
	return b, b.upload(be, ids, pos, slots)
}

// Last is the batch of each sequence's final query alone. Attention and the operations after it then compute only the
// row that is pooled; keys and values of the other tokens are already in the pages.
func (b *Batch) Last(be Backend) (*Batch, error) {
	last := &Batch{Pages: b.Pages}
	n := len(b.Spans)
	pos := make([]int32, n)
	for i, s := range b.Spans {
		past := s.Past + s.Len - 1
		last.Spans = append(last.Spans, Span{Start: i, Len: 1, Past: past})
		pos[i] = int32(past)
	}
	return last, last.upload(be, make([]int32, n), pos, make([]int32, n))
}

// LastRows lists, for each sequence, the batch row of its final token.
func (b *Batch) LastRows() []int32 {
	rows := make([]int32, len(b.Spans))
	for i, s := range b.Spans {
		rows[i] = int32(s.Start + s.Len - 1)
	}
	return rows
}

func (b *Batch) upload(be Backend, ids, pos, slots []int32) error {
	most := 1
	for _, p := range b.Pages {
		most = max(most, len(p))
	}
	table := make([]int32, len(b.Spans)*most)
	bounds := make([]int32, 0, 3*len(b.Spans))
	for i, s := range b.Spans {
		copy(table[i*most:], b.Pages[i])
		bounds = append(bounds, int32(s.Start), int32(s.Len), int32(s.Past))
	}
	for _, index := range []struct {
		to   *Tensor
		from []int32
		cols int
	}{{&b.IDs, ids, 1}, {&b.Pos, pos, 1}, {&b.Slots, slots, 1}, {&b.Table, table, most}, {&b.Bounds, bounds, 3}} {
		t, err := Int32s(be, index.from, index.cols)
		if err != nil {
			b.Free(be)
			return fmt.Errorf("backend: batch of %d tokens: %w", len(ids), err)
		}
		*index.to = t
	}
	return nil
}

// Free gives the index tensors back.
func (b *Batch) Free(be Backend) {
	for _, t := range []*Tensor{&b.IDs, &b.Pos, &b.Slots, &b.Table, &b.Bounds} {
		if !t.Zero() {
			be.Free(*t)
			*t = Tensor{}
		}
	}
}

// Int32s allocates a matrix of indices with the given number of columns and uploads v to it.
func Int32s(be Backend, v []int32, cols int) (Tensor, error) {
	t, err := be.Alloc(tensor.I32, len(v)/cols, cols)
	if err != nil {
		return Tensor{}, err
	}
	be.Upload(t, tensor.FromInt32(v, len(v)/cols, cols))
	return t, nil
}
