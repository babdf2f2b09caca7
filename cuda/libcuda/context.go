//go:build cuda && cgo && linux && amd64

package libcuda

import (
	"fmt"
	"runtime"
	"slices"

	"gorgonia.org/cu"

	"tiebreak/cuda/driver"
)

// context is the driver.Context over a primary context. The driver frees what belongs to a primary context only when its
// last user releases it, so this keeps the list of what is to be freed at Close.
type context struct {
	library   *library
	gpu       cu.Device
	name      string // "cuda:0"
	described driver.Device
	handle    cu.CUContext

	memory  regions
	host    map[*byte]hostMemory // by first byte
	modules []*module
	streams []*stream
	events  []*event
	graphs  []*graph

	broken error // what every call but Close returns; nil while all is well
	hung   bool  // given up: a call into the driver might never return
}

func newContext(l *library, gpu cu.Device, ordinal int, described driver.Device, handle cu.CUContext) *context {
	return &context{library: l, gpu: gpu, name: deviceName(ordinal), described: described, handle: handle,
		host: map[*byte]hostMemory{}}
}

// Device describes the device.
func (c *context) Device() driver.Device { return c.described }

// raw runs f on a thread on which the context is current and returns its code.
func (c *context) raw(f func() error) driver.Code {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cu.SetCurrentContext(c.handle); err != nil {
		return codeOf(err)
	}
	return codeOf(f())
}

// do makes a call of the driver; its failure becomes an error with the driver's text.
func (c *context) do(call string, f func() error) error {
	if c.broken != nil {
		return c.broken
	}
	return c.outcome(call, c.raw(f), "")
}

// outcome turns the code of a call into an error; nil for success. A code after which the context is of no use breaks it.
func (c *context) outcome(call string, code driver.Code, detail string) error {
	if code == 0 {
		return nil
	}
	e := &driver.Error{Call: call, Device: c.name, Code: code, Detail: join(errorText(code), detail)}
	if breaks[code] && c.broken == nil {
		c.blame(e)
		c.broken = e
	}
	return e
}

// invalid is an error found before the driver was asked.
func (c *context) invalid(call string, code driver.Code, format string, args ...any) error {
	return &driver.Error{Call: call, Device: c.name, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Synchronize waits for all streams. It polls each: cuCtxSynchronize would wait for ever for a kernel that does not end.
func (c *context) Synchronize() error {
	if c.broken != nil {
		return c.broken
	}
	for _, s := range c.streams {
		if err := s.Synchronize(); err != nil {
			return err
		}
	}
	return nil
}

// EnablePeer opens the other device's memory to this context. Two contexts on one device share their memory anyway.
func (c *context) EnablePeer(other driver.Context) error {
	const call = "cuCtxEnablePeerAccess"
	o, ok := other.(*context)
	if !ok {
		return c.invalid(call, driver.InvalidContext, "got a %T, want a context of this driver", other)
	}
	if c.broken != nil || o.gpu == c.gpu {
		return c.broken
	}
	code := c.raw(func() error { return o.handle.EnablePeerAccess(0) })
	if code == driver.PeerAccessAlreadyEnabled {
		return nil
	}
	return c.outcome(call, code, "peer "+o.name)
}

// NewStream makes a stream without ties to the default stream, which is never used.
func (c *context) NewStream() (driver.Stream, error) {
	s := &stream{c: c}
	err := c.do("cuStreamCreate", func() (err error) { s.handle, err = cu.MakeStream(cu.NonBlocking); return err })
	if err != nil {
		return nil, err
	}
	c.streams = append(c.streams, s)
	return s, nil
}

// NewEvent makes an event with timing.
func (c *context) NewEvent() (driver.Event, error) {
	e := &event{c: c}
	err := c.do("cuEventCreate", func() (err error) { e.handle, err = cu.MakeEvent(cu.DefaultEvent); return err })
	if err != nil {
		return nil, err
	}
	c.events = append(c.events, e)
	return e, nil
}

// Close waits for the work, frees what belongs to the context and releases it. After a fault nothing is waited for and
// errors of freeing are expected and dropped. A device that was given up is left alone, as any call might wait for it;
// what it holds is freed when the process ends.
func (c *context) Close() error {
	const call = "cuDevicePrimaryCtxRelease"
	if c.library == nil {
		return c.broken
	}
	well := c.broken == nil
	var first error
	if well {
		first = c.Synchronize()
	}
	if !c.hung {
		first = firstError(first, c.release(call))
	}
	c.library = nil
	c.broken = c.invalid(call, driver.InvalidContext, "the context is closed")
	if !well {
		return nil
	}
	return first
}

// release frees everything and the context itself.
func (c *context) release(call string) error {
	var first error
	free := func(call string, f func() error) {
		first = firstError(first, c.outcome(call, c.raw(f), ""))
	}
	for _, s := range slices.Clone(c.streams) {
		free("cuStreamDestroy", s.destroy)
	}
	for _, g := range slices.Clone(c.graphs) {
		free("cuGraphExecDestroy", g.destroy)
	}
	for _, e := range slices.Clone(c.events) {
		free("cuEventDestroy", e.destroy)
	}
	for _, m := range slices.Clone(c.modules) {
		free("cuModuleUnload", m.unload)
	}
	for _, g := range c.memory.take() {
		free("cuMemFree", func() error { return cu.MemFree(cu.DevicePtr(g.base)) })
	}
	for p, h := range c.host {
		free("cuMemFreeHost", h.free)
		delete(c.host, p)
	}
	free(call, c.gpu.ReleasePrimaryCtx)
	return first
}

// firstError is a unless it is nil.
func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// join puts a colon between two texts where both are there.
func join(a, b string) string {
	if a != "" && b != "" {
		return a + ": " + b
	}
	return a + b
}

// drop removes the first x from a list.
func drop[T comparable](list []T, x T) []T {
	if i := slices.Index(list, x); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
