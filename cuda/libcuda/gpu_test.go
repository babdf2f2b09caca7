//go:build cuda && cgo && linux && amd64

package libcuda

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver/drivertest"
)

// TestOnGPU runs the suite of the seam and this package's own on the first GPU. Where TIEBREAK_GPU is set, as make test-gpu
// does, it fails without one.
func TestOnGPU(t *testing.T) {
	d, err := New(Config{})
	require.NoError(t, err)
	devices, err := d.Devices()
	require.NoError(t, err)
	if len(devices) == 0 {
		_, err := d.Open(0)
		require.Empty(t, os.Getenv("TIEBREAK_GPU"), "TIEBREAK_GPU is set and there is no GPU: %v", err)
		t.Skip("no GPU")
	}
	for _, dev := range devices {
		t.Logf("%+v", dev)
	}
	drivertest.Run(t, d)
	exercise(t, d)
}
