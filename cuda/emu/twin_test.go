//go:build cuda && twin && cgo && linux && amd64

package emu_test

import (
	"fmt"
	"testing"

	"tiebreak/cuda/cudatest"
	"tiebreak/cuda/driver/drivertest"
	"tiebreak/cuda/emu"
	"tiebreak/cuda/libcuda"
)

// TestThroughLibcuda points the trampolines of package libcuda at the emulator: gorgonia.org/cu and our cgo are then on the
// way of every call, as they are with a GPU.
func TestThroughLibcuda(t *testing.T) {
	for _, capability := range []int{75, 80} {
		t.Run(fmt.Sprint("sm_", capability), func(t *testing.T) {
			device := emu.New(emu.Options{Devices: 2, ComputeCapability: capability, AllowNaN: true})
			d, restore := libcuda.Twin(device, libcuda.Config{Blocking: true})
			defer restore()
			t.Run("driver", func(t *testing.T) { drivertest.Run(t, d) })
			cudatest.Run(t, d, cudatest.Options{ID: "cuda:0", MostWork: mostWork})
		})
	}
}
