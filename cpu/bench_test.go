package cpu

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// peakJob runs the largest tile on operands that stay in the nearest cache.
type peakJob struct {
	tile   gemmKernel
	v      *simd
	memory []*memory // one a worker
}

const peakSteps, peakTiles = 96, 2000

func (j *peakJob) run(_, index int) {
	m := j.memory[index]
	for range peakTiles {
		j.tile(&m.f32[0], 4*j.v.width, &m.bytes[8<<10], 4*j.v.heights[0], &m.bytes[12<<10], 4*j.v.width, peakSteps, true)
	}
}

// peak measures the multiplications and additions per second, in units of 1e9, that all threads reach at best.
func peak(b *Backend, pairs bool) float64 {
	v := b.isa.simd
	j := &peakJob{tile: v.f32[0][len(v.f32[0])-1], v: v}
	flops := 2.0
	if pairs {
		j.tile, flops = v.bf16[0][len(v.bf16[0])-1], 4
	}
	for range b.pool.threads {
		j.memory = append(j.memory, newHeapMemory(40<<10))
	}
	best := time.Duration(1 << 62)
	for range 20 {
		start := time.Now()
		b.pool.do(j, b.pool.threads)
		best = min(best, time.Since(start))
	}
	work := flops * float64(b.pool.threads*peakTiles*peakSteps*v.heights[0]*v.width)
	return work / best.Seconds() / 1e9
}

// BenchmarkMatMul measures products at the shapes of SmolLM2-135M, Phi-3 Mini and LLaMA 3.1 8B, with all threads, against
// the peak of the same run.
func BenchmarkMatMul(b *testing.B) {
	for _, isa := range ISAs() {
		if isa == "go" {
			continue
		}
		be, err := New(Options{ISA: isa})
		require.NoError(b, err)
		defer be.Close()
		for _, types := range [][2]tensor.DType{{tensor.BF16, tensor.BF16}, {tensor.F32, tensor.F32}, {tensor.F32, tensor.BF16}, {tensor.F16, tensor.F16}} {
			for _, s := range []struct {
				name    string
				t, n, k int
				gated   bool
			}{
				{"smol_qkv", 512, 960, 576, false}, {"smol_o", 512, 576, 576, false},
				{"smol_gate_up", 512, 3072, 576, true}, {"smol_down", 512, 576, 1536, false},
				{"smol_down", 215, 576, 1536, false}, {"smol_down", 1, 576, 1536, false}, {"smol_head", 1, 49152, 576, false},
				{"phi3_qkv", 512, 9216, 3072, false}, {"phi3_down", 512, 3072, 8192, false},
				{"llama_o", 512, 4096, 4096, false}, {"llama_gate_up", 512, 28672, 4096, true}, {"llama_down", 512, 4096, 14336, false},
				{"llama_o", 1, 4096, 4096, false},
			} {
				b.Run(fmt.Sprintf("%s/%v_%v/%s/T=%d", isa, types[0], types[1], s.name, s.t), func(b *testing.B) {
					benchmarkMatMul(b, be, types[0], types[1], [3]int{s.t, s.n, s.k}, s.gated)
				})
			}
		}
	}
}

func benchmarkMatMul(b *testing.B, be *Backend, d, wd tensor.DType, shape [3]int, gated bool) {
	t, n, k := shape[0], shape[1], shape[2]
	x, err := be.Alloc(d, t, k)
	require.NoError(b, err)
	defer be.Free(x)
	use, cols := backend.ForMatMul, n
	if gated {
		use, cols = backend.ForGated, n/2
	}
	dst, err := be.Alloc(d, t, cols)
	require.NoError(b, err)
	defer be.Free(dst)
	w, err := be.Weight(use, tensor.New(wd, n, k))
	require.NoError(b, err)
	defer w.Free()
	for b.Loop() {
		if gated {
			be.GatedMatMul(dst, x, w)
		} else {
			be.MatMul(dst, x, w, backend.Epilogue{})
		}
	}
	gflops := 2 * float64(b.N) * float64(t) * float64(n) * float64(k) / b.Elapsed().Seconds() / 1e9
	b.ReportMetric(gflops, "GFLOP/s")
	b.ReportMetric(100*gflops/peak(be, be.isa.simd.bf16 != nil && d == tensor.BF16 && wd == tensor.BF16), "%peak")
	b.ReportMetric(float64(b.N)*float64(w.Bytes())/b.Elapsed().Seconds()/1e9, "GB/s")
}
