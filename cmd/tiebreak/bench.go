package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tiebreak/backend"
	"tiebreak/bench"
	"tiebreak/cpu"
	"tiebreak/tensor"
)

// benchFlags are the flags of the benchmarks; each has those that mean something to it.
type benchFlags struct {
	scoring
	tokens, past, window int
	pass                 int
	repeat               int
	shapes               []string
	weights              string
	input, writeIDs      string
	rows                 int
}

func (a *app) bench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "How fast this machine computes, as a fraction of its peak",
		Long: `bench times operations and whole models. Figures are medians of repetitions, beside the peak that the
same run measures on the same threads. An operation whose result differs from the plain reference is not
timed.

  tiebreak bench gemm --tokens 512
  tiebreak bench prefill --model DIR --tokens 2048 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.benchGEMM(), a.benchAttention(), a.benchPrefill(), a.benchDecode(), a.benchPredict())
	return cmd
}

// benchmark makes a subcommand of bench. flags declares those it has beyond --repeat.
func (a *app) benchmark(name, short string, f *benchFlags, flags func(cmd *cobra.Command), run func(ctx context.Context, r *bench.Runner) (bench.Result, error)) *cobra.Command {
	cmd := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.runBench(cmd.Context(), f.repeat, run) },
	}
	cmd.Flags().IntVar(&f.repeat, "repeat", 5, "repetitions; the median counts")
	flags(cmd)
	return cmd
}

// runBench opens the device and the reference, measures, and prints.
func (a *app) runBench(ctx context.Context, repeat int, run func(ctx context.Context, r *bench.Runner) (bench.Result, error)) error {
	if repeat < 1 {
		return usage("--repeat %d: want 1 or more", repeat)
	}
	be, err := a.openBackend()
	if err != nil {
		return err
	}
	defer be.Close()
	reference, err := cpu.New(cpu.Options{ISA: "go"})
	if err != nil {
		return resources(err)
	}
	defer reference.Close()
	r := bench.New(be, reference, version)
	r.Repetitions = repeat
	out, err := run(ctx, r)
	if err != nil {
		return benchError(err)
	}
	if a.flags.json {
		return a.printJSON(out)
	}
	return a.printBench(out)
}

// benchError gives an error of a benchmark its exit code. Wrong results and interruptions are failures at run time.
func benchError(err error) error {
	if errors.Is(err, bench.ErrWrong) || errors.Is(err, context.Canceled) {
		return err
	}
	return engineError(err)
}

func (a *app) benchGEMM() *cobra.Command {
	var f benchFlags
	return a.benchmark("gemm", "Matrix products at the shapes of SmolLM2, Phi-3 and LLaMA 3.1 8B", &f, func(cmd *cobra.Command) {
		cmd.Flags().IntVar(&f.tokens, "tokens", 512, "rows of the left side")
		cmd.Flags().StringSliceVar(&f.shapes, "shapes", nil, "models to take shapes from: smollm2, phi3, llama (all)")
		cmd.Flags().StringVar(&f.weights, "weights", "", "type of the weights: f32, bf16 or f16 (that of the arithmetic)")
	}, func(ctx context.Context, r *bench.Runner) (bench.Result, error) {
		compute, geometries, err := a.operation(r.Backend, f)
		if err != nil {
			return bench.Result{}, err
		}
		opt := bench.ProductOptions{Geometries: geometries, Tokens: f.tokens, Compute: compute}
		if f.weights != "" {
			if opt.Weights, err = parseCompute("--weights", f.weights); err != nil {
				return bench.Result{}, err
			}
		}
		return r.Products(ctx, opt)
	})
}

func (a *app) benchAttention() *cobra.Command {
	var f benchFlags
	return a.benchmark("attention", "Causal attention at the shapes of the same models", &f, func(cmd *cobra.Command) {
		cmd.Flags().IntVar(&f.tokens, "tokens", 512, "new tokens")
		cmd.Flags().IntVar(&f.past, "past", 0, "tokens before them")
		cmd.Flags().IntVar(&f.window, "window", 0, "sliding window in tokens (0: none)")
		cmd.Flags().StringSliceVar(&f.shapes, "shapes", nil, "models to take shapes from: smollm2, phi3, llama (all)")
	}, func(ctx context.Context, r *bench.Runner) (bench.Result, error) {
		compute, geometries, err := a.operation(r.Backend, f)
		if err != nil {
			return bench.Result{}, err
		}
		if f.past < 0 || f.window < 0 {
			return bench.Result{}, usage("--past %d, --window %d: want 0 or more", f.past, f.window)
		}
		return r.Attention(ctx, bench.AttentionOptions{Geometries: geometries, Tokens: f.tokens, Past: f.past, Window: f.window, Compute: compute})
	})
}

// operation reads the flags of benchmarks without a model. Without --dtype the device's fastest type is taken.
func (a *app) operation(be backend.Backend, f benchFlags) (tensor.DType, []bench.Geometry, error) {
	compute := be.Device().Compute[0]
	if a.flags.dtype != "auto" {
		var err error
		if compute, err = a.flags.compute(); err != nil {
			return compute, nil, err
		}
	}
	if f.tokens < 1 {
		return compute, nil, usage("--tokens %d: want 1 or more", f.tokens)
	}
	geometries, err := bench.Select(f.shapes...)
	return compute, geometries, coded(exitUsage, err)
}

// parseCompute parses the value of a flag that names a type of arithmetic.
func parseCompute(flag, value string) (tensor.DType, error) {
	d, err := (&shared{dtype: value}).compute()
	if err != nil || d == tensor.Invalid {
		return d, usage("%s %q: want f32, bf16 or f16", flag, value)
	}
	return d, nil
}

// printBench prints a result for people.
func (a *app) printBench(r bench.Result) error {
	w := tabwriter.NewWriter(a.std.out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "%s %s\t%s, %s (%s), %d threads\n", r.Benchmark, r.Model, strings.ToLower(r.DType), r.Processor, r.Detail, r.Threads)
	for _, c := range r.Cases {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.Name, c.Shape, seconds(c.Seconds), speed(c.Speed))
	}
	fmt.Fprintf(w, "all\t%s\t%s\n", seconds(r.Seconds), speed(r.Speed))
	if r.TokensPS > 0 {
		fmt.Fprintf(w, "tokens per second\t%.1f\n", r.TokensPS)
	}
	if r.RowsPS > 0 {
		fmt.Fprintf(w, "rows per second\t%.2f\t%.0f tokens each\n", r.RowsPS, r.MeanTokens)
	}
	if r.PlanMiB > 0 {
		fmt.Fprintf(w, "memory\t%d MiB resident at most, %.0f MiB planned\n", r.MaxRSSMiB, r.PlanMiB)
	}
	if r.CPUShare > 0 {
		fmt.Fprintf(w, "processor time\t%.0f %% of what the threads could have had\n", 100*r.CPUShare)
	}
	return w.Flush()
}

func seconds(s bench.Spread) string {
	return fmt.Sprintf("%.3f ms (%.3f to %.3f)", 1e3*s.Median, 1e3*s.Min, 1e3*s.Max)
}

func speed(s bench.Speed) string {
	unit, v, peak := "GFLOP/s", s.GFLOPS, s.PeakGFLOPS
	if s.PeakGBPS > 0 || v == 0 {
		unit, v, peak = "GB/s", s.GBPS, s.PeakGBPS
	}
	if peak == 0 {
		return fmt.Sprintf("%.1f %s", v, unit)
	}
	return fmt.Sprintf("%.1f %s, %.1f %% of the peak %.1f", v, unit, 100*s.PeakFraction, peak)
}
