package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"tiebreak/backend"
	"tiebreak/cpu"
	"tiebreak/cuda"
	"tiebreak/cuda/driver"
	"tiebreak/cuda/emu"
	"tiebreak/cuda/libcuda"
)

// openBackend opens what --device names, which must be one device.
func (a *app) openBackend() (backend.Backend, error) {
	devices, err := a.openDevices()
	if err != nil {
		return nil, err
	}
	if len(devices) > 1 {
		return nil, errors.Join(usage("--device %s: want one device here", a.flags.device), closeAll(devices))
	}
	return devices[0], nil
}

// openDevices opens all that --device names. auto is the first CUDA device where this program can drive one, else the CPU.
func (a *app) openDevices() ([]backend.Backend, error) {
	kind, ordinals, err := parseDevice(a.flags.device)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "auto":
		if d, err := libcuda.New(libcuda.Config{}); err == nil {
			if list, err := d.Devices(); err == nil && len(list) > 0 {
				return a.openCUDA(d, "cuda", []int{0})
			}
		}
		return a.openCPU()
	case "cpu":
		return a.openCPU()
	}
	d, err := openDriver(kind)
	if err != nil {
		return nil, err
	}
	return a.openCUDA(d, kind, ordinals)
}

func closeAll(devices []backend.Backend) error {
	var all []error
	for _, be := range devices {
		all = append(all, be.Close())
	}
	return errors.Join(all...)
}

func (a *app) openCPU() ([]backend.Backend, error) {
	be, err := cpu.New(cpu.Options{Threads: a.flags.threads})
	if err != nil {
		return nil, resources(err)
	}
	return []backend.Backend{be}, nil
}

func (a *app) openCUDA(d driver.Driver, kind string, ordinals []int) (devices []backend.Backend, err error) {
	for _, n := range ordinals {
		be, err := cuda.Open(d, n, fmt.Sprintf("%s:%d", kind, n))
		if err != nil {
			return nil, errors.Join(resources(err), closeAll(devices))
		}
		devices = append(devices, be)
	}
	return devices, nil
}

// parseDevice splits "cuda:0,1" into its kind and ordinals; "auto" and "cpu" have none.
func parseDevice(s string) (kind string, ordinals []int, err error) {
	kind, list, numbered := strings.Cut(s, ":")
	switch {
	case (kind == "auto" || kind == "cpu") && !numbered:
		return kind, nil, nil
	case (kind == "cuda" || kind == "emu") && numbered:
		for _, field := range strings.Split(list, ",") {
			n, err := strconv.ParseUint(field, 10, 8)
			if err != nil {
				return "", nil, usage("--device %q: %q is no number of a device", s, field)
			}
			if slices.Contains(ordinals, int(n)) {
				return "", nil, usage("--device %q: names device %d twice", s, n)
			}
			ordinals = append(ordinals, int(n))
		}
		return kind, ordinals, nil
	}
	return "", nil, usage("--device %q: want auto, cpu, cuda:N, cuda:N,M, emu:N or emu:N,M", s)
}

// emulated is how many devices the emulator has.
const emulated = 2

// openDriver opens the driver of a kind of devices. Of emulated ones the environment variable TIEBREAK_EMU_SM chooses the
// generation, 75 (T4) or 80 (A100, the default), and TIEBREAK_EMU_GB the memory of each in 10⁹ bytes.
func openDriver(kind string) (driver.Driver, error) {
	if kind == "cuda" {
		d, err := libcuda.New(libcuda.Config{})
		return d, resources(err)
	}
	capability := 80
	switch sm := os.Getenv("TIEBREAK_EMU_SM"); sm {
	case "", "80":
	case "75":
		capability = 75
	default:
		return nil, usage("TIEBREAK_EMU_SM=%s: want 75 or 80", sm)
	}
	memory := int64(8 << 30)
	if gb := os.Getenv("TIEBREAK_EMU_GB"); gb != "" {
		n, err := strconv.ParseFloat(gb, 64)
		if err != nil || !(n > 0 && n <= 1000) {
			return nil, usage("TIEBREAK_EMU_GB=%s: want a number up to 1000", gb)
		}
		memory = int64(n * 1e9)
	}
	return emu.New(emu.Options{Devices: emulated, ComputeCapability: capability, Memory: memory, Checks: emu.None}), nil
}
