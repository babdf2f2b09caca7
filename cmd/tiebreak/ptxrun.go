package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tiebreak/cuda/emu"
	"tiebreak/cuda/emu/study"
)

func (a *app) ptxRun() *cobra.Command {
	var p ptxCase
	cmd := &cobra.Command{
		Use:   "run KERNEL",
		Short: "Run a kernel on random operands and count what it does",
		Args:  cobra.ExactArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return ptxError(a.runPtxRun(args[0], p)) },
	}
	p.register(cmd)
	return cmd
}

// runReport is what ptx run --json prints.
type runReport struct {
	Kernel       string             `json:"kernel"`
	Operation    string             `json:"operation"` // of the backend, which launched it
	Shape        study.Shape        `json:"shape"`
	SM           int                `json:"sm"`
	Grid         [3]int             `json:"grid"`
	Threads      int                `json:"threads"`
	Operands     []string           `json:"operands"`
	Others       []string           `json:"other_kernels,omitempty"`
	Instructions map[string]int64   `json:"instructions"` // of warps, by class
	Counters     counterReport      `json:"counters"`
	LeastBytes   int64              `json:"least_bytes"` // that must be moved if each byte is moved once
	Predictions  []study.Prediction `json:"predictions"`
}

// counterReport is the counters of the launch; emu.Counters says what each means.
type counterReport struct {
	Instructions    int64 `json:"instructions"`
	MMAFlops        int64 `json:"mma_flops"`
	ReadSectors     int64 `json:"read_sectors"`
	ReadBytes       int64 `json:"read_bytes"`
	WriteSectors    int64 `json:"write_sectors"`
	WriteBytes      int64 `json:"write_bytes"`
	SharedPasses    int64 `json:"shared_passes"`
	SharedConflicts int64 `json:"shared_conflicts"`
	Barriers        int64 `json:"barriers"`
}

func (a *app) runPtxRun(kernel string, p ptxCase) error {
	c, err := p.open(kernel, a.flags.seed)
	if err != nil {
		return err
	}
	r, err := c.Run()
	if err != nil {
		return err
	}
	rep := newRunReport(r)
	if a.flags.json {
		return a.printJSON(rep)
	}
	return a.printRun(rep, &r.Counters.Counters)
}

func newRunReport(r *study.Run) *runReport {
	g, n := r.Launch.Grid, &r.Counters.Counters
	rep := &runReport{
		Kernel: r.Case.Kernel.Name, Operation: r.Case.Operation(), Shape: r.Case.Shape, SM: r.Case.SM, Grid: [3]int{g.X, g.Y, g.Z},
		Threads: r.Launch.Kernel.Block, Others: r.Others, Instructions: map[string]int64{},
		LeastBytes: r.Case.LeastBytes(), Predictions: r.Predictions(),
		Counters: counterReport{n.Total(), n.MMAFlops, n.ReadSectors, n.ReadBytes, n.WriteSectors, n.WriteBytes,
			n.SharedAccesses + n.SharedConflicts, n.SharedConflicts, n.Barriers},
	}
	for class, n := range r.Counters.Instructions {
		if n > 0 {
			rep.Instructions[emu.Class(class).String()] = n
		}
	}
	for _, o := range r.Launch.Operands {
		if o.At != 0 {
			rep.Operands = append(rep.Operands, o.String())
		}
	}
	return rep
}

func (a *app) printRun(r *runReport, c *emu.Counters) error {
	t := tabwriter.NewWriter(a.std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s for %v on an emulated sm_%d, launched by %s\n\n", r.Kernel, r.Shape, r.SM, r.Operation)
	fmt.Fprintf(t, "operands\t%s\n", strings.Join(r.Operands, ", "))
	fmt.Fprintf(t, "grid\t%d x %d x %d blocks of %d threads\n", r.Grid[0], r.Grid[1], r.Grid[2], r.Threads)
	if len(r.Others) > 0 {
		fmt.Fprintf(t, "beside it\t%s\n", strings.Join(r.Others, ", "))
	}
	fmt.Fprintf(t, "\ninstructions\t%d of warps\n", c.Total())
	for class, n := range c.Instructions {
		if n > 0 {
			fmt.Fprintf(t, "  %v\t%d\t%.1f %%\n", emu.Class(class), n, 100*float64(n)/float64(c.Total()))
		}
	}
	fmt.Fprintf(t, "tensor cores\t%d flop\t%.1f flop for each byte that must be moved\n", c.MMAFlops, float64(c.MMAFlops)/float64(r.LeastBytes))
	fmt.Fprintf(t, "read\t%d sectors\t%s\n", c.ReadSectors, useful(c.ReadSectors, c.ReadBytes))
	fmt.Fprintf(t, "written\t%d sectors\t%s\n", c.WriteSectors, useful(c.WriteSectors, c.WriteBytes))
	fmt.Fprintf(t, "at least\t%d bytes\tif each byte is moved once; moved: %d\n", r.LeastBytes, 32*(c.ReadSectors+c.WriteSectors))
	fmt.Fprintf(t, "shared memory\t%d passes\t%d of them bank conflicts\n", c.SharedAccesses+c.SharedConflicts, c.SharedConflicts)
	fmt.Fprintf(t, "barriers\t%d arrivals of warps\n", c.Barriers)
	if err := t.Flush(); err != nil {
		return err
	}
	return a.printPredictions(r.Predictions)
}

// useful compares sectors with the bytes that lanes asked for. Lanes that ask for the same byte make it less than 1.
func useful(sectors, bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf("%d bytes asked for by lanes, %.2f bytes moved for each", bytes, float64(32*sectors)/float64(bytes))
}

func (a *app) printPredictions(list []study.Prediction) error {
	t := tabwriter.NewWriter(a.std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nroofline\tpredicted\tbound by\tnext\toccupancy\twaves\n")
	for _, p := range list {
		next := p.Second()
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s %.0f %%\t%v\t%.2f\n", p.GPU, study.Microseconds(p.Time), p.Bound, next.Name, 100*float64(next.Time)/float64(p.Time), p.Occupancy, p.Waves)
	}
	return t.Flush()
}
