//go:build cuda && twin && cgo && linux && amd64

package libcuda

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tiebreak/cuda/driver"
)

// fakeDriver is the least driver.Driver that tests can be written against: memory is host memory, kernels are Go
// functions that "PTX" names, and each call can be made to fail or never to finish.
type fakeDriver struct {
	devices []driver.Device
	open    map[int]*fakeContext

	// fault, if not nil, may fail a call, or say that it is not ready.
	fault func(call string) error

	mu    sync.Mutex // two contexts may be used at the same time
	calls []string
}

func newFake(devices int) *fakeDriver {
	d := &fakeDriver{open: map[int]*fakeContext{}}
	for i := range devices {
		d.devices = append(d.devices, driver.Device{Name: fmt.Sprintf("fake %d", i), Major: 7, Minor: 5, Multiprocessors: 40,
			Memory: 1 << 30, SharedPerBlock: 64 << 10, WarpSize: 32, ClockKHz: 1_590_000})
	}
	return d
}

// did notes a call and fails it if it is to fail.
func (d *fakeDriver) did(call string) error {
	d.mu.Lock()
	d.calls = append(d.calls, call)
	d.mu.Unlock()
	if d.fault != nil {
		return d.fault(call)
	}
	return nil
}

func (d *fakeDriver) Devices() ([]driver.Device, error) { return d.devices, nil }

func (d *fakeDriver) Open(i int) (driver.Context, error) {
	c := &fakeContext{d: d, i: i, next: driver.Pointer(i+1) << 40, memory: map[driver.Pointer][]byte{}}
	d.open[i] = c
	return c, d.did("Open")
}

type fakeContext struct {
	d       *fakeDriver
	i       int
	next    driver.Pointer
	memory  map[driver.Pointer][]byte
	image   []byte // the last one that was to be loaded
	host    int    // slices not given back
	objects int    // modules, streams and events not closed
	faulty  bool   // the kernel bad has run
	closed  bool
}

// bytes is device memory from p on.
func (c *fakeContext) bytes(p driver.Pointer) []byte {
	for base, b := range c.memory {
		if p >= base && p < base+driver.Pointer(len(b)) {
			return b[p-base:]
		}
	}
	panic(fmt.Sprintf("fake: %#x is not allocated", p))
}

func (c *fakeContext) Device() driver.Device { return c.d.devices[c.i] }

func (c *fakeContext) MemInfo() (free, total int64, err error) {
	return 1 << 20, 1 << 30, c.d.did("MemInfo")
}

func (c *fakeContext) Alloc(n int64) (driver.Pointer, error) {
	if n > 1<<20 {
		return 0, &driver.Error{Code: driver.OutOfMemory}
	}
	p := c.next
	c.next += driver.Pointer(n+511) &^ 255
	c.memory[p] = make([]byte, n)
	return p, c.d.did("Alloc")
}

func (c *fakeContext) Free(p driver.Pointer) error {
	delete(c.memory, p)
	return c.d.did("Free")
}

func (c *fakeContext) AllocHost(n int) ([]byte, error) {
	c.host++
	return make([]byte, n), c.d.did("AllocHost")
}

func (c *fakeContext) FreeHost([]byte) error {
	c.host--
	return c.d.did("FreeHost")
}

func (c *fakeContext) EnablePeer(other driver.Context) error {
	return c.d.did(fmt.Sprintf("EnablePeer %d", other.(*fakeContext).i))
}

func (c *fakeContext) LoadModule(_ string, image []byte) (driver.Module, error) {
	c.image = image
	if strings.HasPrefix(string(image), elf.ELFMAG) {
		return nil, &driver.Error{Code: driver.NoBinaryForGPU, Detail: "no machine code here"}
	}
	if !strings.Contains(string(image), ".entry") {
		return nil, &driver.Error{Code: driver.InvalidPTX, Detail: "line 3: no entry"}
	}
	c.objects++
	return &fakeModule{c, string(image)}, c.d.did("LoadModule")
}

func (c *fakeContext) NewStream() (driver.Stream, error) {
	c.objects++
	return &fakeStream{c}, c.d.did("NewStream")
}

func (c *fakeContext) NewEvent() (driver.Event, error) {
	c.objects++
	return &fakeEvent{c: c}, c.d.did("NewEvent")
}

func (c *fakeContext) Synchronize() error { return c.d.did("Synchronize") }

func (c *fakeContext) Close() error {
	c.closed = true
	return c.d.did("Close")
}

type fakeModule struct {
	c     *fakeContext
	image string
}

func (m *fakeModule) Function(name string) (driver.Function, error) {
	if !strings.Contains(m.image, ".entry "+name) {
		return nil, &driver.Error{Code: driver.NotFound}
	}
	return &fakeFunction{m.c, name}, m.c.d.did("Function")
}

func (m *fakeModule) Unload() error {
	m.c.objects--
	return m.c.d.did("Unload")
}

type fakeFunction struct {
	c    *fakeContext
	name string
}

func (f *fakeFunction) Attributes() (driver.FunctionAttributes, error) {
	return driver.FunctionAttributes{MaxThreads: 1024, StaticShared: 16, Registers: 32, Local: 8}, f.c.d.did("Attributes")
}

func (f *fakeFunction) SetMaxDynamicShared(n int) error {
	return f.c.d.did(fmt.Sprintf("SetMaxDynamicShared %d", n))
}

type fakeStream struct{ c *fakeContext }

func (s *fakeStream) CopyToDevice(dst driver.Pointer, src []byte) error {
	copy(s.c.bytes(dst), src)
	return s.c.d.did("CopyToDevice")
}

func (s *fakeStream) CopyToHost(dst []byte, src driver.Pointer) error {
	copy(dst, s.c.bytes(src))
	return s.c.d.did("CopyToHost")
}

func (s *fakeStream) Copy(dst, src driver.Pointer, n int64) error {
	copy(s.c.bytes(dst), s.c.bytes(src)[:n])
	return s.c.d.did("Copy")
}

func (s *fakeStream) CopyPeer(dst driver.Pointer, from driver.Context, src driver.Pointer, n int64) error {
	copy(s.c.bytes(dst), from.(*fakeContext).bytes(src)[:n])
	return s.c.d.did("CopyPeer")
}

func (s *fakeStream) Fill(dst driver.Pointer, v byte, n int64) error {
	copy(s.c.bytes(dst), slices.Repeat([]byte{v}, int(n)))
	return s.c.d.did("Fill")
}

// Launch does what the kernels of testPTX do.
func (s *fakeStream) Launch(f driver.Function, l driver.Launch) error {
	if name := f.(*fakeFunction).name; name == "add" {
		x := s.c.bytes(driver.Pointer(binary.LittleEndian.Uint64(l.Params)))
		n, k := binary.LittleEndian.Uint32(l.Params[8:]), binary.LittleEndian.Uint32(l.Params[12:])
		for i := range min(int(n), l.Grid.X*l.Block.X) {
			binary.LittleEndian.PutUint32(x[4*i:], binary.LittleEndian.Uint32(x[4*i:])+k)
		}
	}
	s.c.faulty = s.c.faulty || f.(*fakeFunction).name == "bad"
	return s.c.d.did("Launch " + f.(*fakeFunction).name)
}

func (s *fakeStream) Record(e driver.Event) error {
	ev := e.(*fakeEvent)
	ev.at = time.Now()
	return s.c.d.did("Record")
}

func (s *fakeStream) Wait(driver.Event) error { return s.c.d.did("Wait") }

func (s *fakeStream) Synchronize() error {
	if s.c.faulty {
		return &driver.Error{Code: driver.IllegalAddress, Detail: "as planned"}
	}
	return s.c.d.did("StreamQuery")
}

func (s *fakeStream) Close() error {
	s.c.objects--
	return s.c.d.did("StreamClose")
}

type fakeEvent struct {
	c  *fakeContext
	at time.Time
}

func (e *fakeEvent) Synchronize() error { return e.c.d.did("EventQuery") }

func (e *fakeEvent) Since(earlier driver.Event) (time.Duration, error) {
	return e.at.Sub(earlier.(*fakeEvent).at), e.c.d.did("Since")
}

func (e *fakeEvent) Close() error {
	e.c.objects--
	return e.c.d.did("EventClose")
}
