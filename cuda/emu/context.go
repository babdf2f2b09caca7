package emu

import (
	"bytes"
	"fmt"
	"sync"

	"tiebreak/cuda/driver"
)

// Context is an open emulated device. It implements driver.Context.
type Context struct {
	drv     *Driver
	ordinal int
	name    string // "emu:0"
	mem     *memory
	mu      sync.Mutex
	sticky  error
	closed  bool
	host    [][]byte // of AllocHost
}

// fail keeps the first fault; later calls return it.
func (c *Context) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sticky == nil {
		c.sticky = err
	}
}

// ready returns the sticky error, or an error where the context is closed.
func (c *Context) ready(call string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.err(call, driver.InvalidContext, "the context is closed")
	}
	return c.sticky
}

func (c *Context) err(call string, code driver.Code, format string, args ...any) error {
	return &driver.Error{Call: call, Device: c.name, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Device describes the device.
func (c *Context) Device() driver.Device { return c.drv.device() }

// MemInfo gives free and total memory of the emulated device.
func (c *Context) MemInfo() (free, total int64, err error) {
	if err := c.ready("cuMemGetInfo"); err != nil {
		return 0, 0, err
	}
	c.mem.mu.Lock()
	defer c.mem.mu.Unlock()
	return c.mem.total - c.mem.used, c.mem.total, nil
}

// Alloc reserves memory whose bytes count as uninitialised.
func (c *Context) Alloc(n int64) (driver.Pointer, error) {
	const call = "cuMemAlloc"
	if err := c.ready(call); err != nil {
		return 0, err
	}
	if n <= 0 {
		return 0, c.err(call, driver.InvalidValue, "got %d bytes, want more than 0", n)
	}
	a := c.mem.alloc(n, "allocation")
	if a == nil {
		free, total, _ := c.MemInfo()
		return 0, c.err(call, driver.OutOfMemory, "want %d bytes, free are %d of %d", n, free, total)
	}
	return driver.Pointer(a.base), nil
}

// Free gives memory back; touching it afterwards is reported as use after free.
func (c *Context) Free(p driver.Pointer) error {
	const call = "cuMemFree"
	if err := c.ready(call); err != nil {
		return err
	}
	if wrong := c.mem.free(p); wrong != "" {
		return c.err(call, driver.InvalidValue, "%s", wrong)
	}
	return nil
}

// AllocHost makes ordinary host memory.
func (c *Context) AllocHost(n int) ([]byte, error) {
	if err := c.ready("cuMemHostAlloc"); err != nil {
		return nil, err
	}
	if n <= 0 {
		return nil, c.err("cuMemHostAlloc", driver.InvalidValue, "got %d bytes, want more than 0", n)
	}
	b := make([]byte, n)
	c.host = append(c.host, b)
	return b, nil
}

// FreeHost forgets memory of AllocHost.
func (c *Context) FreeHost(b []byte) error {
	for i, h := range c.host {
		if len(b) > 0 && &h[0] == &b[0] {
			c.host = append(c.host[:i], c.host[i+1:]...)
			return nil
		}
	}
	return c.err("cuMemFreeHost", driver.InvalidValue, "the slice is not one that AllocHost returned")
}

// EnablePeer reports that emulated devices cannot reach each other's memory: kernels and Copy may then be checked for
// pointers of the wrong device. CopyPeer works.
func (c *Context) EnablePeer(driver.Context) error {
	return c.err("cuCtxEnablePeerAccess", driver.PeerAccessUnsupported, "emulated devices reach each other by CopyPeer alone")
}

// LoadModule compiles PTX text. Any other image has code NoBinaryForGPU.
func (c *Context) LoadModule(name string, image []byte) (driver.Module, error) {
	const call = "cuModuleLoadData"
	if err := c.ready(call); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(image, []byte("\x7fELF")) {
		return nil, c.err(call, driver.NoBinaryForGPU, "%s is machine code; the emulator runs PTX", name)
	}
	m, err := c.load(name, image)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// NewStream makes a stream whose work is done when the call that queues it returns.
func (c *Context) NewStream() (driver.Stream, error) {
	if err := c.ready("cuStreamCreate"); err != nil {
		return nil, err
	}
	return &stream{ctx: c}, nil
}

// NewEvent makes an event that takes the host's time.
func (c *Context) NewEvent() (driver.Event, error) {
	if err := c.ready("cuEventCreate"); err != nil {
		return nil, err
	}
	return &event{ctx: c}, nil
}

// Synchronize returns the sticky error: all work is done already.
func (c *Context) Synchronize() error { return c.ready("cuCtxSynchronize") }

// Close drops the device's memory; the device can be opened again.
func (c *Context) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.err("cuDevicePrimaryCtxRelease", driver.InvalidContext, "the context is closed already")
	}
	c.closed = true
	c.mem = newMemory(c.ordinal, 0)
	c.drv.mu.Lock()
	defer c.drv.mu.Unlock()
	delete(c.drv.ctxs, c.ordinal)
	return nil
}
