package kvcache

import (
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

// Memory is the keys and values of every layer on a backend.
type Memory struct {
	KV []backend.KV // by layer

	be    backend.Backend
	shape Shape
}

// NewMemory allocates pages 0 to pages-1 in all layers. Their contents are undefined. Free them with Free.
func NewMemory(be backend.Backend, shape Shape, pages int) (*Memory, error) {
	m := &Memory{KV: make([]backend.KV, shape.Layers), be: be, shape: shape}
	for i := range m.KV {
		m.KV[i].Heads = shape.Heads
		for _, t := range []*backend.Tensor{&m.KV[i].K, &m.KV[i].V} {
			var err error
			if *t, err = be.Alloc(shape.DType, pages*shape.Heads*backend.PageSize, shape.HeadDim); err != nil {
				m.Free()
				return nil, fmt.Errorf("kvcache: %d pages of %d bytes: %w", pages, shape.PageBytes(), err)
			}
		}
	}
	return m, nil
}

// Free gives the memory back.
func (m *Memory) Free() {
	for _, layer := range m.KV {
		for _, t := range []backend.Tensor{layer.K, layer.V} {
			if !t.Zero() {
				m.be.Free(t)
			}
		}
	}
	m.KV = nil
}

// Copy carries out copies of pages in all layers; empty ones are skipped. The pages copied to must all be different, and
// none of them copied from. The error is that of the device, or of the memory for what is on its way.
func (m *Memory) Copy(copies []Copy) error {
	var rows, slots []int32
	for _, c := range copies {
		for t := range int32(c.Tokens) {
			slots = append(slots, c.To*backend.PageSize+t)
			for g := range int32(m.shape.Heads) {
				rows = append(rows, (c.From*int32(m.shape.Heads)+g)*backend.PageSize+t)
			}
		}
	}
	if len(slots) == 0 {
		return nil
	}
	if err := m.move(rows, slots); err != nil {
		return fmt.Errorf("kvcache: copy %d tokens in pages: %w", len(slots), err)
	}
	return nil
}

// move gathers rows of one head each into rows of all heads of a token, as StoreKV wants them, and stores those. The
// memory in between is used for one layer after the other.
func (m *Memory) move(rows, slots []int32) (err error) {
	var held []backend.Tensor
	defer func() {
		for _, t := range held {
			m.be.Free(t)
		}
	}()
	keep := func(t backend.Tensor, e error) backend.Tensor {
		if e == nil {
			held = append(held, t)
		} else if err == nil {
			err = e
		}
		return t
	}
	from, to := keep(backend.Int32s(m.be, rows, 1)), keep(backend.Int32s(m.be, slots, 1))
	k, v := keep(m.be.Alloc(m.shape.DType, len(rows), m.shape.HeadDim)), keep(m.be.Alloc(m.shape.DType, len(rows), m.shape.HeadDim)) // [T·G,D]
	if err != nil {
		return err
	}
	for _, layer := range m.KV {
		m.be.Gather(k, layer.K, from)
		m.be.Gather(v, layer.V, from)
		m.be.StoreKV(layer, m.byToken(k), m.byToken(v), to)
	}
	return m.be.Sync()
}

// byToken views [T·G,D] as [T,G·D].
func (m *Memory) byToken(t backend.Tensor) backend.Tensor {
	t.Rows /= m.shape.Heads
	t.Cols *= m.shape.Heads
	t.Stride = t.Cols
	return t
}
