//go:build cuda && cgo && linux && amd64

package libcuda

// #include "cuda.h"
import "C"

import (
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	"tiebreak/cuda/driver"
)

// hostMemory is page-locked memory of the driver.
type hostMemory struct {
	pointer unsafe.Pointer
	bytes   int
}

// MemInfo gives the free and total memory of the device, whoever uses it.
func (c *context) MemInfo() (free, total int64, err error) {
	err = c.do("cuMemGetInfo", func() (err error) { free, total, err = cu.MemInfo(); return err })
	return free, total, err
}

// Alloc reserves device memory.
func (c *context) Alloc(bytes int64) (driver.Pointer, error) {
	const call = "cuMemAlloc"
	if c.broken != nil {
		return 0, c.broken
	}
	if bytes <= 0 {
		return 0, c.invalid(call, driver.InvalidValue, "got %d bytes, want more than 0", bytes)
	}
	var p cu.DevicePtr
	code := c.raw(func() (err error) { p, err = cu.MemAlloc(bytes); return err })
	if code != 0 {
		return 0, c.outcome(call, code, c.want(bytes))
	}
	c.memory.add(driver.Pointer(p), bytes)
	return driver.Pointer(p), nil
}

// want says how a request for device memory compares with what there is.
func (c *context) want(bytes int64) string {
	free, total := int64(0), int64(0)
	if c.raw(func() (err error) { free, total, err = cu.MemInfo(); return err }) != 0 {
		return fmt.Sprintf("want %d bytes", bytes)
	}
	return fmt.Sprintf("want %d bytes, free are %d of %d", bytes, free, total)
}

// Free gives device memory back. cuMemFree waits for the device's work by itself; waiting before it keeps the watchdog
// awake.
func (c *context) Free(p driver.Pointer) error {
	const call = "cuMemFree"
	if c.broken != nil {
		return c.broken
	}
	if !c.memory.begins(p) {
		return c.invalid(call, driver.InvalidValue, "no allocation of this context begins at %#x", p)
	}
	if err := c.Synchronize(); err != nil {
		return err
	}
	c.memory.remove(p)
	return c.do(call, func() error { return cu.MemFree(cu.DevicePtr(p)) })
}

// AllocHost reserves page-locked memory that every context treats as such. The garbage collector does not know it.
func (c *context) AllocHost(bytes int) ([]byte, error) {
	const call = "cuMemHostAlloc"
	if c.broken != nil {
		return nil, c.broken
	}
	if bytes <= 0 {
		return nil, c.invalid(call, driver.InvalidValue, "got %d bytes, want more than 0", bytes)
	}
	h := hostMemory{bytes: bytes}
	code := c.raw(func() error {
		return asError(C.cuMemHostAlloc(&h.pointer, C.size_t(bytes), C.CU_MEMHOSTALLOC_PORTABLE))
	})
	if code != 0 {
		return nil, c.outcome(call, code, fmt.Sprintf("want %d bytes of page-locked host memory", bytes))
	}
	b := unsafe.Slice((*byte)(h.pointer), bytes)
	c.host[&b[0]] = h
	return b, nil
}

// FreeHost gives page-locked memory back, once no copy can be using it.
func (c *context) FreeHost(b []byte) error {
	const call = "cuMemFreeHost"
	if c.broken != nil {
		return c.broken
	}
	h, ok := c.host[unsafe.SliceData(b)]
	if !ok || h.bytes != len(b) {
		return c.invalid(call, driver.InvalidValue, "the slice of %d bytes is not one that AllocHost returned", len(b))
	}
	if err := c.Synchronize(); err != nil {
		return err
	}
	delete(c.host, unsafe.SliceData(b))
	return c.do(call, h.free)
}

func (h hostMemory) free() error { return cu.MemFreeHost(h.pointer) }

// pinned says whether a slice lies in page-locked memory of this context.
func (c *context) pinned(b []byte) bool {
	first := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	for _, h := range c.host {
		start := uintptr(h.pointer)
		if first >= start && first+uintptr(len(b)) <= start+uintptr(h.bytes) {
			return true
		}
	}
	return false
}
