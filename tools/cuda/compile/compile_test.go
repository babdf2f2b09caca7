package compile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/kernels"
)

// report is what ptxas 12.4 prints, for a kernel that spills and one that does not.
const report = `ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'spilling' for 'sm_75'
ptxas info    : Function properties for spilling
    72 bytes stack frame, 176 bytes spill stores, 132 bytes spill loads
ptxas info    : Used 255 registers, 72 bytes cumulative stack size, 32768 bytes smem, 456 bytes cmem[0]
ptxas info    : Compiling entry function 'lean' for 'sm_75'
ptxas info    : Function properties for lean
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 18 registers, used 1 barriers, 128 bytes smem, 384 bytes cmem[0], 8 bytes cmem[2]
`

func TestParseResources(t *testing.T) {
	got, err := parseResources(report)
	require.NoError(t, err)
	require.Equal(t, map[string]kernels.Resources{
		"spilling": {Registers: 255, SpillStores: 176, SpillLoads: 132, Stack: 72, Shared: 32768},
		"lean":     {Registers: 18, Shared: 128, Barriers: 1},
	}, got)
}

func TestParseResourcesWantsRegisters(t *testing.T) {
	_, err := parseResources("ptxas info    : Compiling entry function 'cut' for 'sm_75'\n")
	require.EqualError(t, err, "no register count for cut in the assembler's report")
}

func TestFileDirectivesLoseTheirFolders(t *testing.T) {
	const ptx = "\t.file\t1 \"/some/where/gemm.cu\"\n\t.file\t2 \"mma.cuh\"\n\t.loc 1 2 3\n"
	require.Equal(t, "\t.file\t1 \"gemm.cu\"\n\t.file\t2 \"mma.cuh\"\n\t.loc 1 2 3\n",
		fileDirective.ReplaceAllString(ptx, `$1"$2"`))
}

func TestWriteRemovesWhatItDidNotMake(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "gone.ptx")
	kept := filepath.Join(dir, "kept.cu")
	require.NoError(t, os.WriteFile(old, nil, 0o644))
	require.NoError(t, os.WriteFile(kept, nil, 0o644))
	require.NoError(t, Files{"new.ptx": []byte("a"), "cubin/new.sm75.zst": []byte("b")}.Write(dir))
	require.NoFileExists(t, old)
	require.FileExists(t, kept)
	got, err := os.ReadFile(filepath.Join(dir, "cubin", "new.sm75.zst"))
	require.NoError(t, err)
	require.Equal(t, "b", string(got))
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(t.Context(), dir, dir)
	require.ErrorContains(t, err, CompilerWheel)

	lib := filepath.Join(dir, "nvidia", "cuda_nvrtc", "lib", "libnvrtc.so.12")
	require.NoError(t, os.MkdirAll(filepath.Dir(lib), 0o755))
	require.NoError(t, os.WriteFile(lib, nil, 0o644))
	_, err = Open(t.Context(), dir, dir)
	require.ErrorContains(t, err, AssemblerWheel)
}
