//go:build !unix

package safetensors

import (
	"io"
	"os"

	"tiebreak/tensor"
)

const openFlags = os.O_RDONLY

// mapping is the contents of a file as memory.
type mapping struct{ data []byte }

// newMapping reads the first size bytes of f: the way of systems whose memory maps this package does not know.
func newMapping(f *os.File, size int) (mapping, error) {
	data := tensor.Allocate(size, 64)
	_, err := io.ReadFull(io.NewSectionReader(f, 0, int64(size)), data)
	return mapping{data}, err
}

func (m mapping) close() error { return nil }
