package tensor

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestViewWantsExactBytes(t *testing.T) {
	_, err := View(F32, Shape{2, 2}, make([]byte, 15))
	require.ErrorContains(t, err, "got 15 bytes, want 16")
	v, err := View(F32, Shape{2, 2}, make([]byte, 16))
	require.NoError(t, err)
	require.Equal(t, 4, v.Elements())
	require.Equal(t, "F32 [2,2]", v.Describe())
}

func TestRowsShareMemory(t *testing.T) {
	m := FromFloat32([]float32{0, 1, 2, 3, 4, 5}, 3, 2)
	r := m.Rows(1, 3)
	require.Equal(t, Shape{2, 2}, r.Shape)
	CastFloat32(r.Data)[0] = 42
	got, err := m.Float32s()
	require.NoError(t, err)
	require.Equal(t, []float32{0, 1, 42, 3, 4, 5}, got)
	require.Panics(t, func() { m.Rows(2, 4) })
	require.Panics(t, func() { m.Rows(-1, 1) })
}

func TestUnalignedDataIsLoaded(t *testing.T) {
	raw := Allocate(17, 8)[1:]
	copy(raw, Bytes([]float32{1, 2, 3, 4}))
	require.Panics(t, func() { CastFloat32(raw) })
	require.Equal(t, []float32{1, 2, 3, 4}, LoadFloat32(raw))
	v, err := View(F32, Shape{4}, raw)
	require.NoError(t, err)
	got, err := v.Float32s()
	require.NoError(t, err)
	require.Equal(t, []float32{1, 2, 3, 4}, got)
}

func TestFloat64IsRounded(t *testing.T) {
	v := Tensor{DType: F64, Shape: Shape{2}, Data: bytesOf([]float64{0.1, 1e300})}
	got, err := v.Float32s()
	require.NoError(t, err)
	require.Equal(t, float32(0.1), got[0])
	require.Greater(t, got[1], float32(3e38))
}

func TestAllocateAligns(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 1000} {
		b := Allocate(n, 64)
		require.Len(t, b, n)
		require.Equal(t, n, cap(b))
		if n >= 4 {
			require.NotPanics(t, func() { CastFloat32(b[:4]) })
		}
	}
}
