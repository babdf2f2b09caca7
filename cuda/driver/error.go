package driver

import (
	"errors"
	"fmt"
	"strings"
)

// Code is a result code of the CUDA driver API, with its number there.
type Code int

// The codes this project tells apart; a driver may return others.
const (
	InvalidValue             Code = 1
	OutOfMemory              Code = 2
	NotInitialized           Code = 3
	Deinitialized            Code = 4
	NoDevice                 Code = 100
	InvalidDevice            Code = 101
	InvalidImage             Code = 200
	InvalidContext           Code = 201
	NoBinaryForGPU           Code = 209
	PeerAccessUnsupported    Code = 217
	InvalidPTX               Code = 218
	UnsupportedPTXVersion    Code = 222
	InvalidHandle            Code = 400
	NotFound                 Code = 500
	NotReady                 Code = 600
	IllegalAddress           Code = 700
	LaunchOutOfResources     Code = 701
	LaunchTimeout            Code = 702
	PeerAccessAlreadyEnabled Code = 704
	Assert                   Code = 710
	IllegalInstruction       Code = 715
	MisalignedAddress        Code = 716
	LaunchFailed             Code = 719
	Unknown                  Code = 999
)

// names gives each code the name that CUDA documents it under.
var names = map[Code]string{
	InvalidValue:             "CUDA_ERROR_INVALID_VALUE",
	OutOfMemory:              "CUDA_ERROR_OUT_OF_MEMORY",
	NotInitialized:           "CUDA_ERROR_NOT_INITIALIZED",
	Deinitialized:            "CUDA_ERROR_DEINITIALIZED",
	NoDevice:                 "CUDA_ERROR_NO_DEVICE",
	InvalidDevice:            "CUDA_ERROR_INVALID_DEVICE",
	InvalidImage:             "CUDA_ERROR_INVALID_IMAGE",
	InvalidContext:           "CUDA_ERROR_INVALID_CONTEXT",
	NoBinaryForGPU:           "CUDA_ERROR_NO_BINARY_FOR_GPU",
	PeerAccessUnsupported:    "CUDA_ERROR_PEER_ACCESS_UNSUPPORTED",
	InvalidPTX:               "CUDA_ERROR_INVALID_PTX",
	UnsupportedPTXVersion:    "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
	InvalidHandle:            "CUDA_ERROR_INVALID_HANDLE",
	NotFound:                 "CUDA_ERROR_NOT_FOUND",
	NotReady:                 "CUDA_ERROR_NOT_READY",
	IllegalAddress:           "CUDA_ERROR_ILLEGAL_ADDRESS",
	LaunchOutOfResources:     "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
	LaunchTimeout:            "CUDA_ERROR_LAUNCH_TIMEOUT",
	PeerAccessAlreadyEnabled: "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED",
	Assert:                   "CUDA_ERROR_ASSERT",
	IllegalInstruction:       "CUDA_ERROR_ILLEGAL_INSTRUCTION",
	MisalignedAddress:        "CUDA_ERROR_MISALIGNED_ADDRESS",
	LaunchFailed:             "CUDA_ERROR_LAUNCH_FAILED",
	Unknown:                  "CUDA_ERROR_UNKNOWN",
}

// String gives CUDA's name of the code, or its number where this package does not know it.
func (c Code) String() string {
	if n, ok := names[c]; ok {
		return n
	}
	return fmt.Sprintf("CUDA error %d", int(c))
}

// Error is a failed call.
type Error struct {
	Call   string // the driver function, such as cuMemAlloc
	Device string // the device it was made on, such as "cuda:1"; "" if on none
	Kernel string // the kernel of a launch, or of the launch that first failed; else ""
	Grid   Dim    // of that launch
	Block  Dim    // of that launch
	Code   Code
	Detail string // what was wrong, with values, and where it can be said, what to do
}

// Error says all that is known: driver: cuLaunchKernel gemm_f16 grid 4x1x1 block 128x1x1 on cuda:0: CODE: detail.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("driver: " + e.Call)
	if e.Kernel != "" {
		g, t := e.Grid.Full(), e.Block.Full()
		fmt.Fprintf(&b, " %s grid %dx%dx%d block %dx%dx%d", e.Kernel, g.X, g.Y, g.Z, t.X, t.Y, t.Z)
	}
	if e.Device != "" {
		b.WriteString(" on " + e.Device)
	}
	fmt.Fprintf(&b, ": %v", e.Code)
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	return b.String()
}

// CodeOf is the code of the first *Error in err's chain; 0 if there is none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}
