package model_test

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/cpu"
	"tiebreak/model"
	"tiebreak/model/goldentest"
	"tiebreak/tensor"
)

// small is a geometry in which no two dimensions are alike.
func small(a model.Architecture) model.Config {
	return model.Config{Architecture: a, Vocab: 21, Hidden: 10, Layers: 2, Heads: 6, KVHeads: 2, HeadDim: 4, FeedForward: 14,
		MaxPositions: 40, Eps: 1e-5, Rope: model.Rope{Theta: 10000}}
}

func newCPU(t *testing.T) backend.Backend {
	t.Helper()
	be, err := cpu.New(cpu.Options{Threads: 2})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, be.Close()) })
	return be
}

var options = model.Options{Compute: tensor.F32, Tokens: 12, Seqs: 3, Positions: 20}

func TestCheckWeights(t *testing.T) {
	llama, phi3, tied, classifier := small(model.Llama), small(model.Phi3), small(model.Llama), small(model.Phi3)
	tied.Tied = true
	classifier.Classes = 3
	for _, c := range []struct {
		what   string
		config model.Config
		change func(m goldentest.Checkpoint)
		want   []string // parts of the message; none for no error
	}{
		{"complete", llama, func(goldentest.Checkpoint) {}, nil},
		{"complete", phi3, func(goldentest.Checkpoint) {}, nil},
		{"complete", tied, func(goldentest.Checkpoint) {}, nil},
		{"complete", classifier, func(goldentest.Checkpoint) {}, nil},
		{"one missing", llama, func(m goldentest.Checkpoint) { delete(m, "model.layers.1.self_attn.k_proj.weight") },
			[]string{"model: weights of llama with 2 layers: 1 missing: model.layers.1.self_attn.k_proj.weight [8,10]"}},
		{"all missing", phi3, func(m goldentest.Checkpoint) { clear(m) },
			[]string{"15 missing: lm_head.weight [21,10], ", " and 7 more"}},
		{"unknown", llama, func(m goldentest.Checkpoint) { m["model.layers.2.mlp.up_proj.weight"] = m["lm_head.weight"] },
			[]string{"1 not a weight of this model: model.layers.2.mlp.up_proj.weight"}},
		{"a bias", llama, func(m goldentest.Checkpoint) { m["model.layers.0.self_attn.q_proj.bias"] = m["model.norm.weight"] },
			[]string{"1 not a weight of this model: model.layers.0.self_attn.q_proj.bias"}},
		{"names of the other family", phi3, func(m goldentest.Checkpoint) {
			m["model.layers.0.self_attn.q_proj.weight"] = m["model.layers.0.self_attn.qkv_proj.weight"]
			delete(m, "model.layers.0.self_attn.qkv_proj.weight")
		}, []string{"1 missing: model.layers.0.self_attn.qkv_proj.weight [40,10]", "1 not a weight of this model: model.layers.0.self_attn.q_proj.weight"}},
		{"shape", llama, func(m goldentest.Checkpoint) { m["model.norm.weight"] = tensor.New(tensor.F32, 11) },
			[]string{"1 of another shape or type: model.norm.weight: got [11], want [10]"}},
		{"transposed", llama, func(m goldentest.Checkpoint) {
			m["model.layers.0.mlp.down_proj.weight"] = tensor.New(tensor.F32, 14, 10)
		},
			[]string{"model.layers.0.mlp.down_proj.weight: got [14,10], want [10,14]"}},
		{"type", llama, func(m goldentest.Checkpoint) { m["lm_head.weight"] = tensor.New(tensor.I8, 21, 10) },
			[]string{"lm_head.weight: got I8, want F32, F16 or BF16"}},
		{"vocabulary", classifier, func(m goldentest.Checkpoint) { m["score.weight"] = tensor.New(tensor.F32, 2, 10) },
			[]string{"score.weight: got [2,10], want [3,10]"}},
		{"a table that the config determines", llama, func(m goldentest.Checkpoint) {
			m["model.layers.0.self_attn.rotary_emb.inv_freq"] = tensor.New(tensor.F32, 2)
		}, nil},
		{"tied head repeated", tied, func(m goldentest.Checkpoint) { m["lm_head.weight"] = m["model.embed_tokens.weight"] }, nil},
		{"tied head that differs", tied, func(m goldentest.Checkpoint) { m["lm_head.weight"] = tensor.New(tensor.F32, 21, 10) },
			[]string{"1 not a weight of this model: lm_head.weight"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			m := goldentest.Random(t, c.config, tensor.F32)
			c.change(m)
			err := model.CheckWeights(c.config, m)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			for _, part := range c.want {
				require.ErrorContains(t, err, part)
			}
			_, err = model.Load(newCPU(t), c.config, m, options)
			require.ErrorContains(t, err, c.want[0])
		})
	}
}

// counting fails the allocation with a given number and knows what is allocated.
type counting struct {
	backend.Backend
	failAt, calls int
	live          map[backend.Memory]int64
	matrices      int64 // bytes of weights prepared, as rows
}

func (c *counting) Weight(use backend.Use, parts ...tensor.Tensor) (backend.Weight, error) {
	for _, p := range parts {
		c.matrices += int64(len(p.Data))
	}
	return c.Backend.Weight(use, parts...)
}

var errFull = errors.New("the device is full")

func (c *counting) Alloc(d tensor.DType, rows, cols int) (backend.Tensor, error) {
	c.calls++
	if c.calls == c.failAt {
		return backend.Tensor{}, errFull
	}
	t, err := c.Backend.Alloc(d, rows, cols)
	c.live[t.Mem] = t.Bytes()
	return t, err
}

func (c *counting) Free(t backend.Tensor) {
	delete(c.live, t.Mem)
	c.Backend.Free(t)
}

func (c *counting) bytes() (n int64) {
	for _, b := range c.live {
		n += b
	}
	return n
}

// TestPlan compares the plan with what Load allocates and with the matrices it hands over.
func TestPlan(t *testing.T) {
	tied := small(model.Llama)
	tied.Tied = true
	classifier := small(model.Phi3)
	classifier.Classes = 3
	for _, c := range []struct {
		config model.Config
		labels []int32
	}{{small(model.Llama), nil}, {small(model.Llama), []int32{3, 4, 5}}, {small(model.Phi3), nil}, {classifier, nil}, {tied, nil}, {tied, []int32{7}}} {
		for _, compute := range []tensor.DType{tensor.F32, tensor.BF16, tensor.F16} {
			src, opt := goldentest.Random(t, c.config, tensor.BF16), options
			opt.Compute, opt.Labels = compute, c.labels
			plan, err := model.Plan(c.config, src, opt)
			require.NoError(t, err)
			be := &counting{Backend: newCPU(t), live: map[backend.Memory]int64{}}
			m, err := model.Load(be, c.config, src, opt)
			require.NoError(t, err)
			require.Equal(t, plan.Weights+plan.Workspace, be.bytes()+be.matrices, "%+v %v", c, compute)
			before := be.bytes()
			kv, err := m.NewKV(5)
			require.NoError(t, err)
			require.Equal(t, 5*c.config.KVBytes(compute), be.bytes()-before)
			require.Equal(t, c.config.KVBytes(compute), plan.KVPage)
			m.FreeKV(kv)
			m.Close()
			require.Zero(t, be.bytes())
		}
	}
}

// TestLoadGivesBack fails each allocation in turn: the error gets through and nothing stays allocated.
func TestLoadGivesBack(t *testing.T) {
	c := small(model.Llama)
	src := goldentest.Random(t, c, tensor.F32)
	for at := 1; ; at++ {
		be := &counting{Backend: newCPU(t), failAt: at, live: map[backend.Memory]int64{}}
		m, err := model.Load(be, c, src, options)
		if err == nil {
			require.Greater(t, at, 15)
			m.Close()
			require.Zero(t, be.bytes())
			return
		}
		require.ErrorIs(t, err, errFull)
		require.Zero(t, be.bytes(), "after a failure at allocation %d", at)
	}
}

// TestLoadF16Overflow names the weight that F16 cannot hold.
func TestLoadF16Overflow(t *testing.T) {
	c := small(model.Llama)
	src, opt := goldentest.Random(t, c, tensor.BF16), options
	w := src["model.layers.1.mlp.up_proj.weight"]
	tensor.CastUint16(w.Data)[7] = tensor.BF16FromFloat32(70000)
	opt.Compute = tensor.F16
	_, err := model.Load(newCPU(t), c, src, opt)
	require.ErrorContains(t, err, "model.layers.1.mlp.up_proj.weight: round BF16 [14,10] to F16: got 1 values up to 70144, want magnitudes below 65520")
	opt.Compute = tensor.BF16
	m, err := model.Load(newCPU(t), c, src, opt)
	require.NoError(t, err)
	m.Close()
}

func TestLoadOptions(t *testing.T) {
	c := small(model.Llama)
	src := goldentest.Random(t, c, tensor.F32)
	for message, change := range map[string]func(o *model.Options){
		"compute type: got I8, want F32, F16 or BF16":                  func(o *model.Options) { o.Compute = tensor.I8 },
		"positions: got 41, want at most 40 (max_position_embeddings)": func(o *model.Options) { o.Positions = 41 },
		"labels: got token 21, want 0 to 20":                           func(o *model.Options) { o.Labels = []int32{3, 21} },
	} {
		opt := options
		change(&opt)
		_, err := model.Load(newCPU(t), c, src, opt)
		require.ErrorContains(t, err, message)
		_, err = model.Plan(c, src, opt)
		require.ErrorContains(t, err, message)
	}
	require.Panics(t, func() { model.Load(newCPU(t), c, src, model.Options{Compute: tensor.F32}) })
}

// TestUnaligned reads weights that lie at odd addresses, as a file may have them.
func TestUnaligned(t *testing.T) {
	for _, d := range []tensor.DType{tensor.F32, tensor.BF16} {
		c := small(model.Phi3)
		src := goldentest.Random(t, c, d)
		odd := goldentest.Checkpoint{}
		for name, w := range src {
			bytes := tensor.Allocate(len(w.Data)+1, 64)[1:]
			copy(bytes, w.Data)
			odd[name] = tensor.Tensor{DType: d, Shape: w.Shape, Data: bytes}
		}
		require.Equal(t, lastLogits(t, c, src), lastLogits(t, c, odd))
	}
}

// TestForwardAllocates holds that a pass allocates nothing on the device beyond the indices of its input.
func TestForwardAllocates(t *testing.T) {
	c := small(model.Llama)
	be := &counting{Backend: newCPU(t), live: map[backend.Memory]int64{}}
	m, err := model.Load(be, c, goldentest.Random(t, c, tensor.F32), options)
	require.NoError(t, err)
	defer m.Close()
	kv, err := m.NewKV(2)
	require.NoError(t, err)
	defer m.FreeKV(kv)
	before := be.bytes()
	in, err := m.NewInput([]backend.Seq{{IDs: []int32{1, 2}, Pages: []int32{1}}, {IDs: []int32{3}, Pages: []int32{0}}}, model.LastRows)
	require.NoError(t, err)
	calls := be.calls
	require.NoError(t, m.Logits(m.Forward(in, kv), make([]float32, 2*m.Outputs())))
	require.Equal(t, calls, be.calls)
	in.Free()
	require.Equal(t, before, be.bytes())
}

// TestMixedTypes stacks parts of different types: they meet in F32, which holds them all, so the logits have the bits
// that a checkpoint in F32 gives.
func TestMixedTypes(t *testing.T) {
	c := small(model.Llama)
	mixed := goldentest.Random(t, c, tensor.BF16)
	wide := goldentest.Checkpoint{}
	for name, w := range mixed {
		f, err := w.Convert(tensor.F32)
		require.NoError(t, err)
		wide[name] = f
	}
	for _, name := range []string{"model.layers.0.self_attn.k_proj.weight", "model.layers.1.self_attn.v_proj.weight", "model.layers.1.mlp.up_proj.weight"} {
		mixed[name] = wide[name]
	}
	require.Equal(t, lastLogits(t, c, wide), lastLogits(t, c, mixed))
}

// lastLogits runs one prompt.
func lastLogits(t *testing.T, c model.Config, src model.Source) []float32 {
	t.Helper()
	be := newCPU(t)
	m, err := model.Load(be, c, src, options)
	require.NoError(t, err)
	defer m.Close()
	kv, err := m.NewKV(1)
	require.NoError(t, err)
	in, err := m.NewInput([]backend.Seq{{IDs: []int32{1, 2, 3, 20, 4}, Pages: []int32{0}}}, model.LastRows)
	require.NoError(t, err)
	defer in.Free()
	f := make([]float32, c.Vocab)
	require.NoError(t, m.Logits(m.Forward(in, kv), f))
	for _, v := range f {
		require.False(t, math.IsNaN(float64(v)))
	}
	return f
}

// TestNewInputLimits panics where the caller breaks the limits it asked for.
func TestNewInputLimits(t *testing.T) {
	c := small(model.Llama)
	m, err := model.Load(newCPU(t), c, goldentest.Random(t, c, tensor.F32), options)
	require.NoError(t, err)
	defer m.Close()
	one := backend.Seq{IDs: []int32{1}, Pages: []int32{0}}
	for what, seqs := range map[string][]backend.Seq{
		"13 tokens":        {{IDs: make([]int32, 13), Pages: []int32{0}}},
		"4 sequences":      {one, one, one, one},
		"position 20":      {{IDs: []int32{1}, Past: 20, Pages: []int32{0, 1}}},
		"token 21 of 21":   {{IDs: []int32{21}, Pages: []int32{0}}},
		"a negative token": {{IDs: []int32{-1}, Pages: []int32{0}}},
	} {
		require.Panics(t, func() { m.NewInput(seqs, model.LastRows) }, what)
	}
}
