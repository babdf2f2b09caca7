package engine

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBatches(t *testing.T) {
	for name, c := range map[string]struct {
		lengths []int
		lim     limits
		want    []batch
	}{
		"none":                  {nil, limits{10, 3}, nil},
		"exactly one pass":      {[]int{4, 6}, limits{10, 3}, []batch{{prompts: []int{1, 0}}}},
		"longest first":         {[]int{1, 9, 5, 5}, limits{10, 3}, []batch{{prompts: []int{1, 0}}, {prompts: []int{2, 3}}}},
		"rows run out":          {[]int{1, 1, 1, 1}, limits{10, 3}, []batch{{prompts: []int{0, 1, 2}}, {prompts: []int{3}}}},
		"longer than a pass":    {[]int{3, 25, 6}, limits{10, 3}, []batch{{prompts: []int{1, 0}, ahead: 20}, {prompts: []int{2}}}},
		"whole passes ahead":    {[]int{20, 1}, limits{10, 3}, []batch{{prompts: []int{0}, ahead: 10}, {prompts: []int{1}}}},
		"two long, one a batch": {[]int{11, 11}, limits{10, 3}, []batch{{prompts: []int{0}, ahead: 10}, {prompts: []int{1}, ahead: 10}}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, batches(c.lengths, c.lim)) })
	}
}

// TestBatchesKeepLimits draws lengths and limits: every prompt is in one batch, no pass exceeds its limits, the longest
// prompt of each batch is no longer than that of the batch before, and the pool has pages for every batch.
func TestBatchesKeepLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOf(rapid.IntRange(1, 100)).Draw(t, "lengths")
		lim := limits{tokens: rapid.IntRange(1, 60).Draw(t, "tokens"), rows: rapid.IntRange(1, 7).Draw(t, "rows")}
		var seen []int
		before := 1 << 30
		for _, b := range batches(lengths, lim) {
			tokens, pages := -b.ahead, 0
			for _, p := range b.prompts {
				tokens += lengths[p]
				pages += pagesFor(lengths[p])
			}
			first := lengths[b.prompts[0]]
			require.True(t, tokens >= 1 && tokens <= lim.tokens && len(b.prompts) <= lim.rows, "%v of %v", b, lengths)
			require.True(t, b.ahead%lim.tokens == 0 && b.ahead < first)
			require.LessOrEqual(t, first, before)
			require.LessOrEqual(t, pages, poolPages(100, lim))
			before = first
			seen = append(seen, b.prompts...)
		}
		slices.Sort(seen)
		for i, p := range seen {
			require.Equal(t, i, p)
		}
		require.Len(t, seen, len(lengths))
	})
}
