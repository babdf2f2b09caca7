//go:build cuda && twin && cgo && linux && amd64

package emu_test

import (
	"testing"

	"tiebreak/cuda/cudatest"
	"tiebreak/cuda/emu"
	"tiebreak/cuda/libcuda"
)

// TestThroughLibcudaOnTwoDevices divides models over two devices behind the real driver's seam: streams, events, page-locked
// memory and copies between contexts then go through gorgonia.org/cu and our cgo.
func TestThroughLibcudaOnTwoDevices(t *testing.T) {
	for name, corrupt := range map[string]bool{"copies that arrive": false, "copies that do not": true} {
		t.Run(name, func(t *testing.T) {
			device := emu.New(emu.Options{Devices: 2, ComputeCapability: 75, AllowNaN: true})
			d, restore := libcuda.Twin(device, libcuda.Config{Blocking: true})
			t.Cleanup(restore)
			cudatest.RunPair(t, &shim{Driver: d, corrupt: corrupt}, "cuda", 0, 1)
		})
	}
}
