package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"tiebreak/judge"
)

// evalFlags are the flags of eval.
type evalFlags struct {
	scoring
	predictions, labels, input string
}

func (a *app) eval() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval (--predictions submission.csv --labels labelled.csv | --input labelled.csv [--model DIR])",
		Short: "Log loss, accuracy, Brier score and calibration against labels",
		Long: `eval measures predictions against labels: log loss as the competition counts it (probabilities are brought
to a sum of 1 and kept 2.2e-16 away from 0 and 1), accuracy, Brier score, ECE, and the same by class and by slice.
Labels are the columns winner_model_a, winner_model_b and winner_tie, one of them 1 and the others 0.

Either the predictions are in a file, or --input judges labelled rows with a model and measures at once, which
also tells how often the verdict flips when the answers are exchanged.`,
		Example: `  tiebreak eval --predictions submission.csv --labels labelled.csv
  tiebreak eval --input labelled.csv --model DIR --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runEval(cmd.Context(), f) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.predictions, "predictions", "", "submission to measure")
	flags.StringVar(&f.labels, "labels", "", "CSV with id and winner_model_a, winner_model_b, winner_tie")
	flags.StringVar(&f.input, "input", "", "labelled CSV to judge and measure at once")
	cmd.MarkFlagsRequiredTogether("predictions", "labels")
	cmd.MarkFlagsMutuallyExclusive("predictions", "input")
	cmd.MarkFlagsOneRequired("predictions", "input")
	for _, name := range []string{"predictions", "labels", "input"} {
		must(cmd.MarkFlagFilename(name, "csv"))
	}
	return cmd
}

func (a *app) runEval(ctx context.Context, f evalFlags) error {
	var examples []judge.Example
	var summary judge.Summary
	var err error
	if f.input != "" {
		examples, summary, err = a.judgeLabelled(ctx, f)
	} else {
		examples, err = a.joinFiles(f)
	}
	if err != nil || a.flags.dryRun {
		return err
	}
	report := judge.NewReport(examples)
	if a.flags.json {
		err = a.printJSON(report)
	} else {
		err = writeReport(a.std.out, report)
	}
	if err == nil && summary.Fallback > 0 {
		return &failure{exitPartial, fmt.Errorf("%d of %d rows could not be judged and got the prior", summary.Fallback, summary.Rows)}
	}
	return err
}

func (a *app) joinFiles(f evalFlags) ([]judge.Example, error) {
	in, err := a.openInput(f.predictions)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	predictions, err := judge.ReadSubmission(f.predictions, in)
	if err != nil {
		return nil, judgeError(err)
	}
	labelled, err := a.openInput(f.labels)
	if err != nil {
		return nil, err
	}
	defer labelled.Close()
	labels, err := judge.NewReader(f.labels, labelled, judge.Labels)
	if err != nil {
		return nil, judgeError(err)
	}
	examples, err := judge.Join(predictions, f.predictions, labels)
	return examples, judgeError(err)
}

func (a *app) judgeLabelled(ctx context.Context, f evalFlags) ([]judge.Example, judge.Summary, error) {
	meter, err := a.meter()
	if err != nil {
		return nil, judge.Summary{}, err
	}
	j, err := a.openJudge(f.scoring)
	if err != nil {
		return nil, judge.Summary{}, err
	}
	j.need = judge.Texts | judge.Labels
	total, err := a.survey(j, f.input)
	if err != nil || a.flags.dryRun {
		return nil, judge.Summary{}, err
	}
	if err := j.load(ctx, a); err != nil {
		return nil, judge.Summary{}, err
	}
	defer j.Close()
	var examples []judge.Example
	summary, err := a.judgeRows(ctx, j, pass{f.input, "eval", total, meter}, func(p *judge.Prediction) error {
		examples = append(examples, p.Example())
		return nil
	})
	return examples, summary, judgeError(err)
}
