//go:build !(cuda && cgo && linux && amd64)

package libcuda

import (
	"errors"

	"tiebreak/cuda/driver"
)

// New returns an error: this binary was built without the CUDA driver.
func New(Config) (driver.Driver, error) {
	return nil, errors.New("libcuda: open driver: this binary was built without CUDA; build one with: make build-cuda")
}
