package tensor

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckedBytes(t *testing.T) {
	for _, c := range []struct {
		dtype DType
		shape Shape
		want  int64
	}{
		{F32, Shape{}, 4},
		{BF16, Shape{3, 5}, 30},
		{F64, Shape{2, 0, 7}, 0},
		{U8, Shape{math.MaxInt64}, math.MaxInt64},
		{I64, Shape{1 << 30, 1 << 29}, 1 << 62},
	} {
		got, err := CheckedBytes(c.dtype, c.shape)
		require.NoError(t, err, "%v %v", c.dtype, c.shape)
		require.Equal(t, c.want, got, "%v %v", c.dtype, c.shape)
	}
}

func TestCheckedBytesRefuses(t *testing.T) {
	for _, c := range []struct {
		dtype DType
		shape Shape
		want  string
	}{
		{Invalid, Shape{1}, "known dtype"},
		{DType(99), Shape{1}, "known dtype"},
		{F32, Shape{2, -1}, "extent -1 in dimension 1"},
		{I16, Shape{math.MaxInt64}, "past 2^63-1"},
		{F32, Shape{1 << 31, 1 << 31}, "past 2^63-1"},
		{U8, Shape{1 << 32, 1 << 32}, "past 2^63-1"},        // the product is 0 modulo 2^64
		{F32, Shape{1 << 33, 1 << 33, 0}, "past 2^63-1"},    // a later 0 does not excuse it
		{U8, Shape{3, 0x5555555555555556}, "past 2^63-1"},   // 2 modulo 2^64
		{F16, Shape{1 << 62, 2, 2, 1 << 62}, "dimension 0"}, // fails at the first step already
	} {
		_, err := CheckedBytes(c.dtype, c.shape)
		require.ErrorContains(t, err, c.want, "%v %v", c.dtype, c.shape)
	}
}

func TestParseDType(t *testing.T) {
	for d := F64; d <= Bool; d++ {
		got, err := ParseDType(d.String())
		require.NoError(t, err)
		require.Equal(t, d, got)
		require.Positive(t, d.Size())
	}
	for _, bad := range []string{"", "INVALID", "bf16", "F8_E4M3", "F32 "} {
		_, err := ParseDType(bad)
		require.Error(t, err, bad)
	}
	require.Equal(t, "DType(77)", DType(77).String())
}
