package model

import (
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// NewKV allocates the keys and values of every layer for a number of pages. Free them with FreeKV.
func (m *Model) NewKV(pages int) ([]backend.KV, error) {
	c := m.Config
	kv := make([]backend.KV, c.Layers)
	for i := range kv {
		kv[i].Heads = c.KVHeads
		for _, t := range []*backend.Tensor{&kv[i].K, &kv[i].V} {
			var err error
			if *t, err = m.be.Alloc(m.Options.Compute, pages*c.KVHeads*backend.PageSize, c.HeadDim); err != nil {
				m.FreeKV(kv)
				return nil, fmt.Errorf("model: keys and values of %d pages: %w", pages, err)
			}
		}
	}
	return kv, nil
}

// FreeKV gives back what NewKV allocated.
func (m *Model) FreeKV(kv []backend.KV) {
	for _, layer := range kv {
		for _, t := range []backend.Tensor{layer.K, layer.V} {
			if !t.Zero() {
				m.be.Free(t)
			}
		}
	}
}

// KVBytes is what the keys and values of one page take in all layers.
func (c Config) KVBytes(compute tensor.DType) int64 {
	return 2 * int64(c.Layers) * int64(c.KVDim()) * backend.PageSize * int64(compute.Size())
}
