package kernels

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func fileSum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// TestGeneratedFilesBelongToTheSources needs no compiler: the manifest holds the hash of each source that went into a
// build and of each file that came out of it.
func TestGeneratedFilesBelongToTheSources(t *testing.T) {
	m := Load()
	sources, err := filepath.Glob("*.cu*")
	require.NoError(t, err)
	sums := map[string]string{}
	for _, s := range sources {
		sums[s] = fileSum(t, s)
	}
	require.Equal(t, sums, m.Sources, "sources changed since the last build: run `make kernels`")

	made := map[string]bool{}
	for _, module := range m.Modules {
		made[module.Name+".ptx"] = true
		require.Equal(t, module.PTX, fileSum(t, module.Name+".ptx"), "%s.ptx was edited: run `make kernels`", module.Name)
		for _, b := range module.Binaries {
			made[b.File] = true
			require.Equal(t, b.SHA256, fileSum(t, b.File), "%s was edited: run `make kernels`", b.File)
		}
	}
	for _, pattern := range []string{"*.ptx", "cubin/*"} {
		present, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, p := range present {
			require.True(t, made[p], "%s is not in the manifest: run `make kernels`", p)
		}
	}
}

func TestPTXNamesNoFolder(t *testing.T) {
	directive := regexp.MustCompile(`(?m)^\s*\.file.*$`)
	for _, m := range Load().Modules {
		lines := directive.FindAllString(string(PTX(m.Name).Data), -1)
		require.NotEmpty(t, lines, m.Name)
		for _, line := range lines {
			require.NotContains(t, line, "/", m.Name)
		}
	}
}
