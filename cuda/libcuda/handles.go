//go:build cuda && cgo && linux && amd64

package libcuda

// #include "cuda.h"
import "C"

import (
	"unsafe"

	"gorgonia.org/cu"
)

// The calls that gorgonia.org/cu lacks need its handles. Each of its handle types is a struct of one pointer, which it
// keeps to itself; the constants fail to compile should one grow.
const (
	_ = unsafe.Sizeof(uintptr(0)) - unsafe.Sizeof(cu.CUContext{})
	_ = unsafe.Sizeof(uintptr(0)) - unsafe.Sizeof(cu.Function{})
	_ = unsafe.Sizeof(uintptr(0)) - unsafe.Sizeof(cu.Stream{})
)

func contextHandle(c cu.CUContext) C.CUcontext  { return *(*C.CUcontext)(unsafe.Pointer(&c)) }
func functionHandle(f cu.Function) C.CUfunction { return *(*C.CUfunction)(unsafe.Pointer(&f)) }
func streamHandle(s cu.Stream) C.CUstream       { return *(*C.CUstream)(unsafe.Pointer(&s)) }
