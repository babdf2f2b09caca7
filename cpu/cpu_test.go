package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/tensor"
)

func open(t *testing.T, opt Options) *Backend {
	t.Helper()
	b, err := New(opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func TestInstructionSetByName(t *testing.T) {
	require.Contains(t, ISAs(), "go")
	for _, name := range ISAs() {
		t.Setenv(EnvISA, name)
		require.Equal(t, name, open(t, Options{}).Device().Detail)
	}
	require.Equal(t, "go", open(t, Options{ISA: "go"}).Device().Detail, "the option wins over the environment")

	t.Setenv(EnvISA, "sse9")
	_, err := New(Options{})
	require.EqualError(t, err, `cpu: instruction set "sse9": unknown; want one of `+list(ISAs()))
}

func list(names []string) string {
	text := names[0]
	for _, n := range names[1:] {
		text += ", " + n
	}
	return text
}

func TestInfo(t *testing.T) {
	info := Info()
	require.NotEmpty(t, info.Model)
	require.Positive(t, info.Cores)
	require.Positive(t, info.Total)
	require.LessOrEqual(t, info.Free, info.Total)
	require.Equal(t, ISAs(), info.ISAs)
}

func TestAllocRefusesWhatIsNotThere(t *testing.T) {
	b := open(t, Options{})
	_, err := b.Alloc(tensor.F32, 1<<24, 1<<24)
	require.ErrorContains(t, err, "cpu: alloc: F32 [16777216,16777216]: got ")
	require.ErrorContains(t, err, "want 1125899906842624")
	require.Empty(t, b.blocks)
}

func TestFreeReturnsMemory(t *testing.T) {
	b := open(t, Options{})
	for _, rows := range []int{1, 1 << 20} {
		x, err := b.Alloc(tensor.F32, rows, 4)
		require.NoError(t, err)
		require.Len(t, b.blocks, 1)
		b.Free(x)
		require.Empty(t, b.blocks)
		require.PanicsWithValue(t, "cpu: free: "+x.String()+" was freed before", func() { b.Free(x) })
	}
	w, err := b.Weight(backend.ForMatMul, tensor.New(tensor.F32, 3, 4), tensor.New(tensor.F32, 2, 4))
	require.NoError(t, err)
	require.Positive(t, w.Bytes())
	require.NotEmpty(t, b.blocks)
	w.Free()
	require.Empty(t, b.blocks)
}

func TestCloseEndsTheBackend(t *testing.T) {
	b, err := New(Options{Threads: 2})
	require.NoError(t, err)
	require.NoError(t, b.Sync())
	x, err := b.Alloc(tensor.F32, 1<<20, 4)
	require.NoError(t, err)
	require.NoError(t, b.Close())
	require.Empty(t, b.blocks, "memory that was not freed")
	b.Free(x)
	require.NoError(t, b.Close())
	require.ErrorIs(t, b.Sync(), errClosed)
}

func TestIndexOutsideIsRefused(t *testing.T) {
	b := open(t, Options{})
	x, err := b.Alloc(tensor.F32, 2, 16)
	require.NoError(t, err)
	rows, err := backend.Int32s(b, []int32{0, 2}, 1)
	require.NoError(t, err)
	require.Panics(t, func() { b.Gather(x, x, rows) })
	require.Panics(t, func() { b.Rope(x, rows, x) })
}
