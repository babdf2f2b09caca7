//go:build cuda && cgo && linux && amd64

package libcuda

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver"
)

// buildLibrary builds a driver library from C and returns its path.
func buildLibrary(t testing.TB, source string) string {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "driver.c"), filepath.Join(dir, "libcuda.so.1")
	require.NoError(t, os.WriteFile(in, []byte("typedef unsigned long size_t; typedef int CUresult, CUdevice, CUdevice_attribute; typedef void *CUfunction, *CUmodule;\n"+source), 0o644))
	gcc := exec.Command("gcc", "-w", "-O2", "-shared", "-fPIC", "-I.", "-Iinclude", in, "-o", out)
	text, err := gcc.CombinedOutput()
	require.NoError(t, err, string(text))
	return out
}

// useLibrary makes New find the driver at a path.
func useLibrary(t testing.TB, path string) driver.Driver {
	loaded.Lock()
	defer loaded.Unlock()
	loaded.none, loaded.fault = find([]string{path, "/nowhere/libcuda.so.1"})
	loaded.done = true
	t.Cleanup(func() { loaded.done = false })
	d, err := New(Config{})
	require.NoError(t, err)
	return d
}

func TestMachineWithoutDriverHasNoDevices(t *testing.T) {
	d := useLibrary(t, "libtiebreak-no-such-driver.so.1")
	all, err := d.Devices()
	require.NoError(t, err)
	require.Empty(t, all)
	_, err = d.Open(0)
	require.EqualError(t, err, "driver: cuInit on cuda:0: CUDA_ERROR_NO_DEVICE: libtiebreak-no-such-driver.so.1: cannot open "+
		"shared object file: No such file or directory: is the NVIDIA driver installed?")
}

// answering is a driver whose cuInit has one answer.
func answering(init driver.Code) string {
	return fmt.Sprintf(`
CUresult cuInit(unsigned int flags) { return %d; }
CUresult cuDeviceGetCount(int *n) { *n = 1; return 0; }
CUresult cuGetErrorString(CUresult code, const char **text) { *text = "text of the driver"; return 0; }`, init)
}

func TestDriverWithoutDeviceIsLikeNone(t *testing.T) {
	for _, init := range []driver.Code{driver.NoDevice, stubLibrary} {
		path := buildLibrary(t, answering(init))
		d := useLibrary(t, path)
		all, err := d.Devices()
		require.NoError(t, err)
		require.Empty(t, all)
		_, err = d.Open(0)
		code(t, driver.NoDevice, path+": text of the driver", err)
	}
}

func TestDriverThatDoesNotWorkIsAnError(t *testing.T) {
	d := useLibrary(t, buildLibrary(t, answering(803)))
	_, err := d.Devices()
	code(t, 803, "text of the driver", err)
	_, err = d.Open(0)
	code(t, 803, "text of the driver", err)
}

func TestDriverThatLacksACall(t *testing.T) {
	d := useLibrary(t, buildLibrary(t, answering(0)))
	_, err := d.Devices()
	code(t, symbolNotFound, "text of the driver", err)
}

func TestNewChecksItsConfig(t *testing.T) {
	_, err := New(Config{Patience: -1})
	require.EqualError(t, err, "libcuda: open driver: got patience -1ns, want at least 0")
}

// idle is a driver on which every call succeeds and nothing happens.
const idle = `
CUresult cuDeviceGetCount(int *n) { *n = 1; return 0; }
CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) { *value = 75; return 0; }
CUresult cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name) { return 0; }
CUresult cuFuncGetParamInfo(CUfunction f, size_t i, size_t *offset, size_t *size) { *offset = 8 * i; *size = 8; return i == 2; }
#define IDLE(name) CUresult name() { return 0; }
IDLE(cuInit) IDLE(cuDeviceGet) IDLE(cuDeviceGetName) IDLE(cuDeviceTotalMem_v2) IDLE(cuDevicePrimaryCtxRetain)
IDLE(cuCtxSetCurrent) IDLE(cuStreamCreate) IDLE(cuStreamQuery) IDLE(cuModuleLoadDataEx) IDLE(cuEventCreate)
IDLE(cuEventRecord) IDLE(cuEventQuery) IDLE(cuLaunchKernel)
`

// idleKernel opens the idle driver and finds a kernel in it.
func idleKernel(t testing.TB) (driver.Stream, driver.Function) {
	d := useLibrary(t, buildLibrary(t, idle))
	c, err := d.Open(0)
	require.NoError(t, err)
	s, err := c.NewStream()
	require.NoError(t, err)
	m, err := c.LoadModule("test.ptx", []byte(testPTX))
	require.NoError(t, err)
	f, err := m.Function("add")
	require.NoError(t, err)
	return s, f
}

func TestParametersOfTheWrongSizeAreRefused(t *testing.T) {
	s, f := idleKernel(t)
	require.NoError(t, s.Launch(f, driver.Launch{Params: make([]byte, 16)}))
	code(t, driver.InvalidValue, "cuLaunchKernel add grid 1x1x1 block 1x1x1 on cuda:0: CUDA_ERROR_INVALID_VALUE: "+
		"got 12 bytes of parameters, want 16", s.Launch(f, driver.Launch{Params: make([]byte, 12)}))
}

// BenchmarkLaunch is the cost of a launch on the host without the driver's own: the way from Go to the driver and back,
// and the watchdog's marks.
func BenchmarkLaunch(b *testing.B) {
	s, f := idleKernel(b)
	l := driver.Launch{Grid: driver.Dim{X: 4}, Block: driver.Dim{X: 128}, Params: addParams(0, 1, 1)}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Launch(f, l); err != nil {
			b.Fatal(err)
		}
	}
}
