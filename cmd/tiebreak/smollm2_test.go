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
	for _, sm := range []string{"75", "80"} {
		t.Setenv("TIEBREAK_EMU_SM", sm)
		for i, got := range verdicts("--device", "emu:0") {
			require.InDeltaSlice(t, want[i], got, 2e-3, "sm_%s row %d", sm, i)
			if lead(want[i]) > 1e-3 {
				require.Equal(t, winner(want[i]), winner(got), "sm_%s row %d", sm, i)
			}
		}
	}
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
