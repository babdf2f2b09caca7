package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/bench"
)

func TestParseLlama(t *testing.T) {
	r, err := parseLlama([]byte(`[{"model_type":"llama 256M BF16","n_threads":2,"samples_ts":[9,7,8]}]`))
	require.NoError(t, err)
	require.Equal(t, bench.Result{DType: "llama 256M BF16", Threads: 2, TokensPS: 8}, r)
	for _, text := range []string{"", "[]", `[{"samples_ts":[]}]`, `[{"samples_ts":[1]},{"samples_ts":[1]}]`} {
		_, err := parseLlama([]byte(text))
		require.Error(t, err, text)
	}
}

// speeds are results of one round each.
func speeds(v ...float64) (all []bench.Result) {
	for _, x := range v {
		all = append(all, bench.Result{TokensPS: x, Seconds: bench.Spread{Median: 1 / x}, Prompts: 1, Processor: "a chip"})
	}
	return all
}

// TestCompare takes each round's ratio to the peer that was better in that round.
func TestCompare(t *testing.T) {
	r := compare("work", &outcome{Names: []string{"tiebreak", "llama.cpp", "PyTorch"},
		Runs: [][]bench.Result{speeds(100, 60, 90), speeds(50, 20, 20), speeds(40, 30, 10)}})
	require.InDelta(t, 2, r.Ratio, 1e-12) // of 2, 2 and 4.5
	require.Equal(t, map[string]float64{"tiebreak": 90, "llama.cpp": 20, "PyTorch": 30}, r.Speeds)
	require.Equal(t, "tokens/s", r.Unit)
	require.Equal(t, "–", r.Speed("another"))
}

// TestPage renders all that can be measured, and the little that a machine without peers' results has.
func TestPage(t *testing.T) {
	results := map[string]*outcome{}
	s := setup{dir: t.TempDir()}
	require.NoError(t, os.Mkdir(filepath.Join(s.dir, "phi3-mini"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "phi3-mini", "config.json"), nil, 0o644))
	for _, c := range comparisons(s) {
		o := &outcome{Load: []float64{0.5}}
		for i, x := range c.contenders {
			o.Names = append(o.Names, x.Name)
			runs := speeds(float64(100 - i))
			runs[0].Cases = []bench.Case{{Name: "case of " + c.Name}}
			o.Runs = append(o.Runs, runs)
		}
		results[c.Name] = o
	}
	docs := t.TempDir()
	require.NoError(t, writePage(docs, results))
	text, err := os.ReadFile(filepath.Join(docs, "performance.md"))
	require.NoError(t, err)
	for _, want := range []string{"| prefill, 512 tokens, bf16 | 100 | 99 | 98 | tokens/s | 1.01 |", "case of gemm f32 by bf16", "| 8192 |", "full phi3-mini", "between 0.5 and 0.5"} {
		require.Contains(t, string(text), want)
	}
	require.NotContains(t, string(text), "NaN")
	for _, name := range []string{"performance.svg", "performance-growth.svg"} {
		f, err := os.Open(filepath.Join(docs, "img", name))
		require.NoError(t, err)
		defer f.Close()
		for d := xml.NewDecoder(f); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, name)
		}
	}
	require.NoError(t, writePage(t.TempDir(), map[string]*outcome{}))
}

// TestResultsSurvive writes results and reads them back.
func TestResultsSurvive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	want := map[string]*outcome{"a": {Names: []string{"tiebreak"}, Runs: [][]bench.Result{speeds(3)}, Load: []float64{1}}}
	require.NoError(t, save(path, want))
	got, err := load(path)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Error(t, run(setup{dir: t.TempDir()}, 1, true, "", t.TempDir()), "nothing to render")
}

func TestOnlyOneIsMeasured(t *testing.T) {
	s := setup{dir: t.TempDir(), tiebreak: "/does/not/exist"}
	require.NoError(t, measure(s, 1, "nothing has this name", nil, nil))
	err := measure(s, 1, "gemm f32 by", map[string]*outcome{}, nil)
	require.ErrorContains(t, err, "gemm f32 by bf16: tiebreak: /does/not/exist bench gemm")
	require.True(t, strings.Contains(err.Error(), "no such file"))
}
