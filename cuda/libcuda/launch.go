//go:build cuda && cgo && linux && amd64

package libcuda

/*
#include "cuda.h"

struct shape { unsigned int grid[3], block[3], shared; };

// Makes the context current and launches with one block of parameters, in one crossing from Go.
static CUresult libcuda_launch(CUcontext context, CUfunction f, const struct shape *s, CUstream stream, void *params, size_t n) {
	CUresult r = cuCtxSetCurrent(context);
	if (r != CUDA_SUCCESS) return r;
	void *block[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, params, CU_LAUNCH_PARAM_BUFFER_SIZE, &n, CU_LAUNCH_PARAM_END};
	return cuLaunchKernel(f, s->grid[0], s->grid[1], s->grid[2], s->block[0], s->block[1], s->block[2], s->shared, stream,
		NULL, n ? block : NULL);
}
*/
import "C"

import (
	"fmt"
	"math"
	"unsafe"

	"tiebreak/cuda/driver"
)

// shape is a launch without its parameters.
type shape = C.struct_shape

// Launch runs a kernel. cu.Function.Launch is not used: it takes 8 bytes for each parameter, whatever its size.
func (s *stream) Launch(f driver.Function, l driver.Launch) error {
	const call = "cuLaunchKernel"
	if err := s.ready(call); err != nil {
		return err
	}
	fn, wrong := s.launchable(f, l)
	if wrong != nil {
		return wrong
	}
	if err := s.room(); err != nil {
		return err
	}
	w := work{name: fn.name, kernel: true, grid: l.Grid.Full(), block: l.Block.Full()}
	s.shape = shape{grid: extent(w.grid), block: extent(w.block), shared: C.uint(l.Shared)}
	code := driver.Code(C.libcuda_launch(contextHandle(s.c.handle), functionHandle(fn.handle), &s.shape, streamHandle(s.handle),
		unsafe.Pointer(unsafe.SliceData(l.Params)), C.size_t(len(l.Params))))
	if code != 0 {
		return s.launchFailed(w, code, l.Shared)
	}
	return s.note(w)
}

func extent(d driver.Dim) [3]C.uint { return [3]C.uint{C.uint(d.X), C.uint(d.Y), C.uint(d.Z)} }

// launchable checks what the driver does not or reports without a reason.
func (s *stream) launchable(f driver.Function, l driver.Launch) (*function, error) {
	fn, ok := f.(*function)
	if !ok || fn.module.c != s.c || fn.module.closed {
		return nil, s.c.invalid("cuLaunchKernel", driver.InvalidHandle, "the function is not of a module loaded in this context")
	}
	g, b := l.Grid.Full(), l.Block.Full()
	if max(g.X, g.Y, g.Z, b.X, b.Y, b.Z, l.Shared) > math.MaxInt32 || l.Shared < 0 {
		return nil, s.refuse(fn, l, fmt.Sprintf("got %d bytes of shared memory and an extent, want both in 31 bits", l.Shared))
	}
	if fn.params >= 0 && fn.params != len(l.Params) {
		return nil, s.refuse(fn, l, fmt.Sprintf("got %d bytes of parameters, want %d", len(l.Params), fn.params))
	}
	return fn, nil
}

// refuse is an error about a launch that was not made.
func (s *stream) refuse(fn *function, l driver.Launch, detail string) error {
	return &driver.Error{Call: "cuLaunchKernel", Device: s.c.name, Kernel: fn.name, Grid: l.Grid, Block: l.Block,
		Code: driver.InvalidValue, Detail: detail}
}

// launchFailed names the kernel of a launch that the driver refused. A code that breaks the context may be the fault of
// earlier work, which the driver reports when it can, or of this launch where the driver waits for it.
func (s *stream) launchFailed(w work, code driver.Code, shared int) error {
	const call = "cuLaunchKernel"
	if breaks[code] {
		s.queue.add(w)
		return s.c.outcome(call, code, "")
	}
	return &driver.Error{Call: call, Device: s.c.name, Kernel: w.name, Grid: w.grid, Block: w.block, Code: code,
		Detail: join(errorText(code), fmt.Sprintf("with %d bytes of dynamic shared memory", shared))}
}
