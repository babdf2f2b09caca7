package kvcache

import (
	"cmp"
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// Shape is what a page holds of a model.
type Shape struct {
	Layers  int
	Heads   int // G, of keys and values
	HeadDim int // D
	DType   tensor.DType
}

// PageBytes is what one page takes in all layers.
func (s Shape) PageBytes() int64 {
	return 2 * int64(s.Layers) * int64(s.Heads) * int64(s.HeadDim) * backend.PageSize * int64(s.DType.Size())
}

// Memory is the keys and values of some layers on one backend: those of a model, or of the part that one of several
// devices has. The same pages are there in each layer.
type Memory struct {
	Backend backend.Backend
	KV      []backend.KV // by layer
}

// NewMemory allocates pages 0 to pages-1 in all layers. Their contents are undefined. Free them with Free.
func NewMemory(be backend.Backend, shape Shape, pages int) (Memory, error) {
	m := Memory{Backend: be, KV: make([]backend.KV, shape.Layers)}
	for i := range m.KV {
		m.KV[i].Heads = shape.Heads
		for _, t := range []*backend.Tensor{&m.KV[i].K, &m.KV[i].V} {
			var err error
			if *t, err = be.Alloc(shape.DType, pages*shape.Heads*backend.PageSize, shape.HeadDim); err != nil {
				m.Free()
				return Memory{}, fmt.Errorf("kvcache: %d pages of %d bytes: %w", pages, shape.PageBytes(), err)
			}
		}
	}
	return m, nil
}

// Free gives the memory back.
func (m Memory) Free() {
	for _, layer := range m.KV {
		for _, t := range []backend.Tensor{layer.K, layer.V} {
			if !t.Zero() {
				m.Backend.Free(t)
			}
		}
	}
}

// Copy carries out copies of pages in all layers, after what is queued; empty ones are skipped. The pages copied to must all
// be different, and none of them copied from. The error is that of the device, or of the memory for what is on its way.
func (m Memory) Copy(copies []Copy) error {
	var slots []int32
	for _, c := range copies {
		for t := range int32(c.Tokens) {
			slots = append(slots, c.To*backend.PageSize+t)
		}
	}
	if len(slots) == 0 || len(m.KV) == 0 || m.KV[0].Heads == 0 {
		return nil
	}
	if err := m.move(headRows(copies, int32(m.KV[0].Heads)), slots); err != nil {
		return fmt.Errorf("kvcache: copy %d tokens in pages: %w", len(slots), err)
	}
	return nil
}

// headRows are the rows of keys and values to be copied, token by token and for each token head by head.
func headRows(copies []Copy, heads int32) (rows []int32) {
	for _, c := range copies {
		for t := range int32(c.Tokens) {
			for g := range heads {
				rows = append(rows, (c.From*heads+g)*backend.PageSize+t)
			}
		}
	}
	return rows
}

// move gathers rows of one head each into rows of all heads of a token, as StoreKV wants them, and stores those. The
// memory in between is used for one layer after the other.
func (m Memory) move(rows, slots []int32) (err error) {
	var held []backend.Tensor
	defer func() {
		for _, t := range held {
			m.Backend.Free(t)
		}
	}()
	keep := func(t backend.Tensor, failed error) backend.Tensor {
		if failed == nil {
			held = append(held, t)
		}
		err = cmp.Or(err, failed)
		return t
	}
	like := m.KV[0].K
	from, to := keep(backend.Int32s(m.Backend, rows, 1)), keep(backend.Int32s(m.Backend, slots, 1))
	k, v := keep(m.Backend.Alloc(like.DType, len(rows), like.Cols)), keep(m.Backend.Alloc(like.DType, len(rows), like.Cols)) // [T·G,D]
	if err != nil {
		return err
	}
	for _, layer := range m.KV {
		m.Backend.Gather(k, layer.K, from)
		m.Backend.Gather(v, layer.V, from)
		m.Backend.StoreKV(layer, byToken(k, layer.Heads), byToken(v, layer.Heads), to)
	}
	return m.Backend.Sync()
}

// byToken views [T·G,D] as [T,G·D].
func byToken(t backend.Tensor, heads int) backend.Tensor {
	t.Rows /= heads
	t.Cols *= heads
	t.Stride = t.Cols
	return t
}
