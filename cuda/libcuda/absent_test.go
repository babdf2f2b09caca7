//go:build !(cuda && cgo && linux && amd64)

package libcuda

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWithoutTheTagNewSaysHowToBuild(t *testing.T) {
	d, err := New(Config{})
	require.Nil(t, d)
	require.EqualError(t, err, "libcuda: open driver: this binary was built without CUDA; build one with: make build-cuda")
}
