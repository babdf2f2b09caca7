package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tiebreak/engine"
	"tiebreak/internal/progress"
	"tiebreak/tensor"
)

// shared are the flags that all subcommands know.
type shared struct {
	device   string
	split    string
	dtype    string
	threads  int
	seed     int64
	json     bool
	progress string
	quiet    int
	verbose  int
	dryRun   bool
}

func (s *shared) register(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&s.device, "device", "auto", "where to compute: auto, cpu, cuda:N or cuda:N,M, emu:N or emu:N,M (GPUs emulated in software, slow)")
	f.StringVar(&s.split, "split", "auto", "use of several devices: data (each has the model), tensor (each layer divided), pipeline (layers divided), or auto, by what fits")
	f.StringVar(&s.dtype, "dtype", "auto", "type of the arithmetic: auto, f32, bf16 or f16; sums are f32 in all of them")
	f.IntVar(&s.threads, "threads", 0, "threads for computing (0: one a core)")
	f.Int64Var(&s.seed, "seed", 0, "seed of random choices")
	f.BoolVar(&s.json, "json", false, "print one JSON document to stdout; errors are JSON too")
	f.StringVar(&s.progress, "progress", "auto", "auto, tty, plain, json or none")
	f.CountVarP(&s.quiet, "quiet", "q", "no words but errors (-qq: not even those)")
	f.CountVarP(&s.verbose, "verbose", "v", "say more")
	f.BoolVar(&s.dryRun, "dry-run", false, "check everything, print the plan, write nothing")
	completes(root, "device", "auto", "cpu", "cuda:0", "cuda:0,1", "emu:0", "emu:0,1")
	completes(root, "split", "auto", "data", "tensor", "pipeline")
	completes(root, "dtype", "auto", "f32", "bf16", "f16")
	completes(root, "progress", "auto", "tty", "plain", "json", "none")
}

// mostThreads is more than any machine this runs on has use for.
const mostThreads = 1024

// check finds a wrong value of a shared flag, whatever the command makes of it.
func (s *shared) check() error {
	if _, _, err := parseDevice(s.device); err != nil {
		return err
	}
	if _, err := progress.ParseMode(s.progress); err != nil {
		return usage("--%v", err)
	}
	if s.threads < 0 || s.threads > mostThreads {
		return usage("--threads %d: want 0 (one a core) or 1 to %d", s.threads, mostThreads)
	}
	return s.fill(&engine.Options{})
}

// compute parses --dtype; auto is Invalid, for which the model decides.
func (s *shared) compute() (tensor.DType, error) {
	switch s.dtype {
	case "auto":
		return tensor.Invalid, nil
	case "f32":
		return tensor.F32, nil
	case "bf16":
		return tensor.BF16, nil
	case "f16":
		return tensor.F16, nil
	}
	return tensor.Invalid, usage("--dtype %q: want auto, f32, bf16 or f16", s.dtype)
}

// fill sets what the shared flags say of an engine.
func (s *shared) fill(opt *engine.Options) (err error) {
	if opt.Compute, err = s.compute(); err != nil {
		return err
	}
	if opt.Split, err = engine.ParseSplit(s.split); err != nil {
		return usage("--split %q: want auto, data, tensor or pipeline", s.split)
	}
	return nil
}

// meter makes the progress display that the flags ask for.
func (a *app) meter() (*progress.Meter, error) {
	mode, err := progress.ParseMode(a.flags.progress)
	if err != nil {
		return nil, usage("--%v", err)
	}
	if a.flags.quiet > 0 && mode == progress.Auto {
		mode = progress.None
	}
	return progress.New(a.std.err, mode, a.terminal(), time.Now), nil
}

// terminal reports whether stderr is a terminal that can redraw a line.
func (a *app) terminal() bool {
	f, ok := a.std.err.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// say prints a line of words to stderr unless -q forbids it.
func (a *app) say(format string, args ...any) {
	if a.flags.quiet == 0 {
		fmt.Fprintf(a.std.err, format+"\n", args...)
	}
}
