package engine_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiebreak/backend"
	"tiebreak/engine"
	"tiebreak/model"
	"tiebreak/model/goldentest"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// families draws prompts that begin alike in many ways: with the same instruction, and in families with more behind it; some
// are equal, some begin with a whole other one, and lengths lie on both sides of whole pages.
func families(seed uint64, vocab int) [][]int32 {
	r := rand.New(rand.NewPCG(seed, 1))
	draw := func(n int) []int32 {
		out := make([]int32, n)
		for i := range out {
			out[i] = int32(r.IntN(vocab))
		}
		return out
	}
	instruction := draw(18 + r.IntN(20))
	var out [][]int32
	for range 4 {
		conversation := slices.Concat(instruction, draw(r.IntN(40)))
		for range 3 {
			out = append(out, slices.Concat(conversation, draw(1+r.IntN(35))))
		}
		out = append(out, out[len(out)-1])
		out = append(out, slices.Concat(out[len(out)-2], draw(1+r.IntN(9))))
	}
	return append(out, instruction, slices.Clone(instruction[:16]), instruction[:17], draw(3))
}

// same compares bits, and says where they differ without printing everything.
func same(t require.TestingT, want, got [][]float32, format string, args ...any) {
	require.Equal(t, len(want), len(got))
	for p := range want {
		if !slices.Equal(want[p], got[p]) {
			require.FailNow(t, "other bits", "prompt %d of %d: %s", p, len(want), fmt.Sprintf(format, args...))
		}
	}
}

// TestSharingKeepsBits scores prompts that have much in common with and without sharing, in batches and pools of many sizes,
// in both orders, and again when the cache is warm: the bits are the same, with less computed.
func TestSharingKeepsBits(t *testing.T) {
	prompts := families(1, 131)
	tokens := int64(len(slices.Concat(prompts...)))
	for _, dir := range []string{llama, phi3, classifier} {
		for _, compute := range []tensor.DType{tensor.F32, tensor.BF16} {
			t.Run(filepath.Base(dir)+"/"+compute.String(), func(t *testing.T) {
				alone := open(t, newCPU(t, 2), dir, engine.Options{Compute: compute, Alone: true})
				want := score(t, alone, prompts)
				require.Equal(t, tokens, alone.Stats().Asked)
				require.Equal(t, tokens, alone.Stats().Computed)
				require.Zero(t, alone.Stats().Pages.Matched)
				for _, opt := range []engine.Options{
					{},
					{BatchTokens: 100, BatchRows: 4},
					{BatchTokens: 37, BatchRows: 3, CachePages: 1},
					{BatchTokens: 1, BatchRows: 1, CachePages: 1},
					{BatchTokens: 4096, BatchRows: 50},
				} {
					opt.Compute = compute
					e := open(t, newCPU(t, 3), dir, opt)
					same(t, want, score(t, e, prompts), "%+v", opt)
					cold := e.Stats()
					require.Equal(t, tokens, cold.Asked)
					require.Less(t, cold.Computed, tokens*3/4, "%+v", opt)
					backwards := slices.Clone(prompts)
					slices.Reverse(backwards)
					got := score(t, e, backwards)
					slices.Reverse(got)
					same(t, want, got, "%+v, reversed and warm", opt)
					require.Zero(t, e.Stats().Pages.Held, "pages are given back")
				}
			})
		}
	}
}

// TestSharingOnSeveralDevices does so on every split.
func TestSharingOnSeveralDevices(t *testing.T) {
	prompts := families(2, 131)
	forks := []engine.Fork{{Prompt: prompts[0], Suffixes: [][]int32{{1, 2}, {3}, nil}}, {Prompt: prompts[1], Suffixes: [][]int32{{1, 2}, {4}}}}
	peers := []backend.Backend{goldentest.Peer{Backend: newCPU(t, 1)}, goldentest.Peer{Backend: newCPU(t, 1)}}
	alone := open(t, peers[0], llama, engine.Options{Compute: tensor.BF16, Alone: true}) // of this kind: it adds in the order that can be divided
	want, wantForks := score(t, alone, prompts), scoreForks(t, alone, forks)
	for _, split := range []engine.Split{engine.Data, engine.Tensor, engine.Pipeline} {
		e, err := engine.OpenOn(peers, llama, engine.Options{Compute: tensor.BF16, BatchTokens: 64, BatchRows: 5, Split: split})
		require.NoError(t, err)
		same(t, want, score(t, e, prompts), "%v", split)
		same(t, slices.Concat(wantForks...), slices.Concat(scoreForks(t, e, forks)...), "forks, %v", split)
		require.Less(t, e.Stats().Computed, e.Stats().Asked*3/4, "%v", split)
		require.Zero(t, e.Stats().Pages.Held)
		require.NoError(t, e.Close())
	}
}

// TestEqualPromptsAreComputedOnce hands each its own logits.
func TestEqualPromptsAreComputedOnce(t *testing.T) {
	e := open(t, newCPU(t, 2), llama, engine.Options{})
	prompts := make([][]int32, 101)
	for i := range prompts {
		prompts[i] = []int32{5, 6, 7}
	}
	got := score(t, e, prompts)
	require.Equal(t, int64(303), e.Stats().Asked)
	require.Equal(t, int64(3), e.Stats().Computed)
	require.Equal(t, int64(300), e.Stats().Reused())
	require.Contains(t, e.Stats().String(), "303 tokens asked for, 3 computed, 300 reused (99.0%), 0 prompts preempted; of ")
	got[0][0]++
	require.NotEqual(t, got[0], got[1], "they are not one slice")
	require.Equal(t, got[1], got[100])
}

// TestSharedPrefixIsComputedOnce counts: the common blocks once, and nothing else is saved.
func TestSharedPrefixIsComputedOnce(t *testing.T) {
	e := open(t, newCPU(t, 2), llama, engine.Options{})
	common := make([]int32, 40) // two whole blocks
	var prompts [][]int32
	for i := range int32(5) {
		prompts = append(prompts, slices.Concat(common, slices.Repeat([]int32{1 + i}, 20)))
	}
	score(t, e, prompts)
	require.Equal(t, int64(5*60-4*32), e.Stats().Computed)
	require.Equal(t, 2, e.Stats().Pages.Idle, "what only one prompt has is not kept")
	score(t, e, prompts)
	require.Equal(t, int64(2*5*60-9*32), e.Stats().Computed, "the prefix is known in the next call")
	require.Zero(t, e.Stats().Pages.Evicted)
}

// TestPassesAreFull has prompts of all lengths, some longer than a pass: no pass but the last has room left.
func TestPassesAreFull(t *testing.T) {
	var passes []int
	e := open(t, newCPU(t, 2), llama, engine.Options{BatchTokens: 64, OnPass: func(tokens int) { passes = append(passes, tokens) }})
	prompts := randomPrompts(30, 100, 131)
	score(t, e, prompts)
	tokens := len(slices.Concat(prompts...))
	require.Len(t, passes, (tokens+63)/64)
	for _, n := range passes[:len(passes)-1] {
		require.Equal(t, 64, n)
	}
}

// TestRandomSchedules draws prompts, forks, limits and pools: all bits are those of prompts by themselves.
func TestRandomSchedules(t *testing.T) {
	alone := open(t, newCPU(t, 1), llama, engine.Options{Compute: tensor.F32, Alone: true})
	be := newCPU(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		prompts := families(rapid.Uint64Range(0, 1000).Draw(t, "seed"), 131)
		prompts = prompts[:rapid.IntRange(1, len(prompts)).Draw(t, "prompts")]
		var forks []engine.Fork
		var all [][]int32
		for _, p := range prompts {
			f := engine.Fork{Prompt: p}
			for range rapid.IntRange(0, 3).Draw(t, "suffixes") {
				f.Suffixes = append(f.Suffixes, rapid.SliceOfN(rapid.Int32Range(0, 130), 0, min(20, 128-len(p))).Draw(t, "suffix"))
				all = append(all, slices.Concat(p, f.Suffixes[len(f.Suffixes)-1]))
			}
			forks = append(forks, f)
		}
		opt := engine.Options{Compute: tensor.F32, BatchTokens: rapid.IntRange(1, 200).Draw(t, "tokens"),
			BatchRows: rapid.IntRange(1, 9).Draw(t, "rows"), CachePages: rapid.IntRange(1, 9).Draw(t, "pages")}
		e, err := engine.Open(be, llama, opt)
		require.NoError(t, err)
		defer e.Close()
		want := make([][]float32, len(all))
		require.NoError(t, alone.Score(context.Background(), all, func(p int, logits []float32, err error) {
			require.NoError(t, err)
			want[p] = logits
		}))
		same(t, want, slices.Concat(scoreForks(t, e, forks)...), "forks of prompts")
		require.Zero(t, e.Stats().Pages.Held)
		require.LessOrEqual(t, e.Stats().Computed, e.Stats().Asked)
	})
}

// TestSpoiledNeighbours has prompts that begin alike, in a block and far beyond it, beside ones that go on with a token whose
// embedding is not a number, shorter and longer: these fail, and nobody else notices, in whatever order they come.
func TestSpoiledNeighbours(t *testing.T) {
	e, sound := spoiled(t)
	begin := make([]int32, 36)
	prompts := [][]int32{
		slices.Concat(begin, []int32{50}), slices.Concat(begin, []int32{8}), slices.Concat(begin, []int32{50, 3, 3, 3}),
		slices.Concat(begin, []int32{9, 9, 9}), slices.Concat(begin[:33], []int32{50, 1, 1}, begin), slices.Concat(begin[:33], []int32{1}, begin), begin,
	}
	want := score(t, sound, prompts)
	for range 2 { // the second time with what the first one left in the cache
		for shift := range prompts {
			order := append(slices.Clone(prompts[shift:]), prompts[:shift]...)
			require.NoError(t, e.Score(t.Context(), order, func(p int, logits []float32, err error) {
				if slices.Contains(order[p], 50) {
					require.ErrorContains(t, err, "got NaN")
					return
				}
				require.NoError(t, err)
				require.True(t, slices.Equal(want[(p+shift)%len(prompts)], logits), "prompt %d, order %d", p, shift)
			}))
		}
	}
	suffixes := [][]int32{{8}, {50}, {9, 9, 9}}
	require.NoError(t, e.ScoreForks(t.Context(), []engine.Fork{{begin, suffixes}, {[]int32{50}, suffixes}}, func(f, s int, logits []float32, err error) {
		if f == 1 || s == 1 {
			require.ErrorContains(t, err, "got NaN")
		} else {
			require.NoError(t, err)
			require.True(t, slices.Equal(want[1+s], logits), "suffix %d", s)
		}
	}))
	require.Zero(t, e.Stats().Pages.Held)
}

// spoiled opens a model in which token 50 is not a number, and the same model as it should be.
func spoiled(t *testing.T) (spoiled, sound *engine.Engine) {
	t.Helper()
	be := newCPU(t, 2)
	c, err := model.ReadConfig(llama)
	require.NoError(t, err)
	set, err := safetensors.Open(llama)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, set.Close()) })
	embed, err := set.Tensor("model.embed_tokens.weight")
	require.NoError(t, err)
	embed.Data = slices.Clone(embed.Data)
	tensor.CastUint16(embed.Rows(50, 51).Data)[3] = tensor.BF16FromFloat32(float32(math.NaN()))
	opt := engine.Options{BatchTokens: 64, BatchRows: 4}
	spoiled, err = engine.New([]backend.Backend{be}, c, edited{set, map[string]tensor.Tensor{"model.embed_tokens.weight": embed}}, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, spoiled.Close()) })
	opt.Alone = true
	return spoiled, open(t, be, llama, opt)
}

// TestPagesAfterAnError cancels runs in the middle: what had begun holds no pages afterwards, and the engine goes on.
func TestPagesAfterAnError(t *testing.T) {
	e := open(t, newCPU(t, 2), llama, engine.Options{BatchTokens: 20, BatchRows: 3})
	prompts := families(3, 131)
	want := score(t, open(t, newCPU(t, 2), llama, engine.Options{Alone: true}), prompts)
	for stop := range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		finished := 0
		err := e.Score(ctx, prompts, func(int, []float32, error) {
			if finished++; finished > stop {
				cancel()
			}
		})
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, e.Stats().Pages.Held, "after %d answers", finished)
	}
	same(t, want, score(t, e, prompts), "afterwards")
}

// TestGenerateTwice finds the prompt in the cache and continues it alike.
func TestGenerateTwice(t *testing.T) {
	e := open(t, newCPU(t, 2), llama, engine.Options{Compute: tensor.F32, BatchTokens: 16})
	g := engine.Generation{Prompt: families(4, 131)[0], MaxTokens: 20}
	first, err := e.Generate(t.Context(), g)
	require.NoError(t, err)
	cold := e.Stats()
	second, err := e.Generate(t.Context(), g)
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Equal(t, int64((len(g.Prompt)-1)/16*16), 2*cold.Computed-e.Stats().Computed, "whole blocks of the prompt are not computed again")
	require.Zero(t, e.Stats().Pages.Held)
	require.Equal(t, cold.Asked, cold.Computed)
}
