package emu_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/cuda"
	"tiebreak/cuda/emu"
	"tiebreak/tensor"
)

// BenchmarkMatMul runs the GEMM of one SmolLM2 projection, 32 tokens by 576 by 1536, and says how many m16n8k8 products the
// emulator does in a second.
func BenchmarkMatMul(b *testing.B) {
	for _, o := range []emu.Options{{Checks: emu.None}, {Checks: emu.Full}, {Checks: emu.Full, Counters: true}} {
		for _, sm := range []int{75, 80} {
			o.ComputeCapability = sm
			b.Run(fmt.Sprintf("sm_%d/checks=%t/counters=%t", o.ComputeCapability, o.Checks == emu.Full, o.Counters), func(b *testing.B) {
				benchmarkMatMul(b, emu.New(o))
			})
		}
	}
}

func benchmarkMatMul(b *testing.B, d *emu.Driver) {
	const t, k, n = 32, 576, 1536
	be, err := cuda.Open(d, 0, "emu:0")
	require.NoError(b, err)
	w, err := be.Weight(backend.ForMatMul, tensor.New(tensor.F16, n, k))
	require.NoError(b, err)
	x, err := be.Alloc(tensor.F16, t, k)
	require.NoError(b, err)
	be.Upload(x, tensor.New(tensor.F16, t, k))
	y, err := be.Alloc(tensor.F16, t, n)
	require.NoError(b, err)
	d.ResetCounters()
	for b.Loop() {
		be.MatMul(y, x, w, backend.Epilogue{})
	}
	require.NoError(b, be.Sync())
	var flops, instructions int64
	for _, c := range d.Counters() {
		flops += c.MMAFlops
		instructions += c.Total()
	}
	b.ReportMetric(float64(flops)/2048/b.Elapsed().Seconds(), "mma/s")
	b.ReportMetric(float64(instructions)/b.Elapsed().Seconds(), "instructions/s")
}
