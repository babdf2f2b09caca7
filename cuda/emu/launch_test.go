package emu_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver"
	"tiebreak/cuda/emu"
)

// opened opens device 0 with a stream and loads PTX.
func opened(t *testing.T, o emu.Options, text string) (driver.Context, driver.Stream, driver.Module) {
	c, err := emu.New(o).Open(0)
	require.NoError(t, err)
	s, err := c.NewStream()
	require.NoError(t, err)
	m, err := c.LoadModule("m.ptx", []byte(text))
	require.NoError(t, err)
	return c, s, m
}

const nothing = ".version 8.4\n.target sm_75\n.address_size 64\n.visible .entry k(.param .u32 n)\n.maxntid 64, 2, 1\n{ .shared .b8 s[40960]; ret; }"

func TestWrongLaunchesSayWhatIsWrong(t *testing.T) {
	c, s, m := opened(t, emu.Options{}, nothing)
	f, err := m.Function("k")
	require.NoError(t, err)
	params := make([]byte, 4)
	for want, l := range map[string]driver.Launch{
		"got 129 threads a block, want at most 128":                                  {Block: driver.Dim{X: 129}, Params: params},
		"want no negative extents":                                                   {Grid: driver.Dim{X: -1}, Params: params},
		"want at most 65535 blocks in y and z, and 64 threads in z":                  {Grid: driver.Dim{Y: 65536}, Params: params},
		"got 8193 bytes of dynamic shared memory, want at most 8192":                 {Shared: 8193, Params: params},
		"got 8 bytes of parameters, want 4":                                          {Params: make([]byte, 8)},
		"cuLaunchKernel k grid 1x1x1 block 1x1x1 on emu:0: CUDA_ERROR_INVALID_VALUE": {Params: nil},
	} {
		require.ErrorContains(t, s.Launch(f, l), want)
	}
	require.NoError(t, f.SetMaxDynamicShared(20000))
	require.NoError(t, s.Launch(f, driver.Launch{Shared: 20000, Params: params}))
	require.ErrorContains(t, f.SetMaxDynamicShared(30000), "want at most 24576")
	require.NoError(t, m.Unload())
	require.ErrorContains(t, s.Launch(f, driver.Launch{Params: params}), "module is unloaded")
	require.NoError(t, c.Synchronize(), "none of this sticks")
}

func TestModulesThatNoDeviceTakes(t *testing.T) {
	c, _, _ := opened(t, emu.Options{Memory: 1 << 30}, nothing)
	for text, want := range map[string]struct {
		code driver.Code
		text string
	}{
		strings.Replace(nothing, "sm_75", "sm_80", 1): {driver.NoBinaryForGPU, "m.ptx is for sm_80, the device is sm_75"},
		"\x7fELF": {driver.NoBinaryForGPU, "machine code"},
		strings.Replace(nothing, "40960", "50000", 1):                               {driver.InvalidPTX, "50000 bytes of shared"},
		strings.Replace(nothing, ".shared", ".local", 1) + ".const .b8 c[70000];":   {driver.InvalidPTX, "70000 of constant memory"},
		nothing + ".global .b8 g[2000000000];":                                      {driver.OutOfMemory, "variable g"},
		strings.Replace(nothing, "ret;", "ld.global.u32 n, [s];", 1):                {driver.InvalidPTX, "m.ptx:6"},
		strings.Replace(nothing, "ret;", ".reg .b32 %r; ld.global.u32 %r, [s];", 1): {driver.InvalidPTX, "variable s lies in shared memory"},
		strings.Replace(nothing, "ret;", ".reg .b32 %r; mov.u32 %r, nowhere;", 1):   {driver.InvalidPTX, "variable nowhere is not declared"},
	} {
		_, err := c.LoadModule("m.ptx", []byte(text))
		require.Equal(t, want.code, driver.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, want.text)
	}
}

func TestCallsOnClosedThings(t *testing.T) {
	c, s, _ := opened(t, emu.Options{}, nothing)
	require.NoError(t, s.Close())
	require.ErrorContains(t, s.Synchronize(), "the stream is closed")
	require.NoError(t, c.Close())
	require.ErrorContains(t, c.Close(), "closed already")
	_, err := c.Alloc(1)
	require.Equal(t, driver.InvalidContext, driver.CodeOf(err))
}

func TestADeviceIsOpenedOnce(t *testing.T) {
	d := emu.New(emu.Options{Devices: 2})
	c, err := d.Open(1)
	require.NoError(t, err)
	_, err = d.Open(1)
	require.ErrorContains(t, err, "already open")
	require.Error(t, c.EnablePeer(c))
	require.NoError(t, c.Close())
	_, err = d.Open(1)
	require.NoError(t, err)
}

func TestOptionsThatNoDeviceHasPanic(t *testing.T) {
	require.Panics(t, func() { emu.New(emu.Options{ComputeCapability: 90}) })
	require.Panics(t, func() { emu.New(emu.Options{Devices: -1}) })
}
