package driver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParamsLieAtTheirNaturalAlignment(t *testing.T) {
	var p Params
	p.Int32(1).Pointer(0x1122334455667788).Float32(1).Int32(-1).Uint64(2)
	require.Equal(t, []byte{
		1, 0, 0, 0, 0, 0, 0, 0,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		0, 0, 0x80, 0x3f, 0xff, 0xff, 0xff, 0xff,
		2, 0, 0, 0, 0, 0, 0, 0,
	}, p.Bytes())
}

func TestParamsStructIsRoundedUpToItsAlignment(t *testing.T) {
	var inner, p Params
	inner.Pointer(3).Int32(4)
	p.Int32(9).Struct(8, inner.Bytes()).Int32(5)
	require.Len(t, p.Bytes(), 28)
	require.Equal(t, byte(3), p.Bytes()[8])
	require.Equal(t, byte(5), p.Bytes()[24])
}

func TestParamsBeyondTheLimitPanic(t *testing.T) {
	var p Params
	p.Struct(8, make([]byte, MaxParams+8))
	require.PanicsWithValue(t, "driver: kernel parameters: got 4104 bytes, want at most 4096", func() { p.Bytes() })
}

func TestErrorNamesCallKernelShapeDeviceAndCode(t *testing.T) {
	err := fmt.Errorf("cuda: gemm: %w", &Error{Call: "cuLaunchKernel", Device: "cuda:1", Kernel: "gemm_f16", Grid: Dim{X: 4},
		Block: Dim{X: 32, Y: 4}, Code: IllegalAddress, Detail: "read of 4 bytes at 0x10"})
	require.Equal(t, "cuda: gemm: driver: cuLaunchKernel gemm_f16 grid 4x1x1 block 32x4x1 on cuda:1: "+
		"CUDA_ERROR_ILLEGAL_ADDRESS: read of 4 bytes at 0x10", err.Error())
	require.Equal(t, IllegalAddress, CodeOf(err))
	require.Equal(t, Code(0), CodeOf(fmt.Errorf("other")))
}

func TestEveryCodeHasItsCUDAName(t *testing.T) {
	for c, n := range names {
		require.True(t, strings.HasPrefix(n, "CUDA_ERROR_"), "code %d", int(c))
	}
	require.Equal(t, "CUDA error 12345", Code(12345).String())
}

func TestDimCountsMissingFieldsAsOne(t *testing.T) {
	require.Equal(t, 6, Dim{X: 2, Z: 3}.Count())
	require.Equal(t, Dim{2, 1, 3}, Dim{X: 2, Z: 3}.Full())
	require.Equal(t, 75, Device{Major: 7, Minor: 5}.SM())
}
