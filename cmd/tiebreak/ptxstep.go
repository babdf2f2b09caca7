package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tiebreak/cuda/emu/study"
)

// stepFlags are those of ptx step.
type stepFlags struct {
	ptxCase
	block, stop string
	warp, count int
}

func (a *app) ptxStep() *cobra.Command {
	var f stepFlags
	cmd := &cobra.Command{
		Use:   "step KERNEL",
		Short: "Step a warp through a kernel: instruction, source line, lanes, registers written",
		Long: `step executes a kernel instruction by instruction, as one warp of one block sees it. On a terminal it takes commands; else, or
with --count, it prints so many instructions and ends.

` + study.Help,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ptxError(a.runPtxStep(args[0], f, cmd.Flags().Changed("count")))
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.block, "block", "0,0,0", "the block, x,y,z")
	cmd.Flags().IntVar(&f.warp, "warp", 0, "the warp of the block")
	cmd.Flags().StringVar(&f.stop, "break", "", "begin at a source line (gemm.cuh:170, or 170) or at a PTX line (ptx:1200)")
	cmd.Flags().IntVar(&f.count, "count", 40, "instructions to print")
	return cmd
}

func (a *app) runPtxStep(kernel string, f stepFlags, counted bool) error {
	c, err := f.open(kernel, a.flags.seed)
	if err != nil {
		return err
	}
	block, err := parseBlock(f.block)
	if err != nil {
		return err
	}
	if f.count < 0 || f.warp < 0 {
		return usage("--count %d --warp %d: want 0 or more", f.count, f.warp)
	}
	if a.flags.json {
		return a.stepsAsJSON(c, block, f)
	}
	s := study.NewSession(c, block, f.warp, a.std.out)
	defer s.Close()
	if f.stop != "" {
		if more, err := s.Continue(f.stop); !more || err != nil {
			return err
		}
	}
	if in, ok := a.std.in.(*os.File); ok && term.IsTerminal(int(in.Fd())) && !counted {
		return a.interact(s, in)
	}
	_, err = s.Steps(f.count)
	return err
}

// interact takes commands until the warp ends or the user leaves.
func (a *app) interact(s *study.Session, in io.Reader) error {
	a.say("ENTER steps, h helps, q leaves")
	lines := bufio.NewScanner(in)
	for {
		fmt.Fprint(a.std.err, "> ")
		if !lines.Scan() {
			return lines.Err()
		}
		if more, err := s.Do(lines.Text()); !more || err != nil {
			return err
		}
	}
}

// stepsAsJSON prints an array of instants.
func (a *app) stepsAsJSON(c *study.Case, block [3]int, f stepFlags) error {
	steps := []*study.Instant{}
	for i, err := range c.Walk(block, f.warp) {
		if err != nil {
			return err
		}
		if len(steps) == 0 && f.stop != "" && !i.At(f.stop) {
			continue
		}
		if len(steps) == f.count {
			break
		}
		steps = append(steps, i)
	}
	return a.printJSON(map[string]any{"kernel": c.Kernel.Name, "shape": c.Shape, "block": block, "warp": f.warp, "steps": steps})
}

// parseBlock reads "1,0,2"; numbers left out are 0.
func parseBlock(text string) (block [3]int, err error) {
	fields := strings.Split(text, ",")
	if len(fields) > 3 {
		return block, usage("--block %q: want x,y,z", text)
	}
	for i, f := range fields {
		n, err := strconv.ParseUint(f, 10, 31)
		if err != nil {
			return block, usage("--block %q: want x,y,z", text)
		}
		block[i] = int(n)
	}
	return block, nil
}
