package model

import (
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// KV is the memory of keys and values of a model: by device, then by layer of that device.
type KV [][]backend.KV

// NewKV allocates the keys and values of every layer for a number of pages. Free them with FreeKV.
func (m *Model) NewKV(pages int) (KV, error) {
	kv := make(KV, len(m.shards))
	for i, s := range m.shards {
		kv[i] = make([]backend.KV, s.local.Layers)
		if err := s.newKV(kv[i], pages, m.Options.Compute); err != nil {
			m.FreeKV(kv)
			return nil, fmt.Errorf("model: keys and values of %d pages: %w", pages, err)
		}
	}
	return kv, nil
}

func (s *shard) newKV(kv []backend.KV, pages int, compute tensor.DType) error {
	if s.local.KVHeads == 0 {
		return nil
	}
	for i := range kv {
		kv[i].Heads = s.local.KVHeads
		for _, t := range []*backend.Tensor{&kv[i].K, &kv[i].V} {
			var err error
			if *t, err = s.be.Alloc(compute, pages*s.local.KVHeads*backend.PageSize, s.c.HeadDim); err != nil {
				return err
			}
		}
	}
	return nil
}

// FreeKV gives back what NewKV allocated. No pass that uses it may be under way.
func (m *Model) FreeKV(kv KV) {
	for i, layers := range kv {
		for _, layer := range layers {
			for _, t := range []backend.Tensor{layer.K, layer.V} {
				if !t.Zero() {
					m.shards[i].be.Free(t)
				}
			}
		}
	}
}

// KVBytes is what the keys and values of one page take in all layers.
func (c Config) KVBytes(compute tensor.DType) int64 {
	return 2 * int64(c.Layers) * int64(c.KVDim()) * backend.PageSize * int64(compute.Size())
}
