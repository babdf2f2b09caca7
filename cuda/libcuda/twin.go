//go:build cuda && twin && cgo && linux && amd64

package libcuda

/*
#include <stdlib.h>
#include "cuda.h"
#include "table.h"
#include "twin.h"
*/
import "C"

import (
	"errors"
	"runtime"
	"sync"
	"unsafe"

	"tiebreak/cuda/driver"
)

// Twin points the table at another driver and returns the driver of this package over it. So gorgonia.org/cu, and all of
// this package but the loading of the library, run without a GPU: Go calls cu, which calls a trampoline, which leads to a
// function exported by twin_calls.go, which calls d. The process has one table, hence one twin at a time; restore ends it.
//
//	twin, restore := libcuda.Twin(emulator, libcuda.Config{})
//	defer restore()
//
// Over a driver that runs a kernel inside Launch, Config.Blocking makes a fault name that kernel alone.
//
// Capture and launch of graphs are made here, as driver.Driver has none: a graph is the list of calls.
func Twin(d driver.Driver, cfg Config) (twin driver.Driver, restore func()) {
	loaded.Lock()
	defer loaded.Unlock()
	if current != nil {
		panic("libcuda: twin: one is in place already; call its restore first")
	}
	twin, err := New(cfg)
	if err != nil {
		panic(err)
	}
	current = &twinState{
		d:       d,
		objects: map[unsafe.Pointer]any{},
		primary: map[C.CUdevice]*twinContext{},
		host:    map[unsafe.Pointer]func() error{},
		said:    map[driver.Code]string{},
		texts:   map[string]*C.char{},
	}
	loaded.done, loaded.none, loaded.fault = true, "", nil
	C.libcuda_twin()
	return twin, func() {
		loaded.Lock()
		defer loaded.Unlock()
		C.libcuda_reset()
		for p := range current.objects {
			C.free(p)
		}
		loaded.done, current = false, nil
	}
}

// current is the twin in place.
var current *twinState

// twinState is the other side of the table: handles and what they stand for.
type twinState struct {
	d       driver.Driver
	opening sync.Mutex // guards primary
	primary map[C.CUdevice]*twinContext
	mu      sync.Mutex // guards what follows, not the calls of d
	objects map[unsafe.Pointer]any
	host    map[unsafe.Pointer]func() error // page-locked memory and how it is freed
	said    map[driver.Code]string          // the text that last came with a code
	texts   map[string]*C.char              // texts handed out; they stay
}

// twinContext is a primary context.
type twinContext struct {
	driver.Context
	device C.CUdevice
	handle unsafe.Pointer
	users  int
}

// twinStream is a stream and, while it is being captured, the calls made on it.
type twinStream struct {
	driver.Stream
	capturing bool
	captured  []func(driver.Stream) error
}

// queue makes a call on the stream, or notes it.
func (s *twinStream) queue(call func(driver.Stream) error) error {
	if s.capturing {
		s.captured = append(s.captured, call)
		return nil
	}
	return call(s.Stream)
}

// errHandle is an unknown handle: one that was destroyed, or never made.
var errHandle = &driver.Error{Code: driver.InvalidHandle, Detail: "the twin does not know the handle"}

// handle makes a handle for an object: an address of one byte, as Go allows no invented pointers.
func (t *twinState) handle(object any) unsafe.Pointer {
	p := C.malloc(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.objects[p] = object
	return p
}

// forget ends a handle.
func (t *twinState) forget(p unsafe.Pointer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.objects, p)
	C.free(p)
}

// object finds what a handle stands for.
func object[T any](p unsafe.Pointer) (T, error) {
	current.mu.Lock()
	defer current.mu.Unlock()
	o, ok := current.objects[p].(T)
	if !ok {
		return o, errHandle
	}
	return o, nil
}

// here is the context that is current on this thread.
func here() (*twinContext, error) {
	c, err := object[*twinContext](C.libcuda_twin_current())
	if err != nil {
		return nil, &driver.Error{Code: driver.InvalidContext, Detail: "no context is current on this thread"}
	}
	return c, nil
}

// answer turns an error into a code and keeps its text for cuGetErrorString.
func answer(err error) C.CUresult {
	if err == nil {
		return C.CUDA_SUCCESS
	}
	e := &driver.Error{Code: driver.Unknown, Detail: err.Error()}
	errors.As(err, &e)
	text := e.Detail
	if e.Kernel != "" {
		text = join("in "+e.Kernel, text)
	}
	current.mu.Lock()
	defer current.mu.Unlock()
	current.said[e.Code] = text
	return C.CUresult(e.Code)
}

// text is a C string that lives as long as the process, as the driver's are.
func (t *twinState) text(s string) *C.char {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.texts[s] == nil {
		t.texts[s] = C.CString(s)
	}
	return t.texts[s]
}

// keep pins host memory of the other driver, so that C may hold its address, and notes how it is freed.
func (t *twinState) keep(c driver.Context, b []byte) unsafe.Pointer {
	var pin runtime.Pinner
	pin.Pin(&b[0])
	t.mu.Lock()
	defer t.mu.Unlock()
	t.host[unsafe.Pointer(&b[0])] = func() error { pin.Unpin(); return c.FreeHost(b) }
	return unsafe.Pointer(&b[0])
}
