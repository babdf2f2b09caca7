package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/bench"
)

func TestBench(t *testing.T) {
	dir := tinyModel(t, tinyConfig)
	for name, args := range map[string][]string{
		"prefill": {"--model", dir, "--tokens", "7", "--batch", "2"},
		"decode":  {"--model", dir, "--tokens", "3", "--dtype", "bf16"},
		"predict": {"--model", dir, "--input", sample, "--rows", "3"},
	} {
		got := tiebreak(t, "", append([]string{"bench", name, "--repeat", "1", "--json", "--device", "cpu"}, args...)...)
		require.Equal(t, exitDone, got.code, got.err)
		var r bench.Result
		require.NoError(t, json.Unmarshal([]byte(got.out), &r), got.out)
		require.Equal(t, name, r.Benchmark)
		require.Positive(t, r.TokensPS)
		require.Positive(t, r.PeakFraction)
	}
	words := tiebreak(t, "", "bench", "prefill", "--model", dir, "--tokens", "7", "--repeat", "1", "--device", "cpu")
	require.Equal(t, exitDone, words.code, words.err)
	require.Contains(t, words.out, "tokens per second")
	require.Contains(t, words.out, "MiB planned")
}

// TestBenchWritesIDs holds that other engines can be given the very prompts, one for each row without --swap.
func TestBenchWritesIDs(t *testing.T) {
	dir, path := tinyModel(t, tinyConfig), filepath.Join(t.TempDir(), "ids")
	for swap, want := range map[string]int{"--swap=false": 2, "--swap=true": 4} {
		got := tiebreak(t, "", "bench", "predict", "--model", dir, "--input", sample, "--rows", "2", swap, "--repeat", "1", "--write-ids", path, "--json")
		require.Equal(t, exitDone, got.code, got.err)
		f, err := os.Open(path)
		require.NoError(t, err)
		defer f.Close()
		prompts := 0
		for lines := bufio.NewScanner(f); lines.Scan(); prompts++ {
			var ids []int32
			require.NoError(t, json.Unmarshal(lines.Bytes(), &ids))
			require.NotEmpty(t, ids)
		}
		require.Equal(t, want, prompts)
	}
}

func TestBenchUsage(t *testing.T) {
	for want, args := range map[string][]string{
		`shapes: got "gpt", want smollm2, phi3, llama`: {"gemm", "--shapes", "gpt"},
		`--weights "i8": want f32, bf16 or f16`:        {"gemm", "--weights", "i8"},
		"--tokens 0: want 1 or more":                   {"attention", "--tokens", "0"},
		"--past -1":                                    {"attention", "--past", "-1"},
		"--repeat 0: want 1 or more":                   {"prefill", "--repeat", "0"},
		"--batch 0":                                    {"prefill", "--batch", "0"},
		"--tokens 1: want 2 or more":                   {"decode", "--tokens", "1"},
		`required flag(s) "input" not set`:             {"predict"},
	} {
		got := tiebreak(t, "", append([]string{"bench"}, args...)...)
		require.Equal(t, exitUsage, got.code, "%v: %s", args, got.err)
		require.Contains(t, got.err, want)
	}
}
