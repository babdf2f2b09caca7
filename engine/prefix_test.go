package engine

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// ids gives n tokens of one kind.
func ids(id int32, n int) []int32 { return slices.Repeat([]int32{id}, n) }

func requestsOf(prompts ...[]int32) (out []*request) {
	for _, p := range prompts {
		out = append(out, &request{ids: p, suffixes: [][]int32{nil}})
	}
	return out
}

func TestGroups(t *testing.T) {
	instruction := ids(1, 20)
	a, b, c := slices.Concat(instruction, ids(2, 30)), slices.Concat(instruction, ids(2, 20), ids(3, 40)), slices.Concat(instruction, ids(4, 70))
	all := requestsOf(a, b, c)
	of := func(groups []group) (out [][][]int32) {
		for _, g := range groups {
			var prompts [][]int32
			for _, r := range g.requests {
				prompts = append(prompts, r.ids)
			}
			out = append(out, prompts)
		}
		return out
	}
	first := all[0]
	got := groups(all, 1000)
	require.Equal(t, [][][]int32{{c}, {a, b}}, of(got), "a and b have more in common than the instruction; c is the longest")
	require.Equal(t, 32, first.shared, "40 tokens in common with b, in whole blocks")
	require.Equal(t, 16, got[0].requests[0].shared)
	require.Equal(t, 50+80-32, got[1].tokens)
	require.Equal(t, 80, got[1].longest)
	require.Equal(t, [][][]int32{{c}, {b}, {a}}, of(groups(requestsOf(a, b, c), 60)), "a group of a and b would be too large")
	require.Equal(t, [][][]int32{{c}, {b}, {a}}, of(apart(requestsOf(a, b, c))))
	require.Empty(t, groups(nil, 10))
	require.Equal(t, [][][]int32{{a}}, of(groups(requestsOf(a), 10)))
}

// TestGroupsFindAllSharing compares with the longest common beginning over all pairs.
func TestGroupsFindAllSharing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runs := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, 60), 1, 4), 1, 9).Draw(t, "runs")
		var prompts [][]int32
		for _, lengths := range runs {
			var p []int32
			for i, n := range lengths {
				p = append(p, ids(int32(i+n%2), n)...)
			}
			prompts = append(prompts, append(p, 7))
		}
		requests := requestsOf(prompts...)
		requests[0].suffixes = [][]int32{ids(1, 3), ids(2, 5)}
		all := slices.Clone(requests)
		var seen []*request
		longest, tokens := 1<<30, 0
		for _, g := range groups(requests, rapid.IntRange(0, 500).Draw(t, "most")) {
			require.LessOrEqual(t, g.longest, longest)
			longest, tokens = g.longest, tokens+g.tokens
			seen = append(seen, g.requests...)
		}
		require.ElementsMatch(t, all, seen)
		total := 0
		for i, r := range all {
			want := 0
			for k, other := range all {
				if k != i {
					want = max(want, blocks(r.ids, other.ids))
				}
			}
			require.Equal(t, want, r.shared, "of %v", r.ids)
			total += r.tokens()
		}
		require.LessOrEqual(t, tokens, total)
	})
}
