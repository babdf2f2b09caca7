package main

import (
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"sync"

	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// deviation is that with which both models were initialised before their training (initializer_range). Activations stay
// near those of a trained model, far from overflow.
const deviation = 0.02

// normals maps 16 random bits to a normally distributed BF16: the quantile in the middle of the interval that the bits
// stand for. Drawing a number costs a look-up, so that a disk is kept busy by one core.
var normals = sync.OnceValue(func() *[1 << 16]uint16 {
	table := new([1 << 16]uint16)
	for i := range table {
		u := (float64(i) + 0.5) / (1 << 16)
		table[i] = tensor.BF16FromFloat32(float32(deviation * math.Sqrt2 * math.Erfinv(2*u-1)))
	}
	return table
})

// noise writes the weights of one tensor: normally distributed ones, seeded by its name, or ones for a norm.
type noise struct {
	elements int
	ones     bool
	random   *rand.PCG
}

func newNoise(t safetensors.Info) *noise {
	h := fnv.New64a()
	io.WriteString(h, t.Name)
	return &noise{elements: t.Shape.Elements(), ones: len(t.Shape) == 1, random: rand.NewPCG(h.Sum64(), 0)}
}

// WriteTo writes all elements in BF16.
func (n *noise) WriteTo(w io.Writer) (written int64, err error) {
	table := normals()
	block := make([]uint16, 1<<18)
	for left := n.elements; left > 0 && err == nil; left -= len(block) {
		block = block[:min(left, len(block))]
		n.fill(block, table)
		var k int
		k, err = w.Write(tensor.Bytes(block))
		written += int64(k)
	}
	return written, err
}

func (n *noise) fill(block []uint16, table *[1 << 16]uint16) {
	if n.ones {
		for i := range block {
			block[i] = tensor.BF16FromFloat32(1)
		}
		return
	}
	for i := 0; i < len(block); i += 4 {
		bits := n.random.Uint64()
		for j := i; j < min(i+4, len(block)); j++ {
			block[j] = table[uint16(bits)]
			bits >>= 16
		}
	}
}
