package main

import (
	"bytes"
	"encoding/csv"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSmolLM2OnEmulator holds the verdicts of a real model on the emulated GPUs to those of the CPU. It takes minutes, so it
// runs only where TIEBREAK_SLOW is set (make test-slow), with the model that `make model` fetches.
func TestSmolLM2OnEmulator(t *testing.T) {
	if os.Getenv("TIEBREAK_SLOW") == "" {
		t.Skip("minutes of emulation; set TIEBREAK_SLOW")
	}
	dir, err := modelDir("")
	require.NoError(t, err)
	rows := readCSV(t, sample)
	var input bytes.Buffer
	w := csv.NewWriter(&input)
	require.NoError(t, w.WriteAll([][]string{rows[0], rows[3], rows[4]})) // two short ones
	verdicts := func(args ...string) [][]float64 {
		got := tiebreak(t, input.String(), append([]string{"predict", "--model", dir, "--input", "-", "--output", "-", "-q"}, args...)...)
		require.Equal(t, exitDone, got.code, got.err)
		return [][]float64{numbers(t, got.out, 1), numbers(t, got.out, 2)}
	}
	want := verdicts("--dtype", "f32")
	for _, c := range []struct {
		sm, dtype string
		most      float64
	}{
		{"75", "f16", 2e-3},
		{"80", "f16", 2e-3},
		// Rounding to bf16 alone moves these probabilities by up to 9e-3 on the CPU: twice its own distance is allowed.
		{"80", "bf16", 2 * distance(want, verdicts("--dtype", "bf16"))},
	} {
		t.Setenv("TIEBREAK_EMU_SM", c.sm)
		got := verdicts("--device", "emu:0", "--dtype", c.dtype)
		t.Logf("sm_%s %s: at most %.1e from the CPU in f32, %.1e allowed", c.sm, c.dtype, distance(want, got), c.most)
		require.LessOrEqual(t, distance(want, got), c.most, "sm_%s %s", c.sm, c.dtype)
		for i := range got {
			if lead(want[i]) > max(1e-3, c.most) {
				require.Equal(t, winner(want[i]), winner(got[i]), "sm_%s %s row %d", c.sm, c.dtype, i)
			}
		}
	}
}

// distance is the largest difference between probabilities.
func distance(a, b [][]float64) float64 {
	most := 0.0
	for i := range a {
		for j := range a[i] {
			most = math.Max(most, math.Abs(a[i][j]-b[i][j]))
		}
	}
	return most
}

func winner(p []float64) int {
	best := 0
	for i := range p {
		if p[i] > p[best] {
			best = i
		}
	}
	return best
}

// lead is how far the most probable outcome is ahead of the next.
func lead(p []float64) float64 {
	first := winner(p)
	next := math.Inf(-1)
	for i := range p {
		if i != first {
			next = math.Max(next, p[i])
		}
	}
	return p[first] - next
}
