package bench

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/cpu"
	"tiebreak/model"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// runner measures on two threads, against the plain reference, with few repetitions.
func runner(t *testing.T) *Runner {
	t.Helper()
	r := New(newCPU(t, ""), newCPU(t, "go"), "v0")
	r.Repetitions = 2
	return r
}

func newCPU(t *testing.T, isa string) *cpu.Backend {
	t.Helper()
	be, err := cpu.New(cpu.Options{Threads: 2, ISA: isa})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, be.Close()) })
	return be
}

// tiny is a geometry that costs nothing.
var tiny = Geometry{"tiny", 40, 48, 6, 2, 16}

// tinyModel writes a model directory of random weights.
func tinyModel(t *testing.T) string {
	t.Helper()
	const config = `{"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 101, "hidden_size": 40,
		"intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 16,
		"max_position_embeddings": 256, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu", "torch_dtype": "bfloat16"}`
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644))
	c, err := model.ParseConfig([]byte(config))
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 1))
	var weights []safetensors.Named
	for name, shape := range c.Shapes() {
		v := make([]float32, shape.Elements())
		for i := range v {
			v[i] = float32(random.NormFloat64()) / 4
		}
		w, err := tensor.FromFloat32(v, shape...).Convert(tensor.BF16)
		require.NoError(t, err)
		weights = append(weights, safetensors.Named{Name: name, Tensor: w})
	}
	require.NoError(t, safetensors.Write(filepath.Join(dir, "model.safetensors"), weights, nil))
	return dir
}

// TestResults holds what every benchmark says of itself; how fast it is does not matter here.
func TestResults(t *testing.T) {
	r, dir, ctx := runner(t), tinyModel(t), context.Background()
	prompts := [][]int32{{1, 2, 3}, {5}, {4, 4, 9, 100}}
	for name, c := range map[string]struct {
		run  func() (Result, error)
		want []string // fields
	}{
		"gemm": {func() (Result, error) {
			return r.Products(ctx, ProductOptions{Geometries: []Geometry{tiny}, Tokens: 9, Compute: tensor.BF16})
		}, []string{"tokens", "gflops", "peak_gflops", "peak_fraction", "cases", "max_rss_mib"}},
		"gemm, widened": {func() (Result, error) {
			return r.Products(ctx, ProductOptions{Geometries: []Geometry{tiny}, Tokens: 1, Compute: tensor.F32, Weights: tensor.BF16})
		}, []string{"tokens", "gflops", "peak_gflops", "peak_fraction", "cases", "max_rss_mib"}},
		"attention": {func() (Result, error) {
			return r.Attention(ctx, AttentionOptions{Geometries: []Geometry{tiny}, Tokens: 30, Past: 20, Window: 25, Compute: tensor.F32})
		}, []string{"tokens", "gflops", "peak_gflops", "peak_fraction", "cases", "max_rss_mib"}},
		"prefill": {func() (Result, error) { return r.Prefill(ctx, ModelOptions{Dir: dir, Tokens: 20, Batch: 2}) },
			[]string{"tokens", "prompts", "tokens_per_second", "gflops", "peak_fraction", "max_rss_mib", "weights_mib", "kv_mib", "plan_mib", "load_seconds"}},
		"decode": {func() (Result, error) { return r.Decode(ctx, ModelOptions{Dir: dir, Tokens: 5, Compute: tensor.F32}) },
			[]string{"tokens", "tokens_per_second", "gbps", "peak_gbps", "peak_fraction", "max_rss_mib", "plan_mib"}},
		"predict": {func() (Result, error) { return r.Score(ctx, ModelOptions{Dir: dir}, prompts, []int32{7, 8, 9}) },
			[]string{"prompts", "mean_tokens", "rows_per_second", "tokens_per_second", "gflops", "peak_fraction", "max_rss_mib"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.run()
			require.NoError(t, err)
			text, err := json.Marshal(got)
			require.NoError(t, err)
			var fields map[string]any
			require.NoError(t, json.Unmarshal(text, &fields))
			for _, f := range append(c.want, "benchmark", "version", "device", "processor", "detail", "dtype", "threads", "seconds") {
				require.NotEmpty(t, fields[f], "%s in %s", f, text)
			}
			require.True(t, got.Seconds.Min <= got.Seconds.Median && got.Seconds.Median <= got.Seconds.Max, "%+v", got.Seconds)
			require.Equal(t, strings.Split(name, ",")[0], got.Benchmark)
		})
	}
}

// broken computes an operation and then spoils one element.
type broken struct {
	backend.Backend
	op string
}

func (b broken) spoil(op string, t backend.Tensor) {
	if op != b.op {
		return
	}
	last := t.RowRange(t.Rows-1, t.Rows).ColRange(t.Cols-1, t.Cols)
	host := tensor.New(t.DType, 1, 1)
	host.Data[len(host.Data)-1] = 0x42 // 34 or more in BF16 and F32
	b.Upload(last, host)
}

func (b broken) MatMul(dst, x backend.Tensor, w backend.Weight, ep backend.Epilogue) {
	b.Backend.MatMul(dst, x, w, ep)
	b.spoil("matmul", dst)
}

func (b broken) GatedMatMul(dst, x backend.Tensor, w backend.Weight) {
	b.Backend.GatedMatMul(dst, x, w)
	b.spoil("gated_matmul", dst)
}

func (b broken) Attention(dst, q backend.Tensor, kv backend.KV, batch *backend.Batch, opt backend.AttentionOptions) {
	b.Backend.Attention(dst, q, kv, batch, opt)
	b.spoil("attention", dst)
}

func (b broken) RMSNorm(dst, x, add, w backend.Tensor, eps float32) {
	b.Backend.RMSNorm(dst, x, add, w, eps)
	b.spoil("rms_norm", dst)
}

func (b broken) Rope(x, pos, table backend.Tensor) {
	b.Backend.Rope(x, pos, table)
	b.spoil("rope", x)
}

// TestRefusesWrongResults breaks one operation at a time: whatever uses it is not timed, and the error says where it is
// wrong.
func TestRefusesWrongResults(t *testing.T) {
	dir, ctx := tinyModel(t), context.Background()
	be, reference := newCPU(t, ""), newCPU(t, "go")
	for op, benchmarks := range map[string][]string{
		"matmul": {"gemm", "prefill"}, "gated_matmul": {"gemm", "decode"}, "attention": {"attention", "predict"}, "rms_norm": {"prefill"}, "rope": {"decode"},
	} {
		r := New(broken{be, op}, reference, "v0")
		for _, d := range []tensor.DType{tensor.F32, tensor.BF16} {
			for name, run := range map[string]func() (Result, error){
				"gemm": func() (Result, error) {
					return r.Products(ctx, ProductOptions{Geometries: []Geometry{tiny}, Tokens: 9, Compute: d})
				},
				"attention": func() (Result, error) {
					return r.Attention(ctx, AttentionOptions{Geometries: []Geometry{tiny}, Tokens: 30, Compute: d})
				},
				"prefill": func() (Result, error) { return r.Prefill(ctx, ModelOptions{Dir: dir, Compute: d, Tokens: 9}) },
				"decode":  func() (Result, error) { return r.Decode(ctx, ModelOptions{Dir: dir, Compute: d, Tokens: 9}) },
				"predict": func() (Result, error) { return r.Score(ctx, ModelOptions{Dir: dir, Compute: d}, [][]int32{{1}}, nil) },
			} {
				if !slices.Contains(benchmarks, name) {
					continue
				}
				out, err := run()
				require.ErrorIs(t, err, ErrWrong, "%s with a wrong %s in %v", name, op, d)
				require.ErrorContains(t, err, "bench: "+op+" ")
				require.Zero(t, out.Seconds)
			}
		}
	}
}

// TestWithoutLimits holds that a backend that cannot measure its bounds is measured without them.
func TestWithoutLimits(t *testing.T) {
	r := New(broken{Backend: newCPU(t, "")}, newCPU(t, "go"), "v0")
	r.Repetitions = 1
	out, err := r.Products(context.Background(), ProductOptions{Geometries: []Geometry{tiny}, Tokens: 3, Compute: tensor.F32})
	require.NoError(t, err)
	require.Positive(t, out.GFLOPS)
	require.Zero(t, out.PeakFraction)
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := runner(t).Prefill(ctx, ModelOptions{Dir: tinyModel(t), Tokens: 4})
	require.ErrorIs(t, err, context.Canceled)
}

func TestSelect(t *testing.T) {
	all, err := Select()
	require.NoError(t, err)
	require.Len(t, all, 3)
	one, err := Select("phi3")
	require.NoError(t, err)
	require.Equal(t, 9216, one[0].products()[0].n)
	_, err = Select("gpt")
	require.EqualError(t, err, `bench: shapes: got "gpt", want smollm2, phi3, llama`)
}

// TestFLOPs counts by hand what a small prompt costs.
func TestFLOPs(t *testing.T) {
	c := model.Config{Hidden: 3, FeedForward: 5, Heads: 2, KVHeads: 1, HeadDim: 2, Layers: 2}
	const (
		kv      = 2 * 3 * 4                      // keys and values of a token
		queries = 2*3*4 + 2*4*3 + 2*3*10 + 2*5*3 // the rest of a layer for a token
		first   = 2*(kv+queries) + 4*4*(1+2)     // both tokens, three pairs of a query and a key
		last    = 2*kv + queries + 4*4*2 + 2*3*7 // the last token alone, seven logits
	)
	require.Equal(t, float64(first+last), promptFLOPs(c, 2, 7))
	c.Window = 1
	require.Equal(t, float64(first+last-2*16), promptFLOPs(c, 2, 7))
}

func TestSeries(t *testing.T) {
	s := series{{30, 40}, {10, 15}, {20, 30}}
	require.Equal(t, sample{20, 30}, s.median())
	require.Equal(t, Spread{20e-9, 10e-9, 30e-9, 3}, s.spread())
	require.InDelta(t, 0.75, s.share(2), 1e-9)
	speed := s.arithmetic(80, 8e9, 2)
	require.InDelta(t, 0.5, speed.PeakFraction, 1e-9)
	require.InDelta(t, 2.0/3, speed.CPUFraction, 1e-9)
}
