package kernels

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestModulesOfADevice(t *testing.T) {
	turing, ampere := Modules(75), Modules(86)
	require.Contains(t, turing, "gemm_f16_sm75")
	require.NotContains(t, turing, "gemm_f16_sm80")
	require.Contains(t, ampere, "gemm_bf16_sm80")
	require.NotContains(t, ampere, "gemm_f16_sm75", "a newer device has newer kernels")
	require.Contains(t, ampere, "rms_norm")
	require.Empty(t, Modules(70))
}

func TestImagesComeMachineCodeFirst(t *testing.T) {
	for _, c := range []struct {
		sm   int
		want string // file of the machine code; "" for none
	}{
		{75, "cubin/rms_norm.sm75.zst"},
		{80, "cubin/rms_norm.sm80.zst"},
		{87, "cubin/rms_norm.sm86.zst"},
		{90, "cubin/rms_norm.sm90a.zst"},
		{91, ""},
		{120, ""},
	} {
		images, err := Images("rms_norm", c.sm)
		require.NoError(t, err)
		require.Equal(t, "rms_norm.ptx", images[len(images)-1].Name)
		require.Contains(t, string(images[len(images)-1].Data), ".version 8.4")
		if c.want == "" {
			require.Len(t, images, 1, "sm %d", c.sm)
			continue
		}
		require.Len(t, images, 2, "sm %d", c.sm)
		require.Equal(t, c.want, images[0].Name)
		require.True(t, bytes.HasPrefix(images[0].Data, []byte("\x7fELF")))
	}
}

func TestSourcesCanBeRead(t *testing.T) {
	text, ok := Source("gemm.cuh")
	require.True(t, ok)
	require.Contains(t, text, "accumulate_async")
	_, ok = Source("gemm.f90")
	require.False(t, ok)
}

func TestUnknownModulePanics(t *testing.T) {
	require.PanicsWithValue(t, "kernels: no module gemm", func() { PTX("gemm") })
}
