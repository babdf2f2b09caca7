// Package cudatest is the suite of the CUDA backend over any driver: the same tests run on the emulator, on the emulator
// behind the real driver's seam, and on a GPU.
package cudatest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/backend/backendtest"
	"tiebreak/cuda"
	"tiebreak/cuda/driver"
	"tiebreak/model/goldentest"
	"tiebreak/tensor"
)

// Options fits the suite to a driver.
type Options struct {
	ID       string // device id for messages: "emu:0"
	MostWork int    // conformance cases of more multiplications are left out; 0: none
}

// Run holds the CUDA backend on device 0 of a driver to what the operations mean, and every golden model on it to twice
// PyTorch's own error in each compute type.
func Run(t *testing.T, d driver.Driver, opt Options) {
	open := func(t *testing.T) backend.Backend {
		be, err := cuda.Open(d, 0, opt.ID)
		require.NoError(t, err)
		return be
	}
	t.Run("conformance", func(t *testing.T) {
		backendtest.Run(t, open, backendtest.Options{
			TileRows: []int{16, 64, 128}, TileCols: []int{32, 64, 128}, TileDepth: []int{32},
			HeadSizes: []int{16, 64, 96, 128}, MostWork: opt.MostWork,
			Weights: func(compute tensor.DType) []tensor.DType { return []tensor.DType{compute} },
		})
	})
	t.Run("golden", func(t *testing.T) {
		be := open(t)
		defer func() { require.NoError(t, be.Close()) }()
		goldentest.Run(t, be)
	})
}
