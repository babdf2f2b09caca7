//go:build cuda && cgo && linux && amd64

package libcuda

// #include "cuda.h"
import "C"

import (
	"reflect"
	"strings"

	"tiebreak/cuda/driver"
)

// Codes that only this package tells apart.
const (
	stubLibrary         driver.Code = C.CUDA_ERROR_STUB_LIBRARY
	deviceUnavailable   driver.Code = C.CUDA_ERROR_DEVICE_UNAVAILABLE
	eccUncorrectable    driver.Code = C.CUDA_ERROR_ECC_UNCORRECTABLE
	nvlinkUncorrectable driver.Code = C.CUDA_ERROR_NVLINK_UNCORRECTABLE
	noPTXCompiler       driver.Code = C.CUDA_ERROR_JIT_COMPILER_NOT_FOUND
	symbolNotFound      driver.Code = C.CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND
	contextDestroyed    driver.Code = C.CUDA_ERROR_CONTEXT_IS_DESTROYED
	hardwareStack       driver.Code = C.CUDA_ERROR_HARDWARE_STACK_ERROR
	invalidAddressSpace driver.Code = C.CUDA_ERROR_INVALID_ADDRESS_SPACE
	invalidPC           driver.Code = C.CUDA_ERROR_INVALID_PC
	notSupported        driver.Code = C.CUDA_ERROR_NOT_SUPPORTED
)

// breaks holds the codes after which CUDA documents a context, and often the process, as unusable.
var breaks = map[driver.Code]bool{
	deviceUnavailable: true, eccUncorrectable: true, nvlinkUncorrectable: true, contextDestroyed: true,
	driver.IllegalAddress: true, driver.LaunchTimeout: true, driver.Assert: true, hardwareStack: true,
	driver.IllegalInstruction: true, driver.MisalignedAddress: true, invalidAddressSpace: true, invalidPC: true,
	driver.LaunchFailed: true, driver.Unknown: true,
}

// result is the outcome of a call that this package makes itself, as an error like those of gorgonia.org/cu.
type result int

// Error names the code.
func (r result) Error() string { return driver.Code(r).String() }

// asError is nil for success.
func asError(r C.CUresult) error {
	if r == C.CUDA_SUCCESS {
		return nil
	}
	return result(r)
}

// codeOf is the code in an error of this package or of gorgonia.org/cu, whose type for it is an unexported integer; 0 for
// nil. cu returns no other errors from the functions used here.
func codeOf(err error) driver.Code {
	if err == nil {
		return 0
	}
	if v := reflect.ValueOf(err); v.CanInt() {
		return driver.Code(v.Int())
	}
	return driver.Unknown
}

// errorText is the driver's description of a code, with its name where package driver has none; "" if it has neither.
func errorText(c driver.Code) string {
	var name, text *C.char
	var parts []string
	if strings.HasPrefix(c.String(), "CUDA error") && C.cuGetErrorName(C.CUresult(c), &name) == C.CUDA_SUCCESS {
		parts = append(parts, C.GoString(name))
	}
	if C.cuGetErrorString(C.CUresult(c), &text) == C.CUDA_SUCCESS {
		parts = append(parts, C.GoString(text))
	}
	return strings.Join(parts, ": ")
}
