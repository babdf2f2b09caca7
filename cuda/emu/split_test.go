package emu_test

import (
	"fmt"
	"testing"

	"tiebreak/cuda/cudatest"
	"tiebreak/cuda/emu"
)

// TestPair divides models over two emulated devices of either generation.
func TestPair(t *testing.T) {
	for _, capability := range []int{75, 80} {
		t.Run(fmt.Sprint("sm_", capability), func(t *testing.T) {
			cudatest.RunPair(t, emu.New(emu.Options{Devices: 2, ComputeCapability: capability, Memory: 64 << 20}), "emu")
		})
	}
}
