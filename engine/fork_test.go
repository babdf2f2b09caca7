package engine_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/engine"
	"tiebreak/tensor"
)

// scoreForks runs forks and requires that each suffix succeeds, once.
func scoreForks(t require.TestingT, e *engine.Engine, forks []engine.Fork) [][][]float32 {
	out := make([][][]float32, len(forks))
	for i, f := range forks {
		out[i] = make([][]float32, len(f.Suffixes))
	}
	err := e.ScoreForks(context.Background(), forks, func(f, s int, logits []float32, err error) {
		require.NoError(t, err, "fork %d, suffix %d", f, s)
		require.Nil(t, out[f][s], "fork %d, suffix %d is done twice", f, s)
		out[f][s] = logits
	})
	require.NoError(t, err)
	for i := range out {
		require.NotContains(t, out[i], []float32(nil))
	}
	return out
}

// TestForks asks ten questions about a prompt: each gets the bits of a prompt of its own, for the tokens of one prompt and
// ten questions.
func TestForks(t *testing.T) {
	for _, dir := range []string{llama, phi3, classifier} {
		for _, n := range []int{1, 15, 16, 17, 50} {
			f := engine.Fork{Prompt: make([]int32, n), Suffixes: [][]int32{nil}}
			for i := range int32(10) {
				f.Suffixes = append(f.Suffixes, []int32{i, i + 1, 2 * i}[:1+i%3])
			}
			f.Suffixes = append(f.Suffixes, f.Suffixes[3], make([]int32, 30))
			var prompts [][]int32
			for _, s := range f.Suffixes {
				prompts = append(prompts, slices.Concat(f.Prompt, s))
			}
			alone := open(t, newCPU(t, 2), dir, engine.Options{Compute: tensor.BF16, Alone: true})
			want := score(t, alone, prompts)
			same(t, want, scoreForks(t, alone, []engine.Fork{f})[0], "alone")
			for _, opt := range []engine.Options{{}, {BatchTokens: 7, BatchRows: 2, CachePages: 1}} {
				opt.Compute = tensor.BF16
				e := open(t, newCPU(t, 2), dir, opt)
				same(t, want, scoreForks(t, e, []engine.Fork{f})[0], "%d tokens, %+v", n, opt)
				require.Equal(t, int64(n+len(slices.Concat(f.Suffixes...))), e.Stats().Computed)
				require.Equal(t, int64(len(slices.Concat(prompts...))), e.Stats().Asked)
				require.Zero(t, e.Stats().Pages.Held)
			}
		}
	}
}

func TestForkErrors(t *testing.T) {
	e := open(t, newCPU(t, 2), llama, engine.Options{MaxTokens: 20})
	sound := []int32{1, 2, 3}
	want := score(t, e, [][]int32{{1, 2, 3, 4}})
	forks := []engine.Fork{
		{Prompt: nil, Suffixes: [][]int32{{1}}},
		{Prompt: sound, Suffixes: [][]int32{make([]int32, 18), {4}, {131}, nil}},
		{Prompt: sound},
	}
	messages := map[[2]int]string{
		{0, 0}: "got no tokens, want 1 or more",
		{1, 0}: "got 21 tokens, 18 of them a suffix, want at most 20",
		{1, 2}: "suffix: engine: prompt: token 0: got id 131, want 0 to 130",
	}
	answered := 0
	require.NoError(t, e.ScoreForks(t.Context(), forks, func(f, s int, logits []float32, err error) {
		answered++
		if m, ok := messages[[2]int{f, s}]; ok {
			require.ErrorIs(t, err, engine.ErrPrompt)
			require.ErrorContains(t, err, m)
			return
		}
		require.NoError(t, err)
		if s == 1 {
			require.True(t, slices.Equal(want[0], logits))
		}
	}))
	require.Equal(t, 5, answered)
}

// TestPreempt has computed prompts hold nearly all pages, most of them found in the cache, so that no suffix finds any: one
// prompt gives its pages up and is begun again.
func TestPreempt(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	draw := func(n int) []int32 {
		out := make([]int32, n)
		for i := range out {
			out[i] = int32(r.IntN(131))
		}
		return out
	}
	var known [][]int32
	var forks []engine.Fork
	for range 6 {
		begin := draw(96)
		known = append(known, slices.Concat(begin, draw(1)), slices.Concat(begin, draw(2)))
		forks = append(forks, engine.Fork{Prompt: slices.Concat(begin, draw(1)), Suffixes: [][]int32{draw(31), nil, draw(31), draw(3)}})
	}
	want := scoreForks(t, open(t, newCPU(t, 2), llama, engine.Options{Alone: true}), forks)
	// Six prompts of seven pages hold 42 of 43.
	e := open(t, newCPU(t, 2), llama, engine.Options{BatchTokens: 16, BatchRows: 6, CachePages: 43 - 8 - 1 - 1 - 6})
	score(t, e, known)
	require.Zero(t, e.Stats().Pages.Evicted)
	same(t, slices.Concat(want...), slices.Concat(scoreForks(t, e, forks)...), "preempted")
	require.Positive(t, e.Stats().Preempted)
	require.Zero(t, e.Stats().Pages.Held)
	require.Equal(t, 43, e.Stats().Pages.Pages)
}
