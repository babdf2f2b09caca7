package main

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// TestSizes holds the sizes of the published checkpoints, to the byte of the index's total_size.
func TestSizes(t *testing.T) {
	for name, want := range map[string]struct {
		tensors int
		bytes   int64
	}{
		"llama31-8b": {291, 16060522496},
		"phi3-mini":  {195, 7642159104},
	} {
		sources, total, err := weights(configs[name])
		require.NoError(t, err, name)
		require.Len(t, sources, want.tensors, name)
		require.Equal(t, want.bytes, total, name)
	}
}

// TestNoise holds that weights are normal, that they depend on the name alone, and that norms are ones.
func TestNoise(t *testing.T) {
	make := func(name string, shape ...int) []float32 {
		var b bytes.Buffer
		n, err := newNoise(safetensors.Info{Name: name, DType: tensor.BF16, Shape: shape}).WriteTo(&b)
		require.NoError(t, err)
		require.EqualValues(t, b.Len(), n)
		w, err := tensor.View(tensor.BF16, shape, b.Bytes())
		require.NoError(t, err)
		v, err := w.Float32s()
		require.NoError(t, err)
		return v
	}
	v := make("a", 701, 999) // more than a block, and no multiple of one
	require.Equal(t, v, make("a", 701, 999))
	require.NotEqual(t, v, make("b", 701, 999))
	var sum, squares float64
	for _, x := range v {
		sum += float64(x)
		squares += float64(x) * float64(x)
	}
	n := float64(len(v))
	require.InDelta(t, 0, sum/n, 5*deviation/math.Sqrt(n))
	require.InDelta(t, deviation, math.Sqrt(squares/n), 0.01*deviation)
	require.Equal(t, []float32{1, 1, 1}, make("norm", 3))
}

func TestUnknownModel(t *testing.T) {
	require.EqualError(t, write("gpt", t.TempDir(), "", nil), `fullsize: got model "gpt", want one of llama31-8b, phi3-mini`)
}
