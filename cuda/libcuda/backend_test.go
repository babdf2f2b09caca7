//go:build cuda && cgo && linux && amd64

package libcuda_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/cudatest"
	"tiebreak/cuda/libcuda"
)

// TestBackendOnGPU runs the suite of the CUDA backend on the first GPU. Where TIEBREAK_GPU is set, as make test-gpu does,
// it fails without one.
func TestBackendOnGPU(t *testing.T) {
	d, err := libcuda.New(libcuda.Config{})
	require.NoError(t, err)
	devices, err := d.Devices()
	require.NoError(t, err)
	if len(devices) == 0 {
		require.Empty(t, os.Getenv("TIEBREAK_GPU"), "TIEBREAK_GPU is set and there is no GPU")
		t.Skip("no GPU")
	}
	t.Logf("%+v", devices[0])
	cudatest.Run(t, d, cudatest.Options{ID: "cuda:0"})
}

// TestPairOnGPU divides models over the first two GPUs; where there is one, over two queues of it.
func TestPairOnGPU(t *testing.T) {
	d, err := libcuda.New(libcuda.Config{})
	require.NoError(t, err)
	devices, err := d.Devices()
	require.NoError(t, err)
	if len(devices) == 0 {
		require.Empty(t, os.Getenv("TIEBREAK_GPU"), "TIEBREAK_GPU is set and there is no GPU")
		t.Skip("no GPU")
	}
	cudatest.RunPair(t, d, "cuda", 0, min(1, len(devices)-1))
}
