package cpu

import (
	"errors"
	"os"
	"runtime"
	"slices"

	"tiebreak/backend"
)

// Options says how a Backend uses the machine.
type Options struct {
	Threads int    // goroutines that compute; 0: as many as Go runs at once (GOMAXPROCS)
	ISA     string // instruction set, one of ISAs(); "": TIEBREAK_ISA, or the best if that is unset
}

// EnvISA is the environment variable that chooses the instruction set where Options does not.
const EnvISA = "TIEBREAK_ISA"

// Backend runs the operations on the processor. It is used by one goroutine at a time.
type Backend struct {
	isa     *isa
	pool    *pool
	scratch []scratch        // one a worker
	left    left             // the left side of the product that runs
	shared  []float32        // the same for the reference: x, widened
	blocks  map[*memory]bool // handed out by Alloc and held by weights
	slab    *slab            // where the next weight goes
	closed  bool
	jobs    jobs
}

var _ backend.Backend = (*Backend)(nil)

var errClosed = errors.New("cpu: sync: the backend is closed; open another one")

// New starts the worker pool and chooses the instruction set. It fails if the one asked for is unknown here; the error
// lists those that run.
func New(opt Options) (*Backend, error) {
	name := opt.ISA
	if name == "" {
		name = os.Getenv(EnvISA)
	}
	set, err := chooseISA(name)
	if err != nil {
		return nil, err
	}
	threads := opt.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return &Backend{isa: set, pool: newPool(threads), scratch: make([]scratch, threads), blocks: map[*memory]bool{}}, nil
}

// Device describes the processor. The compute types begin with the fastest for the instruction set in use.
func (b *Backend) Device() backend.Device {
	info := Info()
	return backend.Device{
		ID:      "cpu",
		Name:    info.Model,
		Compute: slices.Clone(b.isa.compute),
		Total:   info.Total,
		Free:    info.Free,
		Detail:  b.isa.name,
	}
}

// Threads is the number of goroutines that compute.
func (b *Backend) Threads() int { return b.pool.threads }

// Sync returns an error only if the backend is closed: operations have run when they return.
func (b *Backend) Sync() error {
	if b.closed {
		return errClosed
	}
	return nil
}

// Close stops the worker pool and gives all memory back, that of tensors and weights which were not freed too. A second
// Close does nothing.
func (b *Backend) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	b.pool.close()
	for m := range b.blocks {
		b.release(m)
	}
	return nil
}
