package main

import (
	"go/format"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFresh regenerates all files and compares them with those in package cpu.
func TestFresh(t *testing.T) {
	for name, want := range files() {
		got, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		require.True(t, want == string(got), "%s is stale: run go generate ./cpu", name)
	}
}

// TestDeclarationsAreFormatted keeps gofmt content with what is generated.
func TestDeclarationsAreFormatted(t *testing.T) {
	for name, text := range files() {
		if filepath.Ext(name) == ".go" {
			formatted, err := format.Source([]byte(text))
			require.NoError(t, err, name)
			require.Equal(t, string(formatted), text, name)
		}
	}
}

// TestEncodings compares VDPBF16PS with the bytes of its neighbours in the opcode map, which differ from it in known
// places, and with bytes that GNU as gives.
func TestEncodings(t *testing.T) {
	require.Equal(t, []byte{0x62, 0xf2, 0x76, 0x48, 0x52, 0xc2}, evexDotBF16(0, 1, 2))
	require.Equal(t, []byte{0x62, 0x02, 0x36, 0x40, 0x52, 0xfb}, evexDotBF16(31, 25, 27))
	require.Equal(t, []byte{0x62, 0xc2, 0x36, 0x40, 0x52, 0xfb}, evexDotBF16(23, 25, 11))
}

// TestExp2Polynomial checks the approximation in exact arithmetic, and that 2^0 is 1 exactly, on which attention relies: a
// factor of 1 leaves sums as they are.
func TestExp2Polynomial(t *testing.T) {
	c := exp2Coefficients()
	require.Equal(t, float32(1), c[0])
	for i := -500; i <= 500; i++ {
		f := float64(i) / 1000
		var p float64
		for k := len(c) - 1; k >= 0; k-- {
			p = p*f + float64(c[k])
		}
		require.InEpsilon(t, math.Exp2(f), p, 3e-8, "2^%v", f)
	}
}
