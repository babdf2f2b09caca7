package engine

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDivide gives every prompt to one device, and no device more than the longest prompt beyond another.
func TestDivide(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := 1; n <= 4; n++ {
		lengths := make([]int, r.IntN(60))
		for i := range lengths {
			lengths[i] = 1 + r.IntN(900)
		}
		var all, loads []int
		for _, share := range divide(lengths, n) {
			all = append(all, share...)
			load := 0
			for _, i := range share {
				load += lengths[i]
			}
			loads = append(loads, load)
		}
		slices.Sort(all)
		require.Len(t, all, len(lengths))
		require.Equal(t, all, slices.Compact(slices.Clone(all)))
		if len(lengths) > 0 {
			require.LessOrEqual(t, slices.Max(loads)-slices.Min(loads), slices.Max(lengths))
		}
	}
	require.Equal(t, [][]int{{1}, {2, 3, 0}}, divide([]int{1, 6, 3, 2}, 2), "6 against 3 + 2 + 1")
}
