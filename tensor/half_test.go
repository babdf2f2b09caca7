package tensor

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHalfRoundTrip takes every 16-bit pattern through float32 and back.
func TestHalfRoundTrip(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		for name, c := range map[string]struct {
			value float32
			back  func(float32) uint16
		}{"F16": {F16Value(h), F16FromFloat32}, "BF16": {BF16Value(h), BF16FromFloat32}} {
			if c.value != c.value {
				back := c.back(c.value)
				require.True(t, back&0x7fff > 0x7c00, "%s %#04x: a NaN became %#04x", name, h, back)
				continue
			}
			require.Equal(t, h, c.back(c.value), "%s %#04x", name, h)
		}
	}
}

// TestHalfRoundsToNearestEven checks values half way between neighbours and on both sides of it.
func TestHalfRoundsToNearestEven(t *testing.T) {
	for _, c := range []struct {
		in        float32
		bf16, f16 float32
	}{
		{1 + 1.0/256, 1, 1 + 1.0/256},
		{1 + 3.0/256, 1 + 4.0/256, 1 + 3.0/256},
		{1 + 1.0/2048, 1, 1},
		{1 + 3.0/2048, 1, 1 + 4.0/2048},
		{65519, 65536, 65504},
		{65520, 65536, float32(math.Inf(1))},
		{-65520, -65536, float32(math.Inf(-1))},
		{math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(1))},
		{5.9604645e-08, 5.9604645e-08, 5.9604645e-08}, // the smallest F16
		{2.9802322e-08, 2.9802322e-08, 0},             // half of it: ties to even
		{float32(math.Copysign(0, -1)), 0, 0},
	} {
		require.Equal(t, c.bf16, BF16Value(BF16FromFloat32(c.in)), "bf16 of %v", c.in)
		require.Equal(t, c.f16, F16Value(F16FromFloat32(c.in)), "f16 of %v", c.in)
	}
	require.Equal(t, uint16(0x8000), F16FromFloat32(float32(math.Copysign(0, -1))))
	// A NaN whose payload lies in the lower half only must not become an infinity.
	require.True(t, math.IsNaN(float64(BF16Value(BF16FromFloat32(math.Float32frombits(0x7f800001))))))
}

func TestConvertAndOverflows(t *testing.T) {
	src := FromFloat32([]float32{1, -2.5, 65504, 70000, float32(math.Inf(1))}, 5)
	half, err := src.Convert(F16)
	require.NoError(t, err)
	got, err := half.Float32s()
	require.NoError(t, err)
	require.Equal(t, []float32{1, -2.5, 65504, float32(math.Inf(1)), float32(math.Inf(1))}, got)

	count, largest, err := Overflows(src)
	require.NoError(t, err)
	require.Equal(t, 1, count, "70000 overflows; an infinity was one already")
	require.Equal(t, float32(70000), largest)

	_, err = FromInt32([]int32{1}, 1).Convert(F16)
	require.ErrorContains(t, err, "integer type")
	_, err = src.Convert(I32)
	require.ErrorContains(t, err, "F32, F16 or BF16")
}
