//go:build cuda && cgo && linux && amd64

package libcuda

import (
	"unsafe"

	"gorgonia.org/cu"

	"tiebreak/cuda/driver"
)

// stream is a driver.Stream. It is a Capturer too.
type stream struct {
	c       *context
	handle  cu.Stream
	queue   queue
	capture *[]work // what has been captured; nil unless capturing
	shape   shape   // of the last launch: kept here so that launching allocates nothing
	closed  bool
}

// staged is the size up to which the driver takes pageable memory into its command queue, without waiting for the stream.
// CUDA documents it for copies to a device.
const staged = 64 << 10

// ready says why the stream cannot be used.
func (s *stream) ready(call string) error {
	if s.c.broken != nil {
		return s.c.broken
	}
	if s.closed {
		return s.c.invalid(call, driver.InvalidHandle, "the stream is closed")
	}
	return nil
}

// enqueue queues work by a call of the driver.
func (s *stream) enqueue(call string, f func() error) error {
	return s.enqueueAs(work{name: call}, call, f)
}

// enqueueAs queues work that has another name than the call.
func (s *stream) enqueueAs(w work, call string, f func() error) error {
	if err := s.ready(call); err != nil {
		return err
	}
	if err := s.room(); err != nil {
		return err
	}
	if err := s.c.do(call, f); err != nil {
		return err
	}
	return s.note(w)
}

// CopyToDevice copies host bytes. From pageable memory the driver waits for the stream and then copies before it returns;
// the wait is done here, under the watchdog.
func (s *stream) CopyToDevice(dst driver.Pointer, src []byte) error {
	const call = "cuMemcpyHtoDAsync"
	if err := s.within(call, dst, int64(len(src))); err != nil || len(src) == 0 {
		return err
	}
	if len(src) > staged && !s.c.pinned(src) {
		if err := s.drain(); err != nil {
			return err
		}
	}
	return s.enqueue(call, func() error {
		return cu.MemcpyHtoDAsync(cu.DevicePtr(dst), unsafe.Pointer(unsafe.SliceData(src)), int64(len(src)), s.handle)
	})
}

// CopyToHost copies device bytes. Into pageable memory the driver copies before it returns.
func (s *stream) CopyToHost(dst []byte, src driver.Pointer) error {
	const call = "cuMemcpyDtoHAsync"
	if err := s.within(call, src, int64(len(dst))); err != nil || len(dst) == 0 {
		return err
	}
	if !s.c.pinned(dst) {
		if err := s.drain(); err != nil {
			return err
		}
	}
	return s.enqueue(call, func() error {
		return cu.MemcpyDtoHAsync(unsafe.Pointer(unsafe.SliceData(dst)), cu.DevicePtr(src), int64(len(dst)), s.handle)
	})
}

// Copy copies within the device.
func (s *stream) Copy(dst, src driver.Pointer, bytes int64) error {
	const call = "cuMemcpyDtoDAsync"
	if err := s.within(call, dst, bytes); err != nil || bytes == 0 {
		return err
	}
	if err := s.within(call, src, bytes); err != nil {
		return err
	}
	return s.enqueue(call, func() error {
		return cu.MemcpyDtoDAsync(cu.DevicePtr(dst), cu.DevicePtr(src), bytes, s.handle)
	})
}

// CopyPeer copies from another context's memory, through the host where the devices cannot reach each other.
func (s *stream) CopyPeer(dst driver.Pointer, from driver.Context, src driver.Pointer, bytes int64) error {
	const call = "cuMemcpyPeerAsync"
	o, ok := from.(*context)
	if !ok {
		return s.c.invalid(call, driver.InvalidContext, "got a %T, want a context of this driver", from)
	}
	if err := s.within(call, dst, bytes); err != nil || bytes == 0 {
		return err
	}
	if wrong := o.memory.check(src, bytes); wrong != "" {
		return o.invalid(call, driver.InvalidValue, "%s", wrong)
	}
	return s.enqueue(call, func() error {
		return cu.MemcpyPeerAsync(cu.DevicePtr(dst), s.c.handle, cu.DevicePtr(src), o.handle, bytes, s.handle)
	})
}

// Fill sets bytes.
func (s *stream) Fill(dst driver.Pointer, value byte, bytes int64) error {
	const call = "cuMemsetD8Async"
	if err := s.within(call, dst, bytes); err != nil || bytes == 0 {
		return err
	}
	return s.enqueue(call, func() error { return cu.MemsetD8Async(cu.DevicePtr(dst), value, bytes, s.handle) })
}

// within checks a range of this context's memory. No bytes are in range anywhere.
func (s *stream) within(call string, p driver.Pointer, bytes int64) error {
	if err := s.ready(call); err != nil || bytes == 0 {
		return err
	}
	if wrong := s.c.memory.check(p, bytes); wrong != "" {
		return s.c.invalid(call, driver.InvalidValue, "%s", wrong)
	}
	return nil
}

// drain waits for the queue, unless it is being captured: then nothing runs.
func (s *stream) drain() error {
	if s.capture != nil {
		return nil
	}
	return s.Synchronize()
}

// Synchronize waits until the queue is empty.
func (s *stream) Synchronize() error {
	const call = "cuStreamSynchronize"
	if err := s.ready(call); err != nil {
		return err
	}
	if err := s.c.await(call, s.handle.Query); err != nil {
		return err
	}
	s.queue.empty()
	return nil
}

// Close waits for the queue and gives the stream back.
func (s *stream) Close() error {
	const call = "cuStreamDestroy"
	if err := s.Synchronize(); err != nil {
		return err
	}
	return s.c.do(call, s.destroy)
}

// destroy gives the stream and its marks back. The caller has seen to it that it is idle or broken.
func (s *stream) destroy() error {
	s.closed = true
	s.c.streams = drop(s.c.streams, s)
	s.queue.empty()
	var first error
	for _, m := range s.queue.spare {
		first = firstError(first, cu.DestroyEvent(&m.event))
	}
	return firstError(first, s.handle.Destroy())
}
