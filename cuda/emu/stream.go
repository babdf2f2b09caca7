package emu

import (
	"time"

	"tiebreak/cuda/driver"
)

// stream is a queue that is always empty: each call does its work before it returns.
type stream struct {
	ctx    *Context
	closed bool
}

func (s *stream) ready(call string) error {
	if s.closed {
		return s.ctx.err(call, driver.InvalidHandle, "the stream is closed")
	}
	return s.ctx.ready(call)
}

// access finds device memory for a copy; a bad address is the caller's fault and does not stick.
func (s *stream) access(call string, p driver.Pointer, n int64) ([]byte, *allocation, error) {
	b, a, wrong := s.ctx.mem.view(p, n)
	if wrong != "" {
		return nil, nil, s.ctx.err(call, driver.InvalidValue, "%s", wrong)
	}
	return b, a, nil
}

// CopyToDevice copies and marks the bytes as initialised.
func (s *stream) CopyToDevice(dst driver.Pointer, src []byte) error {
	const call = "cuMemcpyHtoDAsync"
	if err := s.ready(call); err != nil || len(src) == 0 {
		return err
	}
	b, a, err := s.access(call, dst, int64(len(src)))
	if err != nil {
		return err
	}
	copy(b, src)
	a.valid.set(int(uint64(dst)-a.base), len(src))
	return nil
}

// CopyToHost copies; bytes never written come out as zeros.
func (s *stream) CopyToHost(dst []byte, src driver.Pointer) error {
	const call = "cuMemcpyDtoHAsync"
	if err := s.ready(call); err != nil || len(dst) == 0 {
		return err
	}
	b, _, err := s.access(call, src, int64(len(dst)))
	if err != nil {
		return err
	}
	copy(dst, b)
	return nil
}

// Copy copies within the device, initialised or not.
func (s *stream) Copy(dst, src driver.Pointer, n int64) error {
	return s.copyFrom("cuMemcpyDtoDAsync", dst, s.ctx, src, n)
}

// CopyPeer copies from the memory of another emulated device.
func (s *stream) CopyPeer(dst driver.Pointer, from driver.Context, src driver.Pointer, n int64) error {
	const call = "cuMemcpyPeerAsync"
	c, ok := from.(*Context)
	if !ok {
		return s.ctx.err(call, driver.InvalidContext, "got a %T, want a context of this emulator", from)
	}
	if err := c.ready(call); err != nil {
		return err
	}
	return s.copyFrom(call, dst, c, src, n)
}

func (s *stream) copyFrom(call string, dst driver.Pointer, from *Context, src driver.Pointer, n int64) error {
	if err := s.ready(call); err != nil || n == 0 {
		return err
	}
	d, da, err := s.access(call, dst, n)
	if err != nil {
		return err
	}
	b, sa, wrong := from.mem.view(src, n)
	if wrong != "" {
		return from.err(call, driver.InvalidValue, "%s", wrong)
	}
	copy(d, b)
	da.valid.copy(int(uint64(dst)-da.base), sa.valid, int(uint64(src)-sa.base), int(n))
	return nil
}

// Fill sets bytes and marks them as initialised.
func (s *stream) Fill(dst driver.Pointer, value byte, n int64) error {
	const call = "cuMemsetD8Async"
	if err := s.ready(call); err != nil || n == 0 {
		return err
	}
	b, a, err := s.access(call, dst, n)
	if err != nil {
		return err
	}
	for i := range b {
		b[i] = value
	}
	a.valid.set(int(uint64(dst)-a.base), int(n))
	return nil
}

// Launch runs the kernel to its end.
func (s *stream) Launch(f driver.Function, l driver.Launch) error {
	if err := s.ready("cuLaunchKernel"); err != nil {
		return err
	}
	fn, ok := f.(*function)
	if !ok || fn.mod.ctx != s.ctx {
		return s.ctx.err("cuLaunchKernel", driver.InvalidHandle, "the function is not one of this context")
	}
	return fn.launch(l)
}

// Record takes the time.
func (s *stream) Record(e driver.Event) error {
	if err := s.ready("cuEventRecord"); err != nil {
		return err
	}
	ev, ok := e.(*event)
	if !ok || ev.ctx != s.ctx {
		return s.ctx.err("cuEventRecord", driver.InvalidHandle, "the event is not one of this context")
	}
	ev.at, ev.recorded = time.Now(), true
	return nil
}

// Wait has nothing to wait for.
func (s *stream) Wait(e driver.Event) error {
	if _, ok := e.(*event); !ok {
		return s.ctx.err("cuStreamWaitEvent", driver.InvalidHandle, "got a %T, want an event of this emulator", e)
	}
	return s.ready("cuStreamWaitEvent")
}

// Synchronize returns the sticky error.
func (s *stream) Synchronize() error { return s.ready("cuStreamSynchronize") }

// Close ends the stream.
func (s *stream) Close() error {
	if s.closed {
		return s.ctx.err("cuStreamDestroy", driver.InvalidHandle, "the stream is closed already")
	}
	s.closed = true
	return nil
}

// event is a host time.
type event struct {
	ctx      *Context
	at       time.Time
	recorded bool
}

// Synchronize returns the sticky error.
func (e *event) Synchronize() error { return e.ctx.ready("cuEventSynchronize") }

// Since is host time, which says nothing about a GPU.
func (e *event) Since(earlier driver.Event) (time.Duration, error) {
	const call = "cuEventElapsedTime"
	if err := e.ctx.ready(call); err != nil {
		return 0, err
	}
	first, ok := earlier.(*event)
	if !ok || !first.recorded || !e.recorded {
		return 0, e.ctx.err(call, driver.InvalidHandle, "want two recorded events of this context")
	}
	return e.at.Sub(first.at), nil
}

// Close has nothing to give back.
func (e *event) Close() error { return nil }
