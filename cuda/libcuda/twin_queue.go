//go:build cuda && twin && cgo && linux && amd64

package libcuda

/*
#include <stdlib.h>
#include "cuda.h"
#include "twin.h"
*/
import "C"

import (
	"time"
	"unsafe"

	"tiebreak/cuda/driver"
)

// The functions that the table leads to: streams, launches, events and graphs. See twin_calls.go.

//export twinStreamCreate
func twinStreamCreate(stream *C.CUstream, _ C.uint) C.CUresult {
	c, err := here()
	if err != nil {
		return answer(err)
	}
	s, err := c.NewStream()
	if err == nil {
		*stream = C.CUstream(current.handle(&twinStream{Stream: s}))
	}
	return answer(err)
}

//export twinStreamDestroy
func twinStreamDestroy(stream C.CUstream) C.CUresult {
	s, err := object[*twinStream](unsafe.Pointer(stream))
	if err != nil {
		return answer(err)
	}
	current.forget(unsafe.Pointer(stream))
	return answer(s.Close())
}

// twinStreamQuery waits, so it never answers "not ready" unless the other driver says so.
//
//export twinStreamQuery
func twinStreamQuery(stream C.CUstream) C.CUresult {
	s, err := object[*twinStream](unsafe.Pointer(stream))
	if err != nil {
		return answer(err)
	}
	return answer(s.Synchronize())
}

// twinQueue makes a call on a stream, or notes it where the stream is being captured.
func twinQueue(stream C.CUstream, call func(driver.Stream) error) C.CUresult {
	s, err := object[*twinStream](unsafe.Pointer(stream))
	if err != nil {
		return answer(err)
	}
	return answer(s.queue(call))
}

//export twinMemcpyHtoDAsync
func twinMemcpyHtoDAsync(to C.CUdeviceptr, from unsafe.Pointer, n C.size_t, stream C.CUstream) C.CUresult {
	return twinQueue(stream, func(s driver.Stream) error {
		return s.CopyToDevice(driver.Pointer(to), unsafe.Slice((*byte)(from), n))
	})
}

//export twinMemcpyDtoHAsync
func twinMemcpyDtoHAsync(to unsafe.Pointer, from C.CUdeviceptr, n C.size_t, stream C.CUstream) C.CUresult {
	return twinQueue(stream, func(s driver.Stream) error {
		return s.CopyToHost(unsafe.Slice((*byte)(to), n), driver.Pointer(from))
	})
}

//export twinMemcpyDtoDAsync
func twinMemcpyDtoDAsync(to, from C.CUdeviceptr, n C.size_t, stream C.CUstream) C.CUresult {
	return twinQueue(stream, func(s driver.Stream) error {
		return s.Copy(driver.Pointer(to), driver.Pointer(from), int64(n))
	})
}

//export twinMemcpyPeerAsync
func twinMemcpyPeerAsync(to C.CUdeviceptr, _ C.CUcontext, from C.CUdeviceptr, fromContext C.CUcontext, n C.size_t,
	stream C.CUstream) C.CUresult {
	c, err := object[*twinContext](unsafe.Pointer(fromContext))
	if err != nil {
		return answer(err)
	}
	return twinQueue(stream, func(s driver.Stream) error {
		return s.CopyPeer(driver.Pointer(to), c.Context, driver.Pointer(from), int64(n))
	})
}

//export twinMemsetD8Async
func twinMemsetD8Async(to C.CUdeviceptr, value C.uchar, n C.size_t, stream C.CUstream) C.CUresult {
	return twinQueue(stream, func(s driver.Stream) error { return s.Fill(driver.Pointer(to), byte(value), int64(n)) })
}

//export twinLaunchKernel
func twinLaunchKernel(function C.CUfunction, gridX, gridY, gridZ, blockX, blockY, blockZ, shared C.uint, stream C.CUstream,
	_, extra *unsafe.Pointer) C.CUresult {
	f, err := object[driver.Function](unsafe.Pointer(function))
	if err != nil {
		return answer(err)
	}
	l := driver.Launch{
		Grid:   driver.Dim{X: int(gridX), Y: int(gridY), Z: int(gridZ)},
		Block:  driver.Dim{X: int(blockX), Y: int(blockY), Z: int(blockZ)},
		Shared: int(shared),
		Params: twinParams(extra),
	}
	return twinQueue(stream, func(s driver.Stream) error { return s.Launch(f, l) })
}

// twinParams copies the block of parameters out of the list of pairs that cuLaunchKernel takes.
func twinParams(extra *unsafe.Pointer) []byte {
	if extra == nil {
		return nil
	}
	pairs := unsafe.Slice(extra, 4)
	var block unsafe.Pointer
	var n C.size_t
	for i := 0; i < len(pairs); i += 2 {
		switch uintptr(pairs[i]) {
		case 1: // CU_LAUNCH_PARAM_BUFFER_POINTER
			block = pairs[i+1]
		case 2: // CU_LAUNCH_PARAM_BUFFER_SIZE
			n = *(*C.size_t)(pairs[i+1])
		}
	}
	return C.GoBytes(block, C.int(n))
}

//export twinEventCreate
func twinEventCreate(event *C.CUevent, _ C.uint) C.CUresult {
	c, err := here()
	if err != nil {
		return answer(err)
	}
	e, err := c.NewEvent()
	if err == nil {
		*event = C.CUevent(current.handle(e))
	}
	return answer(err)
}

//export twinEventDestroy
func twinEventDestroy(event C.CUevent) C.CUresult {
	e, err := object[driver.Event](unsafe.Pointer(event))
	if err != nil {
		return answer(err)
	}
	current.forget(unsafe.Pointer(event))
	return answer(e.Close())
}

//export twinEventRecord
func twinEventRecord(event C.CUevent, stream C.CUstream) C.CUresult {
	e, err := object[driver.Event](unsafe.Pointer(event))
	if err != nil {
		return answer(err)
	}
	return twinQueue(stream, func(s driver.Stream) error { return s.Record(e) })
}

//export twinStreamWaitEvent
func twinStreamWaitEvent(stream C.CUstream, event C.CUevent, _ C.uint) C.CUresult {
	e, err := object[driver.Event](unsafe.Pointer(event))
	if err != nil {
		return answer(err)
	}
	return twinQueue(stream, func(s driver.Stream) error { return s.Wait(e) })
}

//export twinEventQuery
func twinEventQuery(event C.CUevent) C.CUresult {
	e, err := object[driver.Event](unsafe.Pointer(event))
	if err != nil {
		return answer(err)
	}
	return answer(e.Synchronize())
}

//export twinEventElapsedTime
func twinEventElapsedTime(ms *C.float, from, to C.CUevent) C.CUresult {
	first, err := object[driver.Event](unsafe.Pointer(from))
	last, wrong := object[driver.Event](unsafe.Pointer(to))
	if err := firstError(err, wrong); err != nil {
		return answer(err)
	}
	d, err := last.Since(first)
	*ms = C.float(float64(d) / float64(time.Millisecond))
	return answer(err)
}

//export twinStreamBeginCapture
func twinStreamBeginCapture(stream C.CUstream, _ C.CUstreamCaptureMode) C.CUresult {
	s, err := object[*twinStream](unsafe.Pointer(stream))
	if err != nil {
		return answer(err)
	}
	if s.capturing {
		return C.CUDA_ERROR_ILLEGAL_STATE
	}
	s.capturing, s.captured = true, nil
	return C.CUDA_SUCCESS
}

//export twinStreamEndCapture
func twinStreamEndCapture(stream C.CUstream, graph *C.CUgraph) C.CUresult {
	s, err := object[*twinStream](unsafe.Pointer(stream))
	if err != nil {
		return answer(err)
	}
	if !s.capturing {
		return C.CUDA_ERROR_ILLEGAL_STATE
	}
	*graph = C.CUgraph(current.handle(s.captured))
	s.capturing = false
	return C.CUDA_SUCCESS
}

//export twinGraphInstantiate
func twinGraphInstantiate(exec *C.CUgraphExec, graph C.CUgraph, _ C.ulonglong) C.CUresult {
	calls, err := object[[]func(driver.Stream) error](unsafe.Pointer(graph))
	if err == nil {
		*exec = C.CUgraphExec(current.handle(calls))
	}
	return answer(err)
}

//export twinGraphLaunch
func twinGraphLaunch(exec C.CUgraphExec, stream C.CUstream) C.CUresult {
	calls, err := object[[]func(driver.Stream) error](unsafe.Pointer(exec))
	if err != nil {
		return answer(err)
	}
	return twinQueue(stream, func(s driver.Stream) error {
		for _, call := range calls {
			if err := call(s); err != nil {
				return err
			}
		}
		return nil
	})
}

//export twinGraphDestroy
func twinGraphDestroy(graph C.CUgraph) C.CUresult { return twinDestroy(unsafe.Pointer(graph)) }

//export twinGraphExecDestroy
func twinGraphExecDestroy(exec C.CUgraphExec) C.CUresult { return twinDestroy(unsafe.Pointer(exec)) }

// twinDestroy ends the handle of a graph.
func twinDestroy(graph unsafe.Pointer) C.CUresult {
	if _, err := object[[]func(driver.Stream) error](graph); err != nil {
		return answer(err)
	}
	current.forget(graph)
	return C.CUDA_SUCCESS
}
