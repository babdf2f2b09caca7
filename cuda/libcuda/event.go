//go:build cuda && cgo && linux && amd64

package libcuda

import (
	"time"

	"gorgonia.org/cu"

	"tiebreak/cuda/driver"
)

// event is a driver.Event.
type event struct {
	c        *context
	handle   cu.Event
	recorded bool
	closed   bool
}

// Record marks the place in the queue.
func (s *stream) Record(e driver.Event) error {
	const call = "cuEventRecord"
	ev, ok := e.(*event)
	if !ok || ev.c != s.c || ev.closed {
		return s.c.invalid(call, driver.InvalidHandle, "the event is not one of this context")
	}
	if err := s.enqueue(call, func() error { return ev.handle.Record(s.handle) }); err != nil {
		return err
	}
	ev.recorded = true
	return nil
}

// Wait holds back later work until the event.
func (s *stream) Wait(e driver.Event) error {
	const call = "cuStreamWaitEvent"
	ev, ok := e.(*event)
	if !ok || ev.closed {
		return s.c.invalid(call, driver.InvalidHandle, "the event is closed or not one of this driver")
	}
	return s.enqueue(call, func() error { return s.handle.Wait(ev.handle, 0) })
}

// ready says why the event cannot be used.
func (e *event) ready(call string) error {
	if e.c.broken != nil {
		return e.c.broken
	}
	if e.closed {
		return e.c.invalid(call, driver.InvalidHandle, "the event is closed")
	}
	return nil
}

// Synchronize waits for the event; one never recorded counts as reached.
func (e *event) Synchronize() error {
	const call = "cuEventSynchronize"
	if err := e.ready(call); err != nil {
		return err
	}
	return e.c.await(call, e.handle.Query)
}

// Since is the device's time between two events, to half a microsecond.
func (e *event) Since(earlier driver.Event) (time.Duration, error) {
	const call = "cuEventElapsedTime"
	if err := e.ready(call); err != nil {
		return 0, err
	}
	first, ok := earlier.(*event)
	if !ok || first.c != e.c || first.closed || !first.recorded || !e.recorded {
		return 0, e.c.invalid(call, driver.InvalidHandle, "want two recorded events of this context")
	}
	var ms float64
	err := e.c.do(call, func() (err error) { ms, err = first.handle.Elapsed(e.handle); return err })
	return time.Duration(ms * float64(time.Millisecond)), err
}

// Close gives the event back.
func (e *event) Close() error {
	const call = "cuEventDestroy"
	if err := e.ready(call); err != nil {
		return err
	}
	return e.c.do(call, e.destroy)
}

func (e *event) destroy() error {
	e.closed = true
	e.c.events = drop(e.c.events, e)
	return cu.DestroyEvent(&e.handle)
}
