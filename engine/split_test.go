package engine_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tiebreak/backend"
	"tiebreak/cpu"
	"tiebreak/engine"
	"tiebreak/model"
	"tiebreak/model/goldentest"
	"tiebreak/tensor"
)

// TestSplitsScoreAlike compares scores, logits of all positions and generated tokens of each split with those of one device.
// Prompts are longer than a pass, so that chunks take part.
func TestSplitsScoreAlike(t *testing.T) {
	defer goleak.VerifyNone(t)
	peers := make([]backend.Backend, 3)
	for i := range peers {
		be, err := cpu.New(cpu.Options{Threads: 1})
		require.NoError(t, err)
		defer be.Close()
		peers[i] = goldentest.Peer{Backend: be}
	}
	prompts := randomPrompts(17, 70, 131)
	type results struct {
		scores    [][]float32
		logits    [][]float32
		generated []int32
	}
	run := func(dir string, devices int, split engine.Split) (out results) {
		e, err := engine.OpenOn(peers[:devices], dir, engine.Options{Compute: tensor.BF16, BatchTokens: 40, BatchRows: 4, Split: split})
		require.NoError(t, err)
		defer e.Close()
		require.Len(t, e.Plan.Devices, devices)
		out.scores = score(t, e, prompts)
		require.NoError(t, e.Logits(t.Context(), prompts[0], func(_ int, logits []float32) error {
			out.logits = append(out.logits, slices.Clone(logits))
			return nil
		}))
		if e.Config.Classes == 0 {
			out.generated, err = e.Generate(t.Context(), engine.Generation{Prompt: prompts[1], MaxTokens: 6})
			require.NoError(t, err)
		}
		return out
	}
	for _, dir := range []string{llama, phi3, classifier} {
		want := run(dir, 1, engine.Auto)
		for _, c := range []struct {
			devices int
			split   engine.Split
		}{{2, engine.Auto}, {2, engine.Data}, {3, engine.Data}, {2, engine.Tensor}, {2, engine.Pipeline}} {
			require.Equal(t, want, run(dir, c.devices, c.split), "%s: %v on %d devices", dir, c.split, c.devices)
		}
	}
	require.Equal(t, run(llama, 1, engine.Auto), run(llama, 3, engine.Pipeline))
}

// TestOnPassOnSeveralDevices adds up to the tokens of the prompts, whoever computes them.
func TestOnPassOnSeveralDevices(t *testing.T) {
	peers := []backend.Backend{goldentest.Peer{Backend: newCPU(t, 1)}, goldentest.Peer{Backend: newCPU(t, 1)}}
	prompts := randomPrompts(12, 50, 131)
	for _, split := range []engine.Split{engine.Data, engine.Tensor, engine.Pipeline} {
		sum := 0
		e, err := engine.OpenOn(peers, llama, engine.Options{BatchTokens: 20, Split: split, OnPass: func(tokens int) { sum += tokens }})
		require.NoError(t, err)
		score(t, e, prompts)
		require.Len(t, slices.Concat(prompts...), sum, "%v", split)
		require.NoError(t, e.Close())
	}
}

// TestFewPromptsAreSpread makes as many passes as can be under way at once of prompts that would fit in one.
func TestFewPromptsAreSpread(t *testing.T) {
	peers := []backend.Backend{goldentest.Peer{Backend: newCPU(t, 1)}, goldentest.Peer{Backend: newCPU(t, 1)}}
	prompts := make([][]int32, 6)
	for i := range prompts {
		prompts[i] = randomPrompts(1, 1, 131)[0]
		for len(prompts[i]) < 100 {
			prompts[i] = append(prompts[i], int32(i))
		}
	}
	for _, split := range []engine.Split{engine.Tensor, engine.Pipeline, engine.Data} {
		passes := 0
		e, err := engine.OpenOn(peers, llama, engine.Options{Split: split, OnPass: func(int) { passes++ }})
		require.NoError(t, err)
		score(t, e, prompts)
		require.Equal(t, 2, passes, "%v", split)
		score(t, e, prompts[:2])
		require.Equal(t, 2+map[engine.Split]int{engine.Tensor: 1, engine.Pipeline: 1, engine.Data: 2}[split], passes, "%v: too few to be spread", split)
		require.NoError(t, e.Close())
	}
}

// device is a device that is only described.
type device struct {
	backend.Backend
	described backend.Device
	link      backend.Link
}

func (d *device) Device() backend.Device                        { return d.described }
func (d *device) Connect(backend.Backend) (backend.Link, error) { return d.link, nil }
func (d *device) Await(backend.Transfer)                        {}
func (d *device) Receive(_ backend.Tensor, _ backend.Backend, _ backend.Tensor) (t backend.Transfer) {
	return t
}

// t4 is n T4s with the memory that is free on one after the driver has taken its share, on a link of that speed.
func t4(n int, bytesPerSecond float64) (out []backend.Backend) {
	for i := range n {
		out = append(out, &device{
			described: backend.Device{ID: []string{"cuda:0", "cuda:1"}[i], Name: "Tesla T4", Compute: []tensor.DType{tensor.F16}, Total: 16e9, Free: 14_930 << 20},
			link:      backend.Link{Way: "host memory", Bytes: int64(bytesPerSecond), Took: 1e9},
		})
	}
	return out
}

// shapes is a checkpoint of which only names, types and shapes are known.
type shapes map[string]tensor.Tensor

func shapesOf(c model.Config) shapes {
	out := shapes{}
	for name, shape := range c.Shapes() {
		out[name] = tensor.Tensor{DType: tensor.BF16, Shape: shape}
	}
	return out
}

func (s shapes) Names() []string                           { return slices.Sorted(maps.Keys(s)) }
func (s shapes) Tensor(name string) (tensor.Tensor, error) { return s[name], nil }

func config(t *testing.T, text string) model.Config {
	t.Helper()
	c, err := model.ParseConfig([]byte(text))
	require.NoError(t, err)
	return c
}

const (
	llama8B = `{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":4096,"intermediate_size":14336,
		"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"vocab_size":128256,"max_position_embeddings":131072,
		"rms_norm_eps":1e-5,"rope_theta":500000,"torch_dtype":"bfloat16","hidden_act":"silu"}`
	phi3Mini = `{"architectures":["Phi3ForCausalLM"],"model_type":"phi3","hidden_size":3072,"intermediate_size":8192,
		"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":32,"vocab_size":32064,"max_position_embeddings":4096,
		"rms_norm_eps":1e-5,"sliding_window":2047,"torch_dtype":"bfloat16","hidden_act":"silu"}`
)

// TestPlanOfFullSizes plans the two models of the competition on the devices of a Kaggle notebook.
func TestPlanOfFullSizes(t *testing.T) {
	opt := engine.Options{MaxTokens: 4096, BatchTokens: 2048, Labels: []int32{32, 33, 50}}
	c := config(t, llama8B)
	plan := func(devices []backend.Backend, c model.Config, split engine.Split) engine.Plan {
		o := opt
		o.Split = split
		p, err := engine.NewPlan(devices, c, shapesOf(c), o)
		require.NoError(t, err)
		t.Log(p)
		return p
	}
	one := plan(t4(1, 8e9), c, engine.Auto)
	require.ErrorIs(t, one.Check(), engine.ErrMemory)
	require.ErrorContains(t, one.Check(), "on cuda:0: weights 14317.0 MiB + K/V ")
	require.ErrorContains(t, one.Check(), " + reserve 305.2 MiB = ")
	require.ErrorContains(t, one.Check(), " of 14930.0 MiB free, ")
	require.ErrorContains(t, one.Check(), " MiB missing; lower max tokens")
	require.Equal(t, one.Devices[0].Total()-14_930<<20, one.Missing())

	for _, split := range []engine.Split{engine.Tensor, engine.Pipeline} {
		two := plan(t4(2, 8e9), c, split)
		require.NoError(t, two.Check())
		require.Equal(t, 2, two.InFlight)
		require.Less(t, two.Devices[0].Weights+two.Devices[1].Weights, int64(17.2e9), "nothing but the embeddings is there twice")
		require.Greater(t, two.Devices[0].Weights+two.Devices[1].Weights, int64(15e9))
	}
	require.Equal(t, engine.Pipeline, plan(t4(2, 8e9), c, engine.Auto).Split, "PCIe")
	require.Equal(t, engine.Pipeline, plan(t4(2, 0), c, engine.Auto).Split, "an unknown speed")
	require.Equal(t, engine.Tensor, plan(t4(2, 50e9), c, engine.Auto).Split, "a fast link")
	require.ErrorContains(t, plan(t4(2, 8e9), c, engine.Data).Check(), "on cuda:0: weights 14317.0 MiB")
	require.ErrorContains(t, plan(t4(2, 8e9), c, engine.Data).Check(), "missing, and on cuda:1: ")

	phi := config(t, phi3Mini)
	require.NoError(t, plan(t4(1, 8e9), phi, engine.Auto).Check())
	both := plan(t4(2, 8e9), phi, engine.Auto)
	require.Equal(t, engine.Data, both.Split)
	require.Contains(t, both.String(), "; cuda:1: weights ")
	require.Contains(t, both.String(), "; data split; F16, prompts up to 4096 tokens")
}

func TestSplitOptions(t *testing.T) {
	c := config(t, llama8B)
	mixed := t4(2, 8e9)
	mixed[1].(*device).described.Name = "NVIDIA L4"
	_, err := engine.NewPlan(mixed, c, shapesOf(c), engine.Options{})
	require.ErrorIs(t, err, engine.ErrOptions)
	require.ErrorContains(t, err, "got cuda:1 (NVIDIA L4) beside cuda:0 (Tesla T4), want two of one kind")

	_, err = engine.OpenOn([]backend.Backend{newCPU(t, 1), newCPU(t, 1)}, llama, engine.Options{Split: engine.Tensor})
	require.ErrorIs(t, err, engine.ErrOptions)
	require.ErrorContains(t, err, "device cpu cannot share a model with another")

	for _, s := range []engine.Split{engine.Auto, engine.Data, engine.Tensor, engine.Pipeline} {
		got, err := engine.ParseSplit(s.String())
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
	_, err = engine.ParseSplit("rows")
	require.ErrorIs(t, err, engine.ErrOptions)
}
