package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"tiebreak/engine"
	"tiebreak/internal/progress"
	"tiebreak/judge"
)

// predictFlags are the flags of predict.
type predictFlags struct {
	scoring
	input, output string
}

func (a *app) predict() *cobra.Command {
	var f predictFlags
	cmd := &cobra.Command{
		Use:   "predict --input pairs.csv --output submission.csv [--model DIR]",
		Short: "Probabilities of A, B and tie for each row of a CSV",
		Long: `predict reads rows of id, prompt, response_a, response_b (CSV; the three texts are JSON arrays of
turns) and writes id, winner_model_a, winner_model_b, winner_tie in the same order. Each row is scored
in both orders of the answers; swapping them swaps the probabilities exactly.

The output appears under its name only when it is complete. A row that cannot be judged gets the prior,
is named on stderr, and the exit code is 3.`,
		Example: `  tiebreak predict --model DIR --input pairs.csv --output submission.csv
  tiebreak predict --input pairs.csv --output submission.csv --dry-run
  tiebreak predict --model DIR --input - --output - < pairs.csv > submission.csv`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runPredict(cmd.Context(), f) },
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.input, "input", "", "CSV of rows to judge; - for stdin")
	cmd.Flags().StringVar(&f.output, "output", "", "submission to write; - for stdout")
	must(cmd.MarkFlagRequired("input"))
	must(cmd.MarkFlagRequired("output"))
	must(cmd.MarkFlagFilename("input", "csv"))
	must(cmd.MarkFlagFilename("output", "csv"))
	return cmd
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// predictResult is what --json prints.
type predictResult struct {
	Output       string  `json:"output"`
	Rows         int     `json:"rows"`
	FallbackRows int     `json:"fallback_rows"`
	CutRows      int     `json:"cut_rows"`
	CutTokens    int     `json:"cut_tokens"`
	Tokens       int     `json:"tokens"`
	Seconds      float64 `json:"seconds"`
	RowsPerS     float64 `json:"rows_per_second"`
	TokensPerS   float64 `json:"tokens_per_second"`
}

func (a *app) runPredict(ctx context.Context, f predictFlags) error {
	if err := checkOutput(f.input, f.output); err != nil {
		return err
	}
	meter, err := a.meter()
	if err != nil {
		return err
	}
	j, err := a.openJudge(f.scoring)
	if err != nil {
		return err
	}
	total, err := a.survey(j, f.input)
	if err != nil || a.flags.dryRun {
		return err
	}
	if err := j.load(ctx, a); err != nil {
		return err
	}
	defer j.Close()

	var summary judge.Summary
	began := time.Now()
	work := func(out io.Writer) error {
		sub, err := judge.NewSubmission(out)
		if err != nil {
			return err
		}
		summary, err = a.judgeRows(ctx, j, pass{f.input, "predict", total, meter}, func(p *judge.Prediction) error {
			return sub.Add(p.ID, p.Probs)
		})
		if err != nil {
			return err
		}
		return sub.Flush()
	}
	if f.output == "-" {
		err = work(a.std.out)
	} else {
		err = judge.PublishFile(f.output, work)
	}
	if err != nil {
		return a.stopped(ctx, err, f)
	}
	if a.flags.verbose > 0 {
		a.say("%v", j.session.engine.Stats())
	}
	return a.finishPredict(summary, f.output, time.Since(began))
}

// stopped adds to an interruption what can be done about it.
func (a *app) stopped(ctx context.Context, err error, f predictFlags) error {
	if ctx.Err() == nil {
		return judgeError(err)
	}
	return &failure{exitInterrupted, fmt.Errorf("interrupted; %s is as it was before. The same command starts again", f.output)}
}

func (a *app) finishPredict(s judge.Summary, output string, d time.Duration) error {
	if s.Cut > 0 {
		a.say("%d of %d rows were longer than the prompt allows and lost %d tokens (--max-tokens)", s.Cut, s.Rows, s.CutTokens)
	}
	if a.flags.json && output != "-" {
		seconds := d.Seconds()
		r := predictResult{output, s.Rows, s.Fallback, s.Cut, s.CutTokens, s.Tokens, seconds, float64(s.Rows) / seconds, float64(s.Tokens) / seconds}
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else if output != "-" {
		a.say("wrote %d rows to %s", s.Rows, output)
	}
	if s.Fallback > 0 {
		return &failure{exitPartial, fmt.Errorf("%d of %d rows could not be judged and got the prior %v", s.Fallback, s.Rows, judge.Fallback)}
	}
	return nil
}

// survey reads all rows once without computing: bad data is found before the model is loaded, and the work is known.
// Input that cannot be read twice is not surveyed; the total is then zero.
func (a *app) survey(j *judgeSession, input string) (progress.Work, error) {
	if info, err := os.Stat(input); input == "-" || err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return progress.Work{}, nil
	}
	in, err := a.openInput(input)
	if err != nil {
		return progress.Work{}, err
	}
	defer in.Close()
	rows, err := judge.NewReader(input, in, judge.Texts)
	if err != nil {
		return progress.Work{}, judgeError(err)
	}
	s, err := j.predictor.Plan(rows)
	if err != nil {
		return progress.Work{}, judgeError(err)
	}
	if a.flags.dryRun {
		a.say("%s: %d rows, %d tokens in prompts, %d rows cut by %d tokens, %d unreadable", input, s.Rows, s.Tokens, s.Cut, s.CutTokens, s.Fallback)
		return progress.Work{}, a.plan(j.dir, j.options)
	}
	return progress.Work{Rows: s.Rows, Tokens: int64(s.Tokens)}, nil
}

// pass is one reading of an input, from its first row to its last.
type pass struct {
	input, phase string
	total        progress.Work // as surveyed
	meter        *progress.Meter
}

// judgeRows runs the predictor over a file and shows progress.
func (a *app) judgeRows(ctx context.Context, j *judgeSession, p pass, emit func(*judge.Prediction) error) (judge.Summary, error) {
	in, err := a.openInput(p.input)
	if err != nil {
		return judge.Summary{}, err
	}
	defer in.Close()
	rows, err := judge.NewReader(p.input, in, j.need)
	if err != nil {
		return judge.Summary{}, err
	}
	p.meter.Start(p.phase, p.total)
	j.predictor.Progress = func(done judge.Progress) {
		p.meter.Update(progress.Work{Rows: done.Rows, Tokens: int64(done.Tokens)})
	}
	s, err := j.predictor.Run(ctx, rows, func(row *judge.Prediction) error {
		if row.Err != nil {
			a.say("row %d (id %s): got the prior: %v", row.Number, row.ID, row.Err)
		}
		return emit(row)
	})
	if err == nil {
		p.meter.Finish(progress.Work{Rows: s.Rows, Tokens: int64(s.Tokens)})
	}
	return s, err
}

// judgeError gives an error of package judge its exit code.
func judgeError(err error) error {
	var data *judge.DataError
	var option *judge.OptionError
	switch {
	case errors.As(err, &data):
		return badData(err)
	case errors.As(err, &option):
		return coded(exitUsage, err)
	case errors.Is(err, engine.ErrMemory):
		return resources(err)
	}
	return err
}
