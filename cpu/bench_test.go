package cpu

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// eachVectorISA runs a benchmark with the vector code of each instruction set and all threads.
func eachVectorISA(b *testing.B, run func(b *testing.B, be *Backend)) {
	for _, i := range runnable() {
		if i.simd == nil {
			continue
		}
		be, err := New(Options{ISA: i.name})
		require.NoError(b, err)
		b.Run(i.name, func(b *testing.B) { run(b, be) })
		require.NoError(b, be.Close())
	}
}

// report adds the speed of an operation, and its share of the peak that the same run measures.
func report(b *testing.B, be *Backend, flops float64, operands tensor.DType) {
	speed := float64(b.N) * flops / b.Elapsed().Seconds() / 1e9
	b.ReportMetric(speed, "GFLOP/s")
	var peak float64
	for range 20 {
		peak = max(peak, be.Peak(operands)/1e9)
	}
	b.ReportMetric(100*speed/peak, "%peak")
}

// productCase is a product at the shape of some model.
type productCase struct {
	name    string
	t, n, k int
	gated   bool
}

// BenchmarkMatMul measures products at the shapes of SmolLM2-135M, Phi-3 Mini and LLaMA 3.1 8B.
func BenchmarkMatMul(b *testing.B) {
	cases := []productCase{
		{"smollm2_qkv", 512, 960, 576, false}, {"smollm2_o", 512, 576, 576, false},
		{"smollm2_gate_up", 512, 3072, 576, true}, {"smollm2_down", 512, 576, 1536, false},
		{"smollm2_down", 215, 576, 1536, false}, {"smollm2_down", 1, 576, 1536, false}, {"smollm2_head", 1, 49152, 576, false},
		{"phi3_qkv", 512, 9216, 3072, false}, {"phi3_gate_up", 512, 16384, 3072, true}, {"phi3_down", 512, 3072, 8192, false},
		{"llama_o", 512, 4096, 4096, false}, {"llama_gate_up", 512, 28672, 4096, true}, {"llama_down", 512, 4096, 14336, false},
		{"llama_o", 1, 4096, 4096, false}, {"llama_o", 7, 4096, 4096, false}, {"llama_o", 16, 4096, 4096, false},
	}
	types := [][2]tensor.DType{{tensor.BF16, tensor.BF16}, {tensor.F32, tensor.F32}, {tensor.F32, tensor.BF16}, {tensor.F16, tensor.F16}}
	eachVectorISA(b, func(b *testing.B, be *Backend) {
		for _, d := range types {
			for _, c := range cases {
				b.Run(fmt.Sprintf("%v_%v/%s/T=%d", d[0], d[1], c.name, c.t), func(b *testing.B) { c.run(b, be, d[0], d[1]) })
			}
		}
	})
}

func (c productCase) run(b *testing.B, be *Backend, d, wd tensor.DType) {
	use, cols := backend.ForMatMul, c.n
	if c.gated {
		use, cols = backend.ForGated, c.n/2
	}
	x, dst := allocate(b, be, d, c.t, c.k), allocate(b, be, d, c.t, cols)
	w, err := be.Weight(use, tensor.New(wd, c.n, c.k))
	require.NoError(b, err)
	defer w.Free()
	for b.Loop() {
		if c.gated {
			be.GatedMatMul(dst, x, w)
		} else {
			be.MatMul(dst, x, w, backend.Epilogue{})
		}
	}
	operands := tensor.F32
	if d == wd {
		operands = d
	}
	report(b, be, 2*float64(c.t)*float64(c.n)*float64(c.k), operands)
	b.ReportMetric(float64(b.N)*float64(w.Bytes())/b.Elapsed().Seconds()/1e9, "GB/s")
}

// allocate reserves a tensor of zeros until the end of the benchmark.
func allocate(b *testing.B, be *Backend, d tensor.DType, rows, cols int) backend.Tensor {
	x, err := be.Alloc(d, rows, cols)
	require.NoError(b, err)
	be.Upload(x, tensor.New(d, rows, cols))
	b.Cleanup(func() { be.Free(x) })
	return x
}

// BenchmarkAttention measures one sequence of n tokens after past others. Only what the causal mask leaves is counted.
func BenchmarkAttention(b *testing.B) {
	eachVectorISA(b, func(b *testing.B, be *Backend) {
		for _, d := range plain.compute {
			for _, c := range []attentionCase{
				{"smollm2", 512, 0, 9, 3, 64}, {"smollm2", 2048, 0, 9, 3, 64}, {"phi3", 512, 0, 32, 32, 96}, {"llama", 512, 0, 32, 8, 128},
				{"smollm2", 1, 2047, 9, 3, 64}, {"phi3", 1, 511, 32, 32, 96}, {"smollm2", 20, 512, 9, 3, 64},
			} {
				b.Run(fmt.Sprintf("%v/%s/T=%d,past=%d", d, c.name, c.n, c.past), func(b *testing.B) { c.run(b, be, d) })
			}
		}
	})
}

// attentionCase is attention at the geometry of some model.
type attentionCase struct {
	name                          string
	n, past, heads, kvHeads, size int
}

func (c attentionCase) run(b *testing.B, be *Backend, d tensor.DType) {
	var pages []int32
	for p := (c.n + c.past + backend.PageSize - 1) / backend.PageSize; p > 0; p-- {
		pages = append(pages, int32(p-1))
	}
	batch, err := backend.NewBatch(be, []backend.Seq{{IDs: make([]int32, c.n), Past: c.past, Pages: pages}})
	require.NoError(b, err)
	defer batch.Free(be)
	rows := len(pages) * c.kvHeads * backend.PageSize
	kv := backend.KV{K: allocate(b, be, d, rows, c.size), V: allocate(b, be, d, rows, c.size), Heads: c.kvHeads}
	q, dst := allocate(b, be, d, c.n, c.heads*c.size), allocate(b, be, d, c.n, c.heads*c.size)
	for b.Loop() {
		be.Attention(dst, q, kv, batch, backend.AttentionOptions{Heads: c.heads, Scale: 0.125})
	}
	pairs := float64(c.n)*float64(c.past) + float64(c.n)*float64(c.n+1)/2
	report(b, be, 4*pairs*float64(c.heads*c.size), d)
}
