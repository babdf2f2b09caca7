//go:build unix

package safetensors

import (
	"os"

	"golang.org/x/sys/unix"
)

// openFlags keep the opening of a named pipe from waiting for its writer; such a file is then refused.
const openFlags = os.O_RDONLY | unix.O_NONBLOCK

// mapping is the contents of a file as memory.
type mapping struct{ data []byte }

// newMapping maps the first size bytes of f read-only. Pages are read when they are first touched. The mapping
// outlives f. A file that shrinks while it is mapped faults on access: see Set.Unchanged.
func newMapping(f *os.File, size int) (mapping, error) {
	if size == 0 {
		return mapping{}, nil // the system refuses to map nothing
	}
	data, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return mapping{}, os.NewSyscallError("mmap", err)
	}
	return mapping{data}, nil
}

func (m mapping) close() error {
	if m.data == nil {
		return nil
	}
	return os.NewSyscallError("munmap", unix.Munmap(m.data))
}
