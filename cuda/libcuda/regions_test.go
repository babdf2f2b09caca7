//go:build cuda && cgo && linux && amd64

package libcuda

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver"
)

func TestRegionsCheckRanges(t *testing.T) {
	var r regions
	for _, p := range []driver.Pointer{0x300, 0x100, 0x200} {
		r.add(p, 0x80)
	}
	for _, c := range []struct {
		p     driver.Pointer
		n     int64
		wrong string
	}{
		{0x100, 0x80, ""},
		{0x17f, 1, ""},
		{0x210, 0, ""},
		{0x300, 0x81, "got 129 bytes at 0x300, byte 0 of an allocation of 128 bytes"},
		{0x37f, 2, "got 2 bytes at 0x37f, byte 127 of an allocation of 128 bytes"},
		{0x180, 1, "got 1 bytes at 0x180, which is not in an allocation of this context"},
		{0xff, 1, "got 1 bytes at 0xff, which is not in an allocation of this context"},
		{0x400, 1, "got 1 bytes at 0x400, which is not in an allocation of this context"},
		{0x100, -1, "got -1 bytes, want at least 0"},
		{0x100, 1 << 62, "got 4611686018427387904 bytes at 0x100, byte 0 of an allocation of 128 bytes"},
	} {
		require.Equal(t, c.wrong, r.check(c.p, c.n))
	}
	require.False(t, r.remove(0x201))
	require.True(t, r.begins(0x200))
	require.True(t, r.remove(0x200))
	require.False(t, r.begins(0x200))
	require.NotEmpty(t, r.check(0x210, 1))
	require.Equal(t, []region{{0x100, 0x80}, {0x300, 0x80}}, r.take())
	require.NotEmpty(t, r.check(0x100, 1))
}
