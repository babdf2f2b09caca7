package main

import (
	"bytes"
	"fmt"
	"io"
	"text/tabwriter"

	"tiebreak/judge"
)

// writeReport prints a report as tables for people; --json has the same figures and the calibration bins.
func writeReport(w io.Writer, r judge.Report) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "log loss  %.4f ± %.4f   (uniform %.4f, shares of the labels %.4f)\n", r.LogLoss, r.StdErr, r.UniformLogLoss, r.PriorLogLoss)
	fmt.Fprintf(&out, "accuracy  %.1f%%   Brier %.4f   ECE %.4f   rows %d\n", 100*r.Accuracy, r.Brier, r.ECE, r.Rows)
	if o := r.Order; o != nil {
		fmt.Fprintf(&out, "order     %.1f%% of verdicts flip when the answers are swapped; the first answer gets %+.4f; log loss of one order %.4f\n",
			100*o.FlipRate, o.FirstMinusSecond, o.OneOrderLogLoss)
	}
	t := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nclass\tlabels\tmean p\trecall")
	for _, c := range r.Classes {
		fmt.Fprintf(t, "%s\t%.1f%%\t%.3f\t%.1f%%\n", c.Class, 100*c.Share, c.MeanP, 100*c.Recall)
	}
	if len(r.Slices) > 0 {
		fmt.Fprintln(t, "\nslice\trows\tlog loss\taccuracy")
		for _, s := range r.Slices {
			fmt.Fprintf(t, "%s\t%d\t%.4f\t%.1f%%\n", s.Name, s.Rows, s.LogLoss, 100*s.Accuracy)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := out.WriteTo(w)
	return err
}
