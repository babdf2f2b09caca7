package main

import (
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tiebreak/cuda/emu/study"
)

func (a *app) ptxList() *cobra.Command {
	var sm int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Kernels with registers, spills, shared memory and occupancy per architecture",
		Long: `list shows each kernel on each architecture: registers of a thread, bytes of spills of a thread, bytes of shared memory of a
block (rms_norm keeps a row there, of 4096 columns here), threads of a block, and how much of it a multiprocessor of the
device named can hold at a time, and what it has no more of then. Figures are ptxas's, from the build of the kernels.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.runPtxList(sm) },
	}
	cmd.Flags().IntVar(&sm, "sm", 0, "only this architecture: 75, 80, 86, 89 or 90 (0: all)")
	return cmd
}

func (a *app) runPtxList(sm int) error {
	if !slices.Contains([]int{0, 75, 80, 86, 89, 90}, sm) {
		return usage("--sm %d: want 75, 80, 86, 89 or 90", sm)
	}
	list := study.List(sm)
	if a.flags.json {
		return a.printJSON(map[string]any{"kernels": list})
	}
	t := tabwriter.NewWriter(a.std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "kernel\tarch\tregisters\tspills\tshared\tthreads\toccupancy")
	for _, l := range list {
		occupancy := "-"
		if l.Device != "" {
			occupancy = l.Device + ": " + l.Occupancy.String()
		}
		fmt.Fprintf(t, "%s\tsm_%s\t%d\t%d\t%d\t%d\t%s\n", l.Kernel, l.Arch, l.Registers, l.Spills, l.Shared+l.Dynamic, l.Threads, occupancy)
	}
	return t.Flush()
}
