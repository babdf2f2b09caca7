package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/tools/cuda/compile"
)

// TestRebuildGivesTheCommittedBytes compiles every kernel again and compares. It needs the tool kit, which the environment
// variable TIEBREAK_CUDA_TOOLKIT names; package cuda/kernels has the test by hashes that runs everywhere.
func TestRebuildGivesTheCommittedBytes(t *testing.T) {
	dir := os.Getenv("TIEBREAK_CUDA_TOOLKIT")
	if dir == "" {
		t.Skip("TIEBREAK_CUDA_TOOLKIT names no CUDA tool kit")
	}
	src := filepath.Join("..", "..", "cuda", "kernels")
	kit, err := compile.Open(t.Context(), dir, t.TempDir())
	require.NoError(t, err)
	made, err := kit.Build(t.Context(), src)
	require.NoError(t, err)
	for name, want := range made {
		got, err := os.ReadFile(filepath.Join(src, name))
		require.NoError(t, err)
		require.Equal(t, len(want), len(got), "%s: run `make kernels`", name)
		require.Equal(t, string(want), string(got), "%s: run `make kernels`", name)
	}
}
