package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"tiebreak/cpu"
)

func (a *app) devices() *cobra.Command {
	return &cobra.Command{
		Use:   "devices",
		Short: "What this machine can compute on",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return a.runDevices() },
	}
}

// deviceLine is one device in the output of devices --json.
type deviceLine struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Cores    int      `json:"cores"`
	ISAs     []string `json:"instruction_sets"` // the fastest first; it is the one in use
	Features []string `json:"features"`
	Compute  []string `json:"compute"` // types of arithmetic, the fastest first
	Total    int64    `json:"memory_bytes"`
	Free     int64    `json:"memory_free_bytes"`
}

func (a *app) runDevices() error {
	info := cpu.Info()
	be, err := cpu.New(cpu.Options{Threads: 1})
	if err != nil {
		return resources(err)
	}
	defer be.Close()
	line := deviceLine{ID: "cpu", Name: info.Model, Cores: info.Cores, ISAs: info.ISAs, Features: info.Features, Total: info.Total, Free: info.Free}
	for _, d := range be.Device().Compute {
		line.Compute = append(line.Compute, strings.ToLower(d.String()))
	}
	if a.flags.json {
		return a.printJSON(map[string]any{"devices": []deviceLine{line}})
	}
	_, err = fmt.Fprintf(a.std.out, "cpu   %s, %d cores, %s of %s free\n      instruction sets: %s\n      arithmetic: %s\n",
		line.Name, line.Cores, gib(line.Free), gib(line.Total), strings.Join(line.ISAs, " "), strings.Join(line.Compute, " "))
	return err
}

func gib(n int64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }
