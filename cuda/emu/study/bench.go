package study

import (
	"math"
	"math/rand/v2"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// bench makes the operands of a case on a backend. The first error sticks and makes the rest void.
type bench struct {
	be  backend.Backend
	rng *rand.Rand
	err error
}

// alloc reserves a matrix whose contents nothing has written.
func (b *bench) alloc(d tensor.DType, rows, cols int) backend.Tensor {
	if b.err != nil {
		return backend.Tensor{}
	}
	t, err := b.be.Alloc(d, rows, cols)
	b.err = err
	return t
}

// upload puts host data on the device.
func (b *bench) upload(host tensor.Tensor) backend.Tensor {
	t := b.alloc(host.DType, host.Shape[0], host.Shape[1])
	if b.err == nil {
		b.be.Upload(t, host)
	}
	return t
}

// normal makes host values of a normal distribution.
func (b *bench) normal(d tensor.DType, rows, cols int, scale float64) tensor.Tensor {
	v := make([]float32, rows*cols)
	for i := range v {
		v[i] = float32(scale * b.rng.NormFloat64())
	}
	t, err := tensor.FromFloat32(v, rows, cols).Convert(d)
	if err != nil && b.err == nil {
		b.err = err
	}
	return t
}

// random is normal on the device.
func (b *bench) random(d tensor.DType, rows, cols int) backend.Tensor {
	return b.upload(b.normal(d, rows, cols, 1))
}

// indices uploads a column of numbers.
func (b *bench) indices(n int, value func(i int) int) backend.Tensor {
	v := make([]int32, n)
	for i := range v {
		v[i] = int32(value(i))
	}
	return b.upload(tensor.FromInt32(v, n, 1))
}

// weight prepares a random matrix whose products with normal rows are of the size of 1.
func (b *bench) weight(use backend.Use, d tensor.DType, rows, cols int) backend.Weight {
	host := b.normal(d, rows, cols, 1/math.Sqrt(float64(cols)))
	if b.err != nil {
		return nil
	}
	w, err := b.be.Weight(use, host)
	b.err = err
	return w
}

// sequences makes a batch of n sequences of `tokens` tokens after `past` others, and full pages for them in random order.
func (b *bench) sequences(n, tokens, past int, d tensor.DType, heads, size int) (*backend.Batch, backend.KV) {
	each := (past + tokens + backend.PageSize - 1) / backend.PageSize
	order := b.rng.Perm(n * each)
	var list []backend.Seq
	for i := range n {
		s := backend.Seq{IDs: make([]int32, tokens), Past: past}
		for _, page := range order[i*each : (i+1)*each] {
			s.Pages = append(s.Pages, int32(page))
		}
		list = append(list, s)
	}
	rows := n * each * heads * backend.PageSize
	kv := backend.KV{K: b.random(d, rows, size), V: b.random(d, rows, size), Heads: heads}
	if b.err != nil {
		return nil, kv
	}
	batch, err := backend.NewBatch(b.be, list)
	b.err = err
	return batch, kv
}
