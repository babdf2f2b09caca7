package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tiebreak/cpu"
	"tiebreak/cuda/driver"
	"tiebreak/cuda/libcuda"
)

func (a *app) devices() *cobra.Command {
	return &cobra.Command{
		Use:   "devices",
		Short: "What this machine can compute on",
		Long: `devices lists what --device can name: the CPU, and the NVIDIA GPUs that this program can drive, if any. The emulated
GPUs, emu:0 and emu:1, are on every machine; they are for tests and study, and slow.`,
		Example: `  tiebreak devices
  tiebreak devices --json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.runDevices() },
	}
}

// deviceList is what devices --json prints.
type deviceList struct {
	Devices []deviceLine `json:"devices"`
	NoCUDA  string       `json:"no_cuda,omitempty"` // why there are no GPUs
}

// deviceLine is one device; what does not apply to its kind is absent.
type deviceLine struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Cores      int      `json:"cores"`                        // of a GPU, its multiprocessors
	ISAs       []string `json:"instruction_sets,omitempty"`   // the fastest first; it is the one in use
	Features   []string `json:"features,omitempty"`           // of the CPU
	Capability string   `json:"compute_capability,omitempty"` // of a GPU
	Compute    []string `json:"compute,omitempty"`            // types of arithmetic, the fastest first
	Total      int64    `json:"memory_bytes"`
	Free       int64    `json:"memory_free_bytes,omitempty"`
}

func (a *app) runDevices() error {
	line, err := cpuLine()
	if err != nil {
		return err
	}
	list := deviceList{Devices: []deviceLine{line}}
	gpus, err := gpus()
	if err != nil {
		list.NoCUDA = err.Error()
	}
	for i, d := range gpus {
		list.Devices = append(list.Devices, deviceLine{ID: fmt.Sprintf("cuda:%d", i), Name: d.Name, Cores: d.Multiprocessors,
			Capability: fmt.Sprintf("%d.%d", d.Major, d.Minor), Total: d.Memory})
	}
	if a.flags.json {
		return a.printJSON(list)
	}
	return list.print(a.std.out)
}

func cpuLine() (deviceLine, error) {
	info := cpu.Info()
	be, err := cpu.New(cpu.Options{Threads: 1})
	if err != nil {
		return deviceLine{}, resources(err)
	}
	defer be.Close()
	line := deviceLine{ID: "cpu", Name: info.Model, Cores: info.Cores, ISAs: info.ISAs, Features: info.Features, Total: info.Total, Free: info.Free}
	for _, d := range be.Device().Compute {
		line.Compute = append(line.Compute, strings.ToLower(d.String()))
	}
	return line, nil
}

// gpus are the devices of the CUDA driver, or why there are none.
func gpus() ([]driver.Device, error) {
	d, err := libcuda.New(libcuda.Config{})
	if err != nil {
		return nil, err
	}
	return d.Devices()
}

func (l deviceList) print(w io.Writer) error {
	var out strings.Builder
	for _, d := range l.Devices {
		if d.Capability != "" {
			fmt.Fprintf(&out, "%-7s %s, %d multiprocessors, compute capability %s, %s\n", d.ID, d.Name, d.Cores, d.Capability, gib(d.Total))
			continue
		}
		fmt.Fprintf(&out, "%-7s %s, %d cores, %s of %s free\n", d.ID, d.Name, d.Cores, gib(d.Free), gib(d.Total))
		fmt.Fprintf(&out, "        instruction sets: %s\n        arithmetic: %s\n", strings.Join(d.ISAs, " "), strings.Join(d.Compute, " "))
	}
	switch {
	case l.NoCUDA != "":
		fmt.Fprintln(&out, "no GPU:", l.NoCUDA)
	case len(l.Devices) == 1:
		fmt.Fprintln(&out, "no GPU: the CUDA driver names none")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func gib(n int64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }
