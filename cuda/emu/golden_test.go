package emu_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda"
	"tiebreak/cuda/emu"
	"tiebreak/model/goldentest"
)

// TestGolden runs every golden model through the CUDA backend: the kernels of both generations, as they ship.
func TestGolden(t *testing.T) {
	for _, capability := range []int{75, 80} {
		t.Run(fmt.Sprint("sm_", capability), func(t *testing.T) {
			be, err := cuda.Open(emu.New(emu.Options{ComputeCapability: capability}), 0, "emu:0")
			require.NoError(t, err)
			defer func() { require.NoError(t, be.Close()) }()
			goldentest.Run(t, be)
		})
	}
}
