package study

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda"
	"tiebreak/cuda/driver"
	"tiebreak/cuda/emu"
)

func TestTapChoosesTheVariant(t *testing.T) {
	for multiprocessors, want := range map[int]string{1: "gemm_f16_sm75_128x128", 1 << 20: "gemm_f16_sm75_64x64"} {
		var launched []string
		tap := &Tap{Driver: emu.New(emu.Options{}), Multiprocessors: multiprocessors}
		tap.Launch = func(kernel string, l driver.Launch) { launched = append(launched, kernel) }
		be, err := cuda.Open(tap, 0, "emu:0")
		require.NoError(t, err)
		c, err := NewCase("gemm_f16_sm75_128x128", nil, 0)
		require.NoError(t, err)
		require.NoError(t, c.call(be))
		require.NoError(t, be.Close())
		require.Equal(t, []string{want}, launched)
	}
}

func TestTapReplacesImages(t *testing.T) {
	seen := 0
	tap := &Tap{Driver: emu.New(emu.Options{})}
	tap.Image = func(name string, data []byte) []byte {
		if name != "rope.ptx" {
			return data
		}
		seen++
		return bytes.Replace(data, []byte("\tret;"), []byte("\ttrap;\n\tret;"), 1)
	}
	be, err := cuda.Open(tap, 0, "emu:0")
	require.NoError(t, err)
	c, err := NewCase("rope_f16", nil, 0)
	require.NoError(t, err)
	err = c.call(be)
	require.ErrorContains(t, err, "executed trap")
	require.Error(t, be.Close(), "the fault sticks")
	require.Equal(t, 1, seen)
}

// A device that cannot be opened is the same error behind a tap.
func TestTapHandsErrorsOn(t *testing.T) {
	_, err := (&Tap{Driver: emu.New(emu.Options{})}).Open(3)
	var e *driver.Error
	require.True(t, errors.As(err, &e))
	require.Equal(t, driver.InvalidDevice, e.Code)
}
