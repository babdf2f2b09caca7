//go:build cuda && twin && cgo && linux && amd64

package libcuda

import (
	"encoding/binary"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver"
)

// twin puts the driver of this package over a fake.
func twin(t *testing.T, f *fakeDriver, cfg Config) driver.Driver {
	d, restore := Twin(f, cfg)
	t.Cleanup(restore)
	return d
}

func TestSeamOverTwin(t *testing.T) {
	f := newFake(1)
	exercise(t, twin(t, f, Config{}))
	require.True(t, f.open[0].closed)
	require.Zero(t, f.open[0].objects, "modules, streams and events were all given back")
	require.Zero(t, f.open[0].host)
	require.Empty(t, f.open[0].memory)
}

func TestDevicesAreDescribed(t *testing.T) {
	f := newFake(2)
	d := twin(t, f, Config{})
	got, err := d.Devices()
	require.NoError(t, err)
	require.Equal(t, f.devices, got)
	c := open(t, d, 1)
	require.Equal(t, f.devices[1], c.Device())
	_, err = d.Open(2)
	require.EqualError(t, err,
		"driver: cuDeviceGet on cuda:2: CUDA_ERROR_INVALID_DEVICE: got ordinal 2, want less than 2, the number of visible devices")
	_, err = d.Open(-1)
	code(t, driver.InvalidDevice, "got ordinal -1", err)
}

func TestAttributesArePassedThrough(t *testing.T) {
	f := newFake(1)
	k := kernel(t, open(t, twin(t, f, Config{}), 0), "add")
	a, err := k.Attributes()
	require.NoError(t, err)
	require.Equal(t, driver.FunctionAttributes{MaxThreads: 1024, StaticShared: 16, Registers: 32, Local: 8}, a)
	require.NoError(t, k.SetMaxDynamicShared(60<<10))
	require.Contains(t, f.calls, "SetMaxDynamicShared 61440")
}

func TestFaultOfTheLaunchItselfNamesIt(t *testing.T) {
	f := newFake(1)
	c := open(t, twin(t, f, Config{}), 0)
	s, k := newStream(t, c), kernel(t, c, "wait")
	f.fault = failing("Launch wait", driver.LaunchFailed)
	require.EqualError(t, s.Launch(k, driver.Launch{Grid: driver.Dim{X: 3}}),
		"driver: cuLaunchKernel wait grid 3x1x1 block 1x1x1 on cuda:0: CUDA_ERROR_LAUNCH_FAILED: as planned")
}

func TestPeersCopyBetweenDevices(t *testing.T) {
	f := newFake(2)
	d := twin(t, f, Config{})
	a, b := open(t, d, 0), open(t, d, 1)
	s, r := newStream(t, a), newStream(t, b)
	p, q := alloc(t, a, 4), alloc(t, b, 4)
	require.NoError(t, a.EnablePeer(b))
	require.Contains(t, f.calls, "EnablePeer 1")
	require.NoError(t, r.CopyToDevice(q, []byte{1, 2, 3, 4}))
	require.NoError(t, s.CopyPeer(p, b, q+1, 3))
	got := make([]byte, 4)
	require.NoError(t, s.CopyToHost(got, p))
	require.NoError(t, s.Synchronize())
	require.Equal(t, []byte{2, 3, 4, 0}, got)
	code(t, driver.InvalidValue, "on cuda:1: CUDA_ERROR_INVALID_VALUE: got 4 bytes", s.CopyPeer(p, b, q+1, 4))

	f.fault = failing("EnablePeer 1", driver.PeerAccessAlreadyEnabled)
	require.NoError(t, a.EnablePeer(b))
	f.fault = failing("EnablePeer 1", driver.PeerAccessUnsupported)
	code(t, driver.PeerAccessUnsupported, "peer cuda:1", a.EnablePeer(b))
}

// failing fails one call.
func failing(call string, c driver.Code) func(string) error {
	return func(made string) error {
		if made == call {
			return &driver.Error{Code: c, Detail: "as planned"}
		}
		return nil
	}
}

func TestEveryCallReportsItsFailure(t *testing.T) {
	f := newFake(1)
	d := twin(t, f, Config{})
	c := open(t, d, 0)
	s, k, p := newStream(t, c), kernel(t, c, "add"), alloc(t, c, 8)
	from, err := c.NewEvent()
	require.NoError(t, err)
	require.NoError(t, s.Record(from))
	host, err := c.AllocHost(8)
	require.NoError(t, err)
	m, err := c.LoadModule("test.ptx", []byte(testPTX))
	require.NoError(t, err)
	params := addParams(p, 1, 1)
	for made, call := range map[string]struct {
		name string
		do   func() error
	}{
		"MemInfo":               {"cuMemGetInfo", func() error { _, _, err := c.MemInfo(); return err }},
		"Alloc":                 {"cuMemAlloc", func() error { _, err := c.Alloc(1); return err }},
		"Free":                  {"cuMemFree", func() error { return c.Free(alloc(t, c, 1)) }},
		"AllocHost":             {"cuMemHostAlloc", func() error { _, err := c.AllocHost(1); return err }},
		"LoadModule":            {"cuModuleLoadDataEx", func() error { _, err := c.LoadModule("x.ptx", []byte(testPTX)); return err }},
		"Function":              {"cuModuleGetFunction", func() error { _, err := m.Function("add"); return err }},
		"Attributes":            {"cuFuncGetAttribute", func() error { _, err := k.Attributes(); return err }},
		"NewStream":             {"cuStreamCreate", func() error { _, err := c.NewStream(); return err }},
		"NewEvent":              {"cuEventCreate", func() error { _, err := c.NewEvent(); return err }},
		"StreamQuery":           {"cuStreamSynchronize", func() error { return s.Synchronize() }},
		"EventQuery":            {"cuEventSynchronize", func() error { return from.Synchronize() }},
		"Since":                 {"cuEventElapsedTime", func() error { _, err := from.Since(from); return err }},
		"Record":                {"cuEventRecord", func() error { return s.Record(from) }},
		"Wait":                  {"cuStreamWaitEvent", func() error { return s.Wait(from) }},
		"Fill":                  {"cuMemsetD8Async", func() error { return s.Fill(p, 0, 1) }},
		"Copy":                  {"cuMemcpyDtoDAsync", func() error { return s.Copy(p, p+4, 4) }},
		"CopyPeer":              {"cuMemcpyPeerAsync", func() error { return s.CopyPeer(p, c, p+4, 4) }},
		"CopyToHost":            {"cuMemcpyDtoHAsync", func() error { return s.CopyToHost(host, p) }},
		"Launch add":            {"cuLaunchKernel add grid 1x1x1 block 1x1x1", func() error { return s.Launch(k, driver.Launch{Params: params}) }},
		"CopyToDevice":          {"cuMemcpyHtoDAsync", func() error { return s.CopyToDevice(p, host) }},
		"SetMaxDynamicShared 5": {"cuFuncSetAttribute", func() error { return k.SetMaxDynamicShared(5) }},
	} {
		f.fault = failing(made, driver.InvalidValue)
		err := call.do()
		code(t, driver.InvalidValue, "driver: "+call.name+" on cuda:0: CUDA_ERROR_INVALID_VALUE: as planned", err)
		f.fault = nil
		require.NoError(t, s.Synchronize(), "%s: an error of a call is not one of the context", made)
	}
}

func TestCodesThatPackageDriverDoesNotName(t *testing.T) {
	f := newFake(1)
	c := open(t, twin(t, f, Config{}), 0)
	f.fault = failing("MemInfo", 46)
	_, _, err := c.MemInfo()
	code(t, 46, "CUDA error 46: CUDA error 46: as planned", err)
}

func TestSoundImageForAnotherDriverSaysSo(t *testing.T) {
	f := newFake(1)
	c := open(t, twin(t, f, Config{}), 0)
	f.fault = failing("LoadModule", driver.UnsupportedPTXVersion)
	_, err := c.LoadModule("x.ptx", []byte(testPTX))
	code(t, driver.NoBinaryForGPU, "x.ptx: as planned", err)
}

func TestFaultSticksAndNamesItsSuspects(t *testing.T) {
	f := newFake(1)
	d := twin(t, f, Config{})
	c, err := d.Open(0)
	require.NoError(t, err)
	s, add, bad, x := newStream(t, c), kernel(t, c, "add"), kernel(t, c, "bad"), alloc(t, c, 4)
	for range groupSize {
		require.NoError(t, s.Launch(add, driver.Launch{Params: addParams(x, 1, 1)}))
	}
	shape := driver.Launch{Grid: driver.Dim{X: 7, Y: 2}, Block: driver.Dim{X: 64}}
	require.NoError(t, s.Launch(bad, shape))
	require.NoError(t, s.Launch(add, driver.Launch{Params: addParams(x, 1, 1)}))
	require.NoError(t, s.Launch(add, driver.Launch{Params: addParams(x, 1, 1)}))
	first := s.Synchronize()
	require.EqualError(t, first, "driver: cuStreamSynchronize bad grid 7x2x1 block 64x1x1 on cuda:0: "+
		"CUDA_ERROR_ILLEGAL_ADDRESS: as planned: it is one of bad, add x2; CUDA_LAUNCH_BLOCKING=1 in the environment shows which")
	_, err = c.Alloc(1)
	require.Same(t, first, err)
	require.Same(t, first, s.Launch(add, driver.Launch{}))
	require.Same(t, first, c.Free(x))
	require.NoError(t, c.Close())
	require.True(t, f.open[0].closed)
	open(t, d, 0)
}

func TestBlockingNamesTheKernel(t *testing.T) {
	t.Setenv("CUDA_LAUNCH_BLOCKING", "1")
	c := open(t, twin(t, newFake(1), Config{}), 0)
	s, add, bad, x := newStream(t, c), kernel(t, c, "add"), kernel(t, c, "bad"), alloc(t, c, 4)
	require.NoError(t, s.Launch(add, driver.Launch{Params: addParams(x, 1, 1)}))
	require.EqualError(t, s.Launch(bad, driver.Launch{}),
		"driver: cuStreamSynchronize bad grid 1x1x1 block 1x1x1 on cuda:0: CUDA_ERROR_ILLEGAL_ADDRESS: as planned")
}

// slow is a clock that a test moves: each rest takes as long as it is asked to, at once.
func slow(d driver.Driver) *time.Time {
	now := time.Unix(0, 0)
	d.(*library).clock = clock{
		now:   func() time.Time { now = now.Add(time.Microsecond); return now },
		sleep: func(d time.Duration) { now = now.Add(d) },
	}
	return &now
}

func TestKernelThatNeverEndsIsAnError(t *testing.T) {
	for name, wait := range map[string]func(driver.Context, driver.Stream, driver.Event, driver.Pointer) error{
		"stream": func(_ driver.Context, s driver.Stream, _ driver.Event, _ driver.Pointer) error {
			return s.Synchronize()
		},
		"context": func(c driver.Context, _ driver.Stream, _ driver.Event, _ driver.Pointer) error {
			return c.Synchronize()
		},
		"event": func(_ driver.Context, _ driver.Stream, e driver.Event, _ driver.Pointer) error {
			return e.Synchronize()
		},
		"copy to host": func(_ driver.Context, s driver.Stream, _ driver.Event, p driver.Pointer) error {
			return s.CopyToHost(make([]byte, 4), p)
		},
		"large copy to device": func(_ driver.Context, s driver.Stream, _ driver.Event, p driver.Pointer) error {
			return s.CopyToDevice(p, make([]byte, staged+1))
		},
		"free":         func(c driver.Context, _ driver.Stream, _ driver.Event, p driver.Pointer) error { return c.Free(p) },
		"close stream": func(_ driver.Context, s driver.Stream, _ driver.Event, _ driver.Pointer) error { return s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(1)
			d, restore := Twin(f, Config{Patience: 10 * time.Second})
			defer restore()
			now := slow(d)
			c, err := d.Open(0)
			require.NoError(t, err)
			s, k, p := newStream(t, c), kernel(t, c, "wait"), alloc(t, c, staged+1)
			e, err := c.NewEvent()
			require.NoError(t, err)
			require.NoError(t, s.Launch(k, driver.Launch{Grid: driver.Dim{X: 5}}))
			require.NoError(t, s.Record(e))
			f.fault = func(call string) error {
				if call == "StreamQuery" || call == "EventQuery" {
					return &driver.Error{Code: driver.NotReady}
				}
				return nil
			}
			begin := *now
			err = wait(c, s, e, p)
			code(t, driver.LaunchTimeout, "no progress for 10s: the device is given up: it is one of wait, cuEventRecord", err)
			require.Contains(t, err.Error(), " wait grid 5x1x1 block 1x1x1 on cuda:0")
			require.InDelta(t, 10, now.Sub(begin).Seconds(), 0.1)
			require.Same(t, err, s.Synchronize())
			require.NoError(t, c.Close(), "nothing is asked of a device that hangs")
			require.False(t, f.open[0].closed)
		})
	}
}

func TestFullQueueOfAHungDeviceIsAnError(t *testing.T) {
	f := newFake(1)
	d := twin(t, f, Config{})
	slow(d)
	c := open(t, d, 0)
	s, add, other, x := newStream(t, c), kernel(t, c, "add"), kernel(t, c, "wait"), alloc(t, c, 4)
	f.fault = failing("EventQuery", driver.NotReady)
	for range groupSize / 2 {
		require.NoError(t, s.Launch(add, driver.Launch{Params: addParams(x, 1, 1)}))
	}
	for range maxMarks*groupSize - groupSize/2 {
		require.NoError(t, s.Launch(other, driver.Launch{}))
	}
	code(t, driver.LaunchTimeout, "cuEventQuery add grid 1x1x1 block 1x1x1 on cuda:0: CUDA_ERROR_LAUNCH_TIMEOUT: no progress for "+
		"1m0s: the device is given up: it is one of add x4, wait x4;", s.Launch(other, driver.Launch{}))
}

func TestLongQueueThatMovesIsNoFault(t *testing.T) {
	f := newFake(1)
	d := twin(t, f, Config{Patience: time.Second})
	now := slow(d)
	c := open(t, d, 0)
	s, k := newStream(t, c), kernel(t, c, "wait")
	reached := 0 // events that are
	f.fault = func(call string) error {
		switch call {
		case "EventQuery":
			if now.Unix() > int64(reached)/2 { // one every half second
				reached++
				return nil
			}
			return &driver.Error{Code: driver.NotReady}
		case "StreamQuery":
			if now.Unix() < 90 {
				return &driver.Error{Code: driver.NotReady}
			}
		}
		return nil
	}
	for range 3 * maxMarks * groupSize {
		require.NoError(t, s.Launch(k, driver.Launch{}))
		require.LessOrEqual(t, len(s.(*stream).queue.marks), maxMarks, "the driver's own queue never fills")
	}
	require.NoError(t, s.Synchronize())
	require.GreaterOrEqual(t, now.Unix(), int64(90))
	f.fault = nil
}

func TestMachineCodeIsPassedWhole(t *testing.T) {
	f := newFake(1)
	c := open(t, twin(t, f, Config{}), 0)
	image, err := os.ReadFile(buildLibrary(t, "")) // any ELF file
	require.NoError(t, err)
	binary.LittleEndian.PutUint32(image[20:], 124) // e_version, as the assembler of CUDA 12.4 writes it
	_, err = c.LoadModule("add.cubin", image)
	code(t, driver.NoBinaryForGPU, "add.cubin: no machine code here", err)
	require.Equal(t, image, f.open[0].image)
	f.open[0].image = nil

	binary.LittleEndian.PutUint64(image[sectionSize(image):], 1<<40)
	_, err = c.LoadModule("add.cubin", image)
	code(t, driver.InvalidImage, "add.cubin: section ", err)
	require.Nil(t, f.open[0].image, "the driver is not given an image that points behind its end")
}

// sectionSize is the place in an ELF file of the size of its second section.
func sectionSize(image []byte) int {
	return int(binary.LittleEndian.Uint64(image[40:])) + 64 + 32
}

func TestContextsAreUsedAtTheSameTime(t *testing.T) {
	d := twin(t, newFake(2), Config{})
	var all sync.WaitGroup
	for ordinal := range 2 {
		c := open(t, d, ordinal)
		s, k, x := newStream(t, c), kernel(t, c, "add"), alloc(t, c, 4)
		all.Go(func() {
			got := make([]byte, 4)
			for range 100 {
				runtime.Gosched() // move between threads
				assert.NoError(t, s.Launch(k, driver.Launch{Params: addParams(x, 1, int32(ordinal+1))}))
			}
			assert.NoError(t, s.CopyToHost(got, x))
			assert.NoError(t, s.Synchronize())
			assert.Equal(t, []byte{byte(100 * (ordinal + 1)), 0, 0, 0}, got)
		})
	}
	all.Wait()
}

func TestOneTwinAtATime(t *testing.T) {
	twin(t, newFake(1), Config{})
	require.Panics(t, func() { Twin(newFake(1), Config{}) })
}
