package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/engine"
	"tiebreak/tensor"
)

func TestChooseCompute(t *testing.T) {
	const f32, f16, bf16 = tensor.F32, tensor.F16, tensor.BF16
	for _, c := range []struct {
		what   string
		stored tensor.DType
		device []tensor.DType
		want   tensor.DType
	}{
		{"CPU with bf16 products", bf16, []tensor.DType{bf16, f32, f16}, bf16},
		{"CPU with bf16 products", f32, []tensor.DType{bf16, f32, f16}, f32},
		{"CPU with bf16 products: bf16 would lose bits of f16", f16, []tensor.DType{bf16, f32, f16}, f32},
		{"CPU without: halves are slower than f32", bf16, []tensor.DType{f32, bf16, f16}, f32},
		{"T4", bf16, []tensor.DType{f16, f32}, f16},
		{"device of halves alone", f32, []tensor.DType{f16, bf16}, f16},
		{"device of halves alone", bf16, []tensor.DType{f16, bf16}, bf16},
	} {
		require.Equal(t, c.want, engine.ChooseCompute(c.stored, c.device), "%s: %v weights on %v", c.what, c.stored, c.device)
	}
}

// scarce is a backend whose device has little memory.
type scarce struct {
	backend.Backend
	free int64
}

func (s scarce) Device() backend.Device {
	d := s.Backend.Device()
	d.Free = s.free
	return d
}

func TestOpenMemory(t *testing.T) {
	be := newCPU(t, 1)
	all := open(t, be, llama, engine.Options{}).Plan
	require.Equal(t, 128, all.MaxTokens, "the model has no more positions")
	plan := all.Devices[0]
	require.Positive(t, plan.Weights)
	require.Positive(t, plan.KV)
	require.Positive(t, plan.Workspace)
	_, err := engine.Open(scarce{be, plan.Total() - 1}, llama, engine.Options{})
	require.ErrorIs(t, err, engine.ErrMemory)
	require.ErrorContains(t, err, "on cpu: weights 0.1 MiB + K/V")
	e, err := engine.Open(scarce{be, plan.Total()}, llama, engine.Options{})
	require.NoError(t, err)
	require.NoError(t, e.Close())
}

func TestOpenOptions(t *testing.T) {
	be := newCPU(t, 1)
	for message, opt := range map[string]engine.Options{
		"max tokens: got 129, want 1 to 128":   {MaxTokens: 129},
		"max tokens: got -1":                   {MaxTokens: -1},
		"batch tokens: got -1":                 {BatchTokens: -1},
		"batch rows: got -5":                   {BatchRows: -5},
		"cache pages: got -1":                  {CachePages: -1},
		"compute type: got I8, device cpu has": {Compute: tensor.I8},
	} {
		_, err := engine.Open(be, llama, opt)
		require.ErrorIs(t, err, engine.ErrOptions)
		require.ErrorContains(t, err, message)
	}
	_, err := engine.Open(be, t.TempDir(), engine.Options{})
	require.ErrorContains(t, err, "config.json")
}
