package emu_test

import (
	"fmt"
	"testing"

	"tiebreak/cuda/cudatest"
	"tiebreak/cuda/emu"
)

// mostWork keeps conformance cases small enough for an emulator.
const mostWork = 4 << 20

// TestBackend runs the CUDA backend over the PTX that ships, for both generations of tensor cores.
func TestBackend(t *testing.T) {
	for _, capability := range []int{75, 80} {
		t.Run(fmt.Sprint("sm_", capability), func(t *testing.T) {
			cudatest.Run(t, emu.New(emu.Options{ComputeCapability: capability}), cudatest.Options{ID: "emu:0", MostWork: mostWork})
		})
	}
}
