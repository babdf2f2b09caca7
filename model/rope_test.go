package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// llama31Rope is that of meta-llama/Llama-3.1-8B.
var llama31Rope = Rope{Theta: 500000, Llama3: &RopeLlama3{Factor: 8, LowFreq: 1, HighFreq: 4, Original: 8192}}

// TestRopeFrequencies holds the three ranges of the stretching to values printed by transformers 5.23: kept up to pair 28,
// blended to 35, divided by 8 from 36 on.
func TestRopeFrequencies(t *testing.T) {
	f := llama31Rope.frequencies(128)
	require.Len(t, f, 64)
	for pair, want := range map[int]float64{0: 1, 1: 0.814617217, 17: 0.0306345206, 28: 0.00321144611, 29: 0.00216657063,
		30: 0.00137189368, 35: 9.55621217e-05, 36: 7.78465546e-05, 63: 3.06892588e-07} {
		require.InEpsilon(t, want, f[pair], 3e-7, "pair %d", pair)
	}
	plain := Rope{Theta: 500000}.frequencies(128)
	require.Equal(t, plain[:29], f[:29])
	require.InEpsilon(t, plain[63]/8, f[63], 1e-7)
}

func TestRopeTable(t *testing.T) {
	const d = 128
	table := llama31Rope.table(8192, d)
	require.Len(t, table, 8192*d)
	for _, c := range []struct {
		pos, pair int
		cos, sin  float64 // as transformers 5.23 prints them
	}{
		{0, 0, 1, 0}, {0, 63, 1, 0},
		{1, 0, 0.540302336, 0.841470957}, {1, 29, 0.999997675, 0.002166569},
		{100, 1, 0.975965977, -0.217922851}, {100, 35, 0.999954343, 0.00955606718},
		{8191, 0, -0.646390498, -0.763006806}, {8191, 35, 0.708977282, 0.705231309}, {8191, 63, 0.999996841, 0.00251375465},
	} {
		row := table[c.pos*d : (c.pos+1)*d]
		require.InDelta(t, c.cos, row[c.pair], 2e-7, "cosine at position %d, pair %d", c.pos, c.pair)
		require.InDelta(t, c.sin, row[d/2+c.pair], 2e-7, "sine at position %d, pair %d", c.pos, c.pair)
	}
	// One unit in the last place of a frequency is 8191 * 6e-8 = 5e-4 here; powers are not rounded alike everywhere.
	require.InDelta(t, 0.977398813, table[8191*d+1], 5e-4)
	require.InDelta(t, 0.450763315, table[8191*d+29], 5e-4)
}
