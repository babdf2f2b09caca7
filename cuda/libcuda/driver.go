//go:build cuda && cgo && linux && amd64

package libcuda

// #include "cuda.h"
import "C"

import (
	"fmt"
	"os"
	"time"

	"gorgonia.org/cu"

	"tiebreak/cuda/driver"
)

// library is the driver.Driver over the table.
type library struct {
	patience time.Duration
	blocking bool
	clock    clock
}

// clock is the time that waits go by; tests have their own.
type clock struct {
	now   func() time.Time
	sleep func(time.Duration)
}

// New returns the real driver. It loads nothing yet and succeeds on machines without a GPU, where Devices is empty; a
// driver that is installed and does not work is an error of Devices and Open.
//
// It takes CUDA_LAUNCH_BLOCKING out of the environment: the driver would obey it by waiting inside cuLaunchKernel, where
// the watchdog cannot see; Config.Blocking does the same with the watchdog awake.
func New(cfg Config) (driver.Driver, error) {
	if cfg.Patience < 0 {
		return nil, fmt.Errorf("libcuda: open driver: got patience %v, want at least 0", cfg.Patience)
	}
	if cfg.Patience == 0 {
		cfg.Patience = DefaultPatience
	}
	if os.Getenv("CUDA_LAUNCH_BLOCKING") == "1" {
		cfg.Blocking = true
		os.Unsetenv("CUDA_LAUNCH_BLOCKING")
	}
	return &library{cfg.Patience, cfg.Blocking, clock{time.Now, time.Sleep}}, nil
}

// Devices describes the GPUs in the order of the driver, which CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER shape.
func (l *library) Devices() ([]driver.Device, error) {
	if _, err := load(); err != nil {
		return nil, err
	}
	n, err := cu.NumDevices()
	if code := codeOf(err); code != 0 && code != driver.NoDevice {
		return nil, &driver.Error{Call: "cuDeviceGetCount", Code: code, Detail: errorText(code)}
	}
	all := make([]driver.Device, n)
	for i := range all {
		if all[i], err = describe(i); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Open makes a context on a device. The device's primary context is used, so what other libraries in the process allocate
// counts towards the same device memory; two contexts opened on one device share its address space.
func (l *library) Open(ordinal int) (driver.Context, error) {
	none, err := load()
	if err != nil {
		return nil, err
	}
	if none != "" {
		return nil, &driver.Error{Call: "cuInit", Device: deviceName(ordinal), Code: driver.NoDevice,
			Detail: none + ": is the NVIDIA driver installed?"}
	}
	if n, err := cu.NumDevices(); err != nil || ordinal < 0 || ordinal >= n {
		return nil, &driver.Error{Call: "cuDeviceGet", Device: deviceName(ordinal), Code: driver.InvalidDevice,
			Detail: fmt.Sprintf("got ordinal %d, want less than %d, the number of visible devices", ordinal, n)}
	}
	return l.retain(ordinal)
}

// retain opens the primary context.
func (l *library) retain(ordinal int) (driver.Context, error) {
	described, err := describe(ordinal)
	if err != nil {
		return nil, err
	}
	gpu, err := cu.GetDevice(ordinal)
	var handle cu.CUContext
	if err == nil {
		handle, err = gpu.RetainPrimaryCtx()
	}
	if code := codeOf(err); code != 0 {
		return nil, &driver.Error{Call: "cuDevicePrimaryCtxRetain", Device: deviceName(ordinal), Code: code, Detail: errorText(code)}
	}
	return newContext(l, gpu, ordinal, described, handle), nil
}

// deviceName is how errors name a device.
func deviceName(ordinal int) string { return fmt.Sprintf("cuda:%d", ordinal) }

// describe asks a device for its properties.
func describe(ordinal int) (driver.Device, error) {
	var d driver.Device
	gpu, err := cu.GetDevice(ordinal)
	if err == nil {
		d.Name, err = gpu.Name()
	}
	if err == nil {
		d.Memory, err = gpu.TotalMem()
	}
	for _, a := range []struct {
		attribute cu.DeviceAttribute
		to        *int
	}{
		{cu.ComputeCapabilityMajor, &d.Major},
		{cu.ComputeCapabilityMinor, &d.Minor},
		{cu.MultiprocessorCount, &d.Multiprocessors},
		{C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, &d.SharedPerBlock}, // cu's list ends before it
		{cu.WarpSize, &d.WarpSize},
		{cu.ClockRate, &d.ClockKHz},
	} {
		if err == nil {
			*a.to, err = gpu.Attribute(a.attribute)
		}
	}
	if code := codeOf(err); code != 0 {
		return d, &driver.Error{Call: "cuDeviceGetAttribute", Device: deviceName(ordinal), Code: code, Detail: errorText(code)}
	}
	return d, nil
}
