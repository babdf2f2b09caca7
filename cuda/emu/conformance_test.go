package emu_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/backend/backendtest"
	"tiebreak/cuda"
	"tiebreak/cuda/emu"
	"tiebreak/tensor"
)

// TestConformance holds the CUDA backend, over the PTX that ships, to what the operations mean.
func TestConformance(t *testing.T) {
	for _, capability := range []int{75, 80} {
		t.Run(fmt.Sprint("sm_", capability), func(t *testing.T) {
			backendtest.Run(t, func(t *testing.T) backend.Backend {
				d := emu.New(emu.Options{Devices: 1, ComputeCapability: capability})
				b, err := cuda.Open(d, 0, "emu:0")
				require.NoError(t, err)
				return b
			}, backendtest.Options{
				TileRows: []int{16, 64}, TileCols: []int{32, 64}, TileDepth: []int{32},
				HeadSizes: []int{16, 64, 96, 128}, MostWork: 4 << 20,
				Weights: func(compute tensor.DType) []tensor.DType { return []tensor.DType{compute} },
			})
		})
	}
}
