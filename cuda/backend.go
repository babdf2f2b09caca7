package cuda

import (
	"errors"
	"fmt"

	"tiebreak/backend"
	"tiebreak/cuda/driver"
	"tiebreak/cuda/kernels"
	"tiebreak/tensor"
)

// Backend runs the operations of a decoder on one CUDA device. It is used by one goroutine at a time.
type Backend struct {
	id      string
	device  driver.Device
	context driver.Context
	stream  driver.Stream

	functions map[string]driver.Function // by kernel name, loaded on first use
	modules   map[string]driver.Module
	pool      pool
	scratch   block // partial results of attention
	err       error // the first failure; later work is skipped

	// For copies from other devices; see peer.go.
	copies    driver.Stream // nil until the first
	routes    map[*Backend]*route
	events    []driver.Event
	nextEvent int
	closed    bool
}

var _ backend.Peer = (*Backend)(nil)

// Open makes a backend on the device with that ordinal. The id is the device's name on the command line, "cuda:0".
func Open(d driver.Driver, ordinal int, id string) (*Backend, error) {
	ctx, err := d.Open(ordinal)
	if err != nil {
		return nil, fmt.Errorf("cuda: open %s: %w", id, err)
	}
	b := &Backend{id: id, device: ctx.Device(), context: ctx, functions: map[string]driver.Function{}, modules: map[string]driver.Module{}}
	if sm := b.device.SM(); sm < 75 {
		return nil, errors.Join(fmt.Errorf("cuda: open %s: %s has compute capability %d.%d, want 7.5 or later", id, b.device.Name, b.device.Major, b.device.Minor), ctx.Close())
	}
	if b.stream, err = ctx.NewStream(); err != nil {
		return nil, errors.Join(fmt.Errorf("cuda: open %s: %w", id, err), ctx.Close())
	}
	return b, nil
}

// Device describes the device.
func (b *Backend) Device() backend.Device {
	free, total, err := b.context.MemInfo()
	if err != nil {
		b.fail("memory info", err)
	}
	compute := []tensor.DType{tensor.F16}
	if b.device.SM() >= 80 {
		compute = []tensor.DType{tensor.BF16, tensor.F16}
	}
	return backend.Device{
		ID: b.id, Name: b.device.Name, Compute: compute, Total: total, Free: free + b.pool.kept,
		Detail: fmt.Sprintf("compute capability %d.%d, %d multiprocessors", b.device.Major, b.device.Minor, b.device.Multiprocessors),
	}
}

// Sync waits for all queued work and returns the first error of the device.
func (b *Backend) Sync() error {
	if b.err == nil {
		if err := b.stream.Synchronize(); err != nil {
			b.fail("synchronize", err)
		}
	}
	return b.err
}

// Close waits for queued work and gives back everything on the device.
func (b *Backend) Close() error {
	all := []error{b.Sync()}
	if b.copies != nil {
		all = append(all, b.copies.Close())
	}
	for _, r := range b.routes {
		all = append(all, r.unstage())
	}
	b.closed = true
	return errors.Join(append(all, b.stream.Close(), b.context.Close())...)
}

// fail keeps the first error.
func (b *Backend) fail(op string, err error) {
	if b.err == nil {
		b.err = fmt.Errorf("cuda: %s on %s: %w", op, b.id, err)
	}
}

// function finds a kernel, loading its module if it is the first of it.
func (b *Backend) function(k kernels.Kernel) (driver.Function, error) {
	if f, ok := b.functions[k.Name]; ok {
		return f, nil
	}
	m, ok := b.modules[k.Module]
	if !ok {
		var err error
		if m, err = b.load(k.Module); err != nil {
			return nil, err
		}
		b.modules[k.Module] = m
	}
	f, err := m.Function(k.Name)
	if err != nil {
		return nil, err
	}
	b.functions[k.Name] = f
	return f, nil
}

// load tries the images of a module in turn: machine code, then PTX, for a driver that cannot run the former.
func (b *Backend) load(module string) (driver.Module, error) {
	images, err := kernels.Images(module, b.device.SM())
	if err != nil {
		return nil, err
	}
	var tried []error
	for _, image := range images {
		m, err := b.context.LoadModule(image.Name, image.Data)
		if err == nil {
			return m, nil
		}
		tried = append(tried, err)
		if driver.CodeOf(err) != driver.NoBinaryForGPU {
			break
		}
	}
	return nil, errors.Join(tried...)
}

// launch queues a kernel over a grid. The operation's name goes into errors.
func (b *Backend) launch(name string, grid driver.Dim, shared int, params any) {
	if b.err != nil {
		return
	}
	k := kernels.Find(name)
	f, err := b.function(k)
	if err == nil && shared > unasked {
		err = f.SetMaxDynamicShared(shared)
	}
	if err == nil {
		err = b.stream.Launch(f, driver.Launch{Grid: grid, Block: driver.Dim{X: k.Block}, Shared: shared, Params: kernels.Bytes(params)})
	}
	if err != nil {
		b.fail(name, err)
	}
}

// unasked is the shared memory, in bytes, that a block may have without asking. Static shared memory counts as well and
// is at most a few hundred bytes in kernels that have dynamic memory.
const unasked = 47 << 10

// typeName is the word for an element type in kernel names.
func typeName(d tensor.DType) string {
	switch d {
	case tensor.F32:
		return "f32"
	case tensor.F16:
		return "f16"
	case tensor.BF16:
		return "bf16"
	}
	panic(fmt.Sprintf("cuda: %v is no type of a kernel", d))
}

// generation is the end of the names of tensor-core kernels for a compute type: "f16_sm75".
func (b *Backend) generation(d tensor.DType) string {
	if b.device.SM() >= 80 {
		return typeName(d) + "_sm80"
	}
	return typeName(d) + "_sm75"
}
