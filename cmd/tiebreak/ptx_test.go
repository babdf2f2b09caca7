package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/emu/study"
)

func TestPtxList(t *testing.T) {
	got := tiebreak(t, "", "ptx", "list", "--sm", "75")
	require.Equal(t, exitDone, got.code, got.err)
	require.Contains(t, got.out, "gemm_f16_sm75_128x128")
	require.NotContains(t, got.out, "sm_80 ")

	got = tiebreak(t, "", "ptx", "list", "--json")
	require.Equal(t, exitDone, got.code, got.err)
	var all struct{ Kernels []study.Listing }
	require.NoError(t, json.Unmarshal([]byte(got.out), &all))
	require.Len(t, all.Kernels, len(study.List(0)))
}

func TestPtxRun(t *testing.T) {
	args := []string{"ptx", "run", "gemm_f16_sm75_64x64", "--shape", "M=64,N=64,K=32"}
	got := tiebreak(t, "", args...)
	require.Equal(t, exitDone, got.code, got.err)
	for _, want := range []string{"launched by MatMul", "x F16 [64,32]", "262144 flop", "0 of them bank conflicts", "T4"} {
		require.Contains(t, got.out, want)
	}

	got = tiebreak(t, "", append(args, "--json", "--float")...)
	require.Equal(t, exitDone, got.code, got.err)
	var rep runReport
	require.NoError(t, json.Unmarshal([]byte(got.out), &rep))
	require.Equal(t, int64(2*64*64*32), rep.Counters.MMAFlops)
	require.Equal(t, int64(64*64*4), rep.Counters.WriteBytes, "--float writes f32")
	require.Equal(t, [3]int{1, 1, 1}, rep.Grid)
	var sum int64
	for _, n := range rep.Instructions {
		sum += n
	}
	require.Equal(t, rep.Counters.Instructions, sum)
}

func TestPtxStep(t *testing.T) {
	got := tiebreak(t, "", "ptx", "step", "rope_f16", "--block", "1", "--break", "rope.cu:43", "--count", "2")
	require.Equal(t, exitDone, got.code, got.err)
	require.Equal(t, 3, strings.Count(got.out, "  ptx:"), "the one at the place, and two more:\n%s", got.out)
	require.Contains(t, got.out, "%ctaid.x")

	got = tiebreak(t, "", "ptx", "step", "rope_f16", "--count", "5", "--json")
	require.Equal(t, exitDone, got.code, got.err)
	var all struct{ Steps []study.Instant }
	require.NoError(t, json.Unmarshal([]byte(got.out), &all))
	require.Len(t, all.Steps, 5)
	require.Equal(t, ^uint32(0), all.Steps[0].Active)

	require.Equal(t, exitFailed, tiebreak(t, "", "ptx", "step", "rope_f16", "--break", "gemm.cuh:1").code)
	require.Equal(t, exitFailed, tiebreak(t, "", "ptx", "step", "rope_f16", "--block", "9").code)
}

func TestPtxPage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rope.html")
	got := tiebreak(t, "", "ptx", "page", "rope_f16", "--output", file, "--dry-run")
	require.Equal(t, exitDone, got.code, got.err)
	require.NoFileExists(t, file)
	got = tiebreak(t, "", "ptx", "page", "rope_f16", "--output", file)
	require.Equal(t, exitDone, got.code, got.err)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), "<title>rope_f16 for D=64,H=4,T=4</title>")
}

func TestPtxMistakes(t *testing.T) {
	for _, args := range [][]string{
		{"list", "--sm", "70"}, {"run"}, {"run", "gemm"}, {"run", "rope_f16", "--shape", "T"}, {"run", "rope_f16", "--shape", "X=1"},
		{"run", "rope_f16", "--sm", "90"}, {"run", "gemm_f16_sm75_64x64", "--shape", "M=2"}, {"step", "rope_f16", "--block", "a"},
		{"step", "rope_f16", "--block", "1,2,3,4"}, {"step", "rope_f16", "--count", "-1"}, {"page", "rope_f16"},
	} {
		got := tiebreak(t, "", append([]string{"ptx"}, args...)...)
		require.Equal(t, exitUsage, got.code, "%v: %s", args, got.err)
		require.NotEmpty(t, got.err)
	}
}
