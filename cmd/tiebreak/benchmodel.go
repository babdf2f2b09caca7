package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"tiebreak/bench"
	"tiebreak/judge"
)

// modelFlag adds --model to a benchmark.
func (f *benchFlags) modelFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.model, "model", "", "Hugging Face model directory (default: SmolLM2-135M-Instruct, as `make model` puts it into the cache)")
}

// modelOptions reads the flags of benchmarks that run a model.
func (a *app) modelOptions(f benchFlags) (bench.ModelOptions, error) {
	compute, err := a.flags.compute()
	if err != nil {
		return bench.ModelOptions{}, err
	}
	if f.tokens < 1 || f.batch < 1 || f.pass < 0 {
		return bench.ModelOptions{}, usage("--tokens %d, --batch %d, --pass %d: want 1 or more, 1 or more, 0 or more", f.tokens, f.batch, f.pass)
	}
	dir, err := modelDir(f.model)
	return bench.ModelOptions{Dir: dir, Compute: compute, Tokens: f.tokens, Batch: f.batch, Pass: f.pass}, err
}

func (a *app) benchPrefill() *cobra.Command {
	var f benchFlags
	return a.benchmark("prefill", "Prompts of random tokens, up to the logits after the last", &f, func(cmd *cobra.Command) {
		f.modelFlag(cmd)
		cmd.Flags().IntVar(&f.tokens, "tokens", 512, "tokens of a prompt")
		cmd.Flags().IntVar(&f.batch, "batch", 1, "prompts at once")
		cmd.Flags().IntVar(&f.pass, "pass", 0, "most tokens of a pass through the model (0: all)")
	}, func(ctx context.Context, r *bench.Runner) (bench.Result, error) {
		opt, err := a.modelOptions(f)
		if err != nil {
			return bench.Result{}, err
		}
		return r.Prefill(ctx, opt)
	})
}

func (a *app) benchDecode() *cobra.Command {
	f := benchFlags{scoring: scoring{batch: 1}}
	return a.benchmark("decode", "Tokens generated one by one after a short prompt", &f, func(cmd *cobra.Command) {
		f.modelFlag(cmd)
		cmd.Flags().IntVar(&f.tokens, "tokens", 48, "tokens to generate")
	}, func(ctx context.Context, r *bench.Runner) (bench.Result, error) {
		opt, err := a.modelOptions(f)
		if err != nil {
			return bench.Result{}, err
		}
		if f.tokens < 2 {
			return bench.Result{}, usage("--tokens %d: want 2 or more", f.tokens)
		}
		return r.Decode(ctx, opt)
	})
}

func (a *app) benchPredict() *cobra.Command {
	f := benchFlags{tokens: 1}
	return a.benchmark("predict", "Prompts made of the rows of a CSV, up to the logits of the labels", &f, func(cmd *cobra.Command) {
		f.register(cmd)
		flags := cmd.Flags()
		flags.StringVar(&f.input, "input", "", "CSV of rows")
		flags.IntVar(&f.rows, "rows", 64, "rows to take from it, the first ones (-1: all)")
		flags.IntVar(&f.pass, "pass", 0, "most tokens of a pass through the model (0: as predict does)")
		flags.StringVar(&f.writeIDs, "write-ids", "", "file for the token ids of the prompts, a JSON array a line, so that another engine can run them")
		must(cmd.MarkFlagRequired("input"))
	}, func(ctx context.Context, r *bench.Runner) (bench.Result, error) {
		opt, err := a.modelOptions(f)
		if err != nil {
			return bench.Result{}, err
		}
		prompts, labels, err := a.prompts(ctx, f)
		if err != nil {
			return bench.Result{}, err
		}
		return r.Score(ctx, opt, prompts, labels)
	})
}

// prompts packs the rows that are asked for, and writes their ids if that is asked for too.
func (a *app) prompts(ctx context.Context, f benchFlags) (prompts [][]int32, labels []int32, err error) {
	j, err := a.openJudge(f.scoring)
	if err != nil {
		return nil, nil, err
	}
	in, err := a.openInput(f.input)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	rows, err := judge.NewReader(f.input, in, j.need)
	if err != nil {
		return nil, nil, judgeError(err)
	}
	c := &collector{}
	j.predictor.Scorer = c
	if _, err := j.predictor.Run(ctx, &first{rows, f.rows}, func(*judge.Prediction) error { return nil }); err != nil {
		return nil, nil, judgeError(err)
	}
	if f.writeIDs != "" {
		err = writeIDs(f.writeIDs, c.prompts)
	}
	return c.prompts, j.options.Labels, err
}

// collector is a judge.Scorer that keeps the prompts and says nothing about them.
type collector struct{ prompts [][]int32 }

func (c *collector) Score(_ context.Context, prompts [][]int32, done func(int, []float32, error)) error {
	c.prompts = append(c.prompts, prompts...)
	for i := range prompts {
		done(i, make([]float32, 3), nil)
	}
	return nil
}

// first is the first rows of a source.
type first struct {
	judge.Source
	left int
}

func (f *first) Read() (*judge.Row, error) {
	if f.left == 0 {
		return nil, io.EOF
	}
	f.left--
	return f.Source.Read()
}

// writeIDs writes prompts as JSON arrays, one a line.
func writeIDs(path string, prompts [][]int32) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	for _, p := range prompts {
		if err := encodeJSON(w, p); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return errors.Join(w.Flush(), file.Close())
}
