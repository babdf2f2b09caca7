package emu

import (
	"fmt"
	"sync"

	"tiebreak/cuda/driver"
)

// Checks says how closely a device watches its kernels.
type Checks uint8

// Full finds everything the package comment lists; None finds only what would crash the emulator: accesses outside
// allocations, misaligned ones, and barriers that can never be passed.
const (
	Full Checks = iota
	None
)

// Options says which devices to emulate. The zero Options is one device like a T4 with 4 GiB and all checks.
type Options struct {
	Devices           int   // number of devices; 0 means 1
	ComputeCapability int   // 75 or 80; 0 means 75
	Memory            int64 // bytes of memory of each device; 0 means 4 GiB
	Checks            Checks
	AllowNaN          bool // do not report NaNs made of finite numbers, even with Full
	Counters          bool // count sectors and bank conflicts too; without it only instructions are counted
	Workers           int  // blocks that run at the same time; 0 means GOMAXPROCS
	LoopLimit         int  // backward branches one warp may take before its launch counts as hung; 0 means 2^28
	Observer          Observer
}

// watchesNaN reports whether a NaN made of finite numbers is a fault.
func (o *Options) watchesNaN() bool { return o.Checks == Full && !o.AllowNaN }

// Driver is a set of emulated devices. It implements driver.Driver.
type Driver struct {
	opts  Options
	mu    sync.Mutex
	ctxs  map[int]*Context
	count counterBook
}

// New makes emulated devices. It panics on options that no device has, since they come from the program, not from a user.
func New(o Options) *Driver {
	if o.Devices == 0 {
		o.Devices = 1
	}
	if o.ComputeCapability == 0 {
		o.ComputeCapability = 75
	}
	if o.Memory == 0 {
		o.Memory = 4 << 30
	}
	if o.LoopLimit == 0 {
		o.LoopLimit = 1 << 28
	}
	if o.Devices < 0 || o.Memory < 0 || o.Workers < 0 || o.LoopLimit < 0 {
		panic(fmt.Sprintf("emu: options %+v: want no negative numbers", o))
	}
	if _, ok := limits[o.ComputeCapability]; !ok {
		panic(fmt.Sprintf("emu: compute capability %d: want 75 or 80", o.ComputeCapability))
	}
	return &Driver{opts: o, ctxs: map[int]*Context{}}
}

// limit holds what differs between architectures.
type limit struct {
	like           string
	sms            int
	sharedPerBlock int
	warps          int // of a multiprocessor
}

var limits = map[int]limit{
	75: {"T4", 40, 64 << 10, 32},
	80: {"A100", 108, 163 << 10, 64},
}

const (
	warpSize     = 32
	maxThreads   = 1024 // of a block
	staticShared = 48 << 10
	mostConst    = 64 << 10
	mostLocal    = 512 << 10 // bytes of a thread
)

// Devices describes the emulated devices, all alike.
func (d *Driver) Devices() ([]driver.Device, error) {
	out := make([]driver.Device, d.opts.Devices)
	for i := range out {
		out[i] = d.device()
	}
	return out, nil
}

func (d *Driver) device() driver.Device {
	cc := d.opts.ComputeCapability
	l := limits[cc]
	return driver.Device{
		Name: fmt.Sprintf("emulated sm_%d (like %s)", cc, l.like), Major: cc / 10, Minor: cc % 10, Multiprocessors: l.sms,
		Memory: d.opts.Memory, SharedPerBlock: l.sharedPerBlock, WarpSize: warpSize,
	}
}

// Open makes the context of a device. A device has one open context at a time: opening it twice is an error.
func (d *Driver) Open(ordinal int) (driver.Context, error) {
	if ordinal < 0 || ordinal >= d.opts.Devices {
		return nil, &driver.Error{Call: "cuDevicePrimaryCtxRetain", Code: driver.InvalidDevice,
			Detail: fmt.Sprintf("got device %d, want 0 to %d", ordinal, d.opts.Devices-1)}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctxs[ordinal] != nil {
		return nil, &driver.Error{Call: "cuDevicePrimaryCtxRetain", Device: deviceName(ordinal), Code: driver.InvalidValue,
			Detail: "the device is already open; close that context first"}
	}
	c := &Context{drv: d, ordinal: ordinal, name: deviceName(ordinal), mem: newMemory(ordinal, d.opts.Memory)}
	d.ctxs[ordinal] = c
	return c, nil
}

func deviceName(ordinal int) string { return fmt.Sprintf("emu:%d", ordinal) }

// Fail makes a device fail as if it had fallen off the bus: the error sticks to its context. It is for tests of what the
// layers above do then, and does nothing where the device is not open.
func (d *Driver) Fail(ordinal int, code driver.Code, detail string) {
	d.mu.Lock()
	c := d.ctxs[ordinal]
	d.mu.Unlock()
	if c != nil {
		c.fail(&driver.Error{Call: "cuCtxSynchronize", Device: c.name, Code: code, Detail: detail})
	}
}
