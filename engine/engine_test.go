package engine_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/cpu"
	"tiebreak/engine"
	"tiebreak/model"
	"tiebreak/model/goldentest"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

const (
	llama      = "../model/testdata/goldens/llama31"
	phi3       = "../model/testdata/goldens/phi3"
	classifier = "../model/testdata/goldens/phi3_classifier"
)

func newCPU(t *testing.T, threads int) backend.Backend {
	t.Helper()
	be, err := cpu.New(cpu.Options{Threads: threads})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, be.Close()) })
	return be
}

func open(t *testing.T, be backend.Backend, dir string, opt engine.Options) *engine.Engine {
	t.Helper()
	e, err := engine.Open(be, dir, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// score runs prompts and requires that each succeeds, once.
func score(t *testing.T, e *engine.Engine, prompts [][]int32) [][]float32 {
	t.Helper()
	out := make([][]float32, len(prompts))
	err := e.Score(t.Context(), prompts, func(p int, logits []float32, err error) {
		require.NoError(t, err, "prompt %d", p)
		require.Nil(t, out[p], "prompt %d is done twice", p)
		out[p] = logits
	})
	require.NoError(t, err)
	require.NotContains(t, out, []float32(nil))
	return out
}

func near(t *testing.T, want, got []float32, what string) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.InDelta(t, want[i], got[i], goldentest.Float32Error, "%s: element %d", what, i)
	}
}

// TestGolden holds scoring, logits of all positions and greedy decoding in float32 to every reference. The token budget is
// smaller than the longest prompt, so that chunks take part.
func TestGolden(t *testing.T) {
	be := newCPU(t, 0)
	for _, c := range goldentest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			want := c.Reference(t)
			e := open(t, be, c.Dir, engine.Options{Compute: tensor.F32, BatchTokens: 24, BatchRows: 3, MaxTokens: 128})
			got := score(t, e, want.Prompts)
			for p, ids := range want.Prompts {
				if want.Classes != nil {
					near(t, want.Classes[p], got[p], "class logits")
					continue
				}
				near(t, want.Logits[p][(len(ids)-1)*e.Outputs():], got[p], "logits of the last token")
				require.NoError(t, e.Logits(t.Context(), ids, func(pos int, logits []float32) error {
					near(t, want.Logits[p][pos*e.Outputs():(pos+1)*e.Outputs()], logits, "logits")
					return nil
				}))
				out, err := e.Generate(t.Context(), engine.Generation{Prompt: ids, MaxTokens: len(want.Greedy[p])})
				require.NoError(t, err)
				require.Equal(t, want.Greedy[p], out, "greedy tokens of prompt %d", p)
			}
		})
	}
}

// randomPrompts draws prompts of 1 to most tokens.
func randomPrompts(n, most, vocab int) [][]int32 {
	r := rand.New(rand.NewPCG(7, 7))
	out := make([][]int32, n)
	for i := range out {
		out[i] = make([]int32, 1+r.IntN(most))
		for j := range out[i] {
			out[i][j] = int32(r.IntN(vocab))
		}
	}
	return out
}

// TestScoreIsRowExact scores the same prompts in other batches, chunks, orders and numbers of threads: the bits stay.
func TestScoreIsRowExact(t *testing.T) {
	prompts := randomPrompts(14, 70, 131)
	for _, dir := range []string{llama, phi3, classifier} {
		for _, compute := range []tensor.DType{tensor.F32, tensor.BF16} {
			t.Run(filepath.Base(dir)+"/"+compute.String(), func(t *testing.T) {
				want := score(t, open(t, newCPU(t, 1), dir, engine.Options{Compute: compute, BatchTokens: 4096}), prompts)
				for _, opt := range []engine.Options{
					{BatchTokens: 100, BatchRows: 50},
					{BatchTokens: 17, BatchRows: 3},
					{BatchTokens: 1, BatchRows: 1},
					{BatchTokens: 300, BatchRows: 1},
				} {
					opt.Compute = compute
					e := open(t, newCPU(t, 3), dir, opt)
					require.Equal(t, want, score(t, e, prompts), "%+v", opt)
					backwards := slices.Clone(prompts)
					slices.Reverse(backwards)
					got := score(t, e, backwards)
					slices.Reverse(got)
					require.Equal(t, want, got, "%+v, reversed", opt)
				}
			})
		}
	}
}

// TestScoreLabels computes chosen rows of the head alone and finds the bits that the whole head gives.
func TestScoreLabels(t *testing.T) {
	be := newCPU(t, 2)
	prompts := randomPrompts(9, 40, 131)
	labels := []int32{17, 3, 130}
	for _, dir := range []string{llama, "../model/testdata/goldens/llama_tied"} {
		all := score(t, open(t, be, dir, engine.Options{Compute: tensor.F32}), prompts)
		e := open(t, be, dir, engine.Options{Compute: tensor.F32, Labels: labels})
		require.Equal(t, 3, e.Outputs())
		for p, got := range score(t, e, prompts) {
			require.Equal(t, []float32{all[p][17], all[p][3], all[p][130]}, got, "prompt %d", p)
		}
		_, err := e.Generate(t.Context(), engine.Generation{Prompt: prompts[0], MaxTokens: 1})
		require.ErrorIs(t, err, engine.ErrOptions)
	}
	_, err := engine.Open(be, llama, engine.Options{Labels: []int32{131}})
	require.ErrorContains(t, err, "labels: got token 131, want 0 to 130")
	_, err = engine.Open(be, classifier, engine.Options{Labels: labels})
	require.ErrorContains(t, err, "labels: got 3 for a classifier, want none")
}

// TestScoreRowErrors mixes prompts that cannot be run with sound ones, which must not notice.
func TestScoreRowErrors(t *testing.T) {
	e := open(t, newCPU(t, 2), llama, engine.Options{MaxTokens: 20, BatchTokens: 32})
	sound := randomPrompts(2, 20, 131)
	want := score(t, e, sound)
	prompts := [][]int32{{}, sound[0], {1, 131}, make([]int32, 21), {-1}, sound[1]}
	messages := map[int]string{0: "got no tokens", 2: "token 1: got id 131, want 0 to 130", 3: "got 21 tokens, want at most 20", 4: "got id -1"}
	finished := 0
	err := e.Score(t.Context(), prompts, func(p int, logits []float32, err error) {
		finished++
		if message, bad := messages[p]; bad {
			require.ErrorContains(t, err, message)
			require.Nil(t, logits)
			return
		}
		require.NoError(t, err)
		require.Equal(t, want[p/5], logits)
	})
	require.NoError(t, err)
	require.Equal(t, len(prompts), finished)
}

// edited replaces tensors of a checkpoint.
type edited struct {
	*safetensors.Set
	with map[string]tensor.Tensor
}

func (e edited) Tensor(name string) (tensor.Tensor, error) {
	if t, ok := e.with[name]; ok {
		return t, nil
	}
	return e.Set.Tensor(name)
}

// TestScoreNotFinite poisons the embedding of one token: prompts that hold it fail by name, and those beside them in the
// batch keep their bits.
func TestScoreNotFinite(t *testing.T) {
	be := newCPU(t, 2)
	c, err := model.ReadConfig(llama)
	require.NoError(t, err)
	set, err := safetensors.Open(llama)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, set.Close()) })
	embed, err := set.Tensor("model.embed_tokens.weight")
	require.NoError(t, err)
	embed.Data = slices.Clone(embed.Data)
	row := tensor.CastUint16(embed.Rows(50, 51).Data)
	row[3] = tensor.BF16FromFloat32(float32(math.NaN()))
	prompts := [][]int32{{1, 2, 3, 4, 5, 6, 7}, {9, 50, 8}, {7, 7}}
	want := score(t, open(t, be, llama, engine.Options{}), prompts)

	e, err := engine.New([]backend.Backend{be}, c, edited{set, map[string]tensor.Tensor{"model.embed_tokens.weight": embed}}, engine.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	err = e.Score(t.Context(), prompts, func(p int, logits []float32, err error) {
		if p == 1 {
			require.ErrorContains(t, err, "got NaN")
			return
		}
		require.NoError(t, err)
		require.Equal(t, want[p], logits)
	})
	require.NoError(t, err)
	_, err = e.Generate(t.Context(), engine.Generation{Prompt: prompts[1], MaxTokens: 2})
	require.ErrorContains(t, err, "token 0: engine: logits: got NaN")
}

func TestCancel(t *testing.T) {
	e := open(t, newCPU(t, 2), llama, engine.Options{BatchRows: 1})
	ctx, cancel := context.WithCancel(t.Context())
	finished := 0
	err := e.Score(ctx, randomPrompts(10, 30, 131), func(int, []float32, error) {
		finished++
		if finished == 3 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 3, finished)
	_, err = e.Generate(ctx, engine.Generation{Prompt: []int32{1}, MaxTokens: 2})
	require.ErrorIs(t, err, context.Canceled)
}

func TestGenerate(t *testing.T) {
	e := open(t, newCPU(t, 2), llama, engine.Options{Compute: tensor.F32, MaxTokens: 40, BatchTokens: 8})
	prompt := []int32{3, 5, 8, 13, 21, 34, 55, 89, 90}
	run := func(g engine.Generation) []int32 {
		t.Helper()
		g.Prompt = prompt
		out, err := e.Generate(t.Context(), g)
		require.NoError(t, err)
		return out
	}
	greedy := run(engine.Generation{MaxTokens: 12})
	require.Len(t, greedy, 12)
	require.Empty(t, run(engine.Generation{}))
	stops := []int32{greedy[4]}
	require.Equal(t, greedy[:slices.Index(greedy, greedy[4])], run(engine.Generation{MaxTokens: 12, Stop: stops}), "the stop token is left out")
	held := run(engine.Generation{MaxTokens: 12, MinTokens: 12, Stop: stops})
	require.Len(t, held, 12)
	require.NotContains(t, held, greedy[4])
	var streamed []int32
	run(engine.Generation{MaxTokens: 12, OnToken: func(id int32) error { streamed = append(streamed, id); return nil }})
	require.Equal(t, greedy, streamed)

	hot := engine.Generation{MaxTokens: 12, Temperature: 3, Seed: 1}
	first := run(hot)
	require.Equal(t, first, run(hot), "equal seeds")
	hot.Seed = 2
	require.NotEqual(t, first, run(hot))
	cold := engine.Generation{MaxTokens: 12, Temperature: 1e-6, Seed: 3}
	require.Equal(t, greedy, run(cold), "a temperature near 0 is greedy")

	stop := errors.New("enough")
	out, err := e.Generate(t.Context(), engine.Generation{Prompt: prompt, MaxTokens: 12, OnToken: func(int32) error { return stop }})
	require.ErrorIs(t, err, stop)
	require.Equal(t, greedy[:1], out)
	for _, g := range []engine.Generation{
		{Prompt: prompt, MaxTokens: 32}, {Prompt: prompt, MaxTokens: -1}, {Prompt: prompt, Temperature: -1}, {Prompt: prompt, Temperature: math.NaN()}, {Prompt: prompt, Stop: []int32{131}},
	} {
		_, err := e.Generate(t.Context(), g)
		require.ErrorIs(t, err, engine.ErrOptions)
	}
	_, err = e.Generate(t.Context(), engine.Generation{MaxTokens: 1})
	require.ErrorContains(t, err, "got no tokens")
}

// TestOnPass adds up to the tokens of the prompts.
func TestOnPass(t *testing.T) {
	prompts := randomPrompts(12, 50, 131)
	sum, passes := 0, 0
	e := open(t, newCPU(t, 2), llama, engine.Options{BatchTokens: 20, OnPass: func(tokens int) { sum += tokens; passes++ }})
	score(t, e, prompts)
	require.Len(t, slices.Concat(prompts...), sum)
	require.GreaterOrEqual(t, passes, sum/20)
}
