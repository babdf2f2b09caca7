package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"tiebreak/engine"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

func (a *app) logits() *cobra.Command {
	var dir, input, output string
	cmd := &cobra.Command{
		Use:   "logits --model DIR --input F.safetensors --output F.safetensors",
		Short: "Logits of token ids, for comparison with another engine",
		Long: `logits reads input_ids I32 [B,T] and lengths I32 [B], and writes logits F32 [B,T,V] (rows past a length
are 0), or for a sequence classifier class_logits F32 [B,classes].`,
		Example: `  tiebreak logits --model DIR --input ids.safetensors --output logits.safetensors --dtype f32`,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runLogits(cmd.Context(), dir, input, output) },
	}
	f := cmd.Flags()
	f.StringVar(&dir, "model", "", "Hugging Face model directory")
	f.StringVar(&input, "input", "", "safetensors file with input_ids and lengths")
	f.StringVar(&output, "output", "", "safetensors file to write")
	for _, name := range []string{"model", "input", "output"} {
		must(cmd.MarkFlagRequired(name))
	}
	return cmd
}

func (a *app) runLogits(ctx context.Context, dir, input, output string) error {
	rows, width, err := readPrompts(input)
	if err != nil {
		return badData(err)
	}
	s, err := a.openEngine(dir, engine.Options{MaxTokens: width})
	if err != nil {
		return err
	}
	defer s.Close()
	result, err := computeLogits(ctx, s.engine, rows, width)
	if err != nil || a.flags.dryRun {
		return err
	}
	return safetensors.Write(output, []safetensors.Named{result}, nil)
}

// readPrompts reads the rows of input_ids up to their lengths, and T.
func readPrompts(path string) (rows [][]int32, width int, err error) {
	set, err := safetensors.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer set.Close()
	ids, err := set.Tensor("input_ids")
	if err != nil {
		return nil, 0, err
	}
	lengths, err := set.Tensor("lengths")
	if err != nil {
		return nil, 0, err
	}
	if ids.DType != tensor.I32 || len(ids.Shape) != 2 || lengths.DType != tensor.I32 || !lengths.Shape.Equal(tensor.Shape{ids.Shape[0]}) {
		return nil, 0, fmt.Errorf("logits: %s: got input_ids %s and lengths %s, want I32 [B,T] and I32 [B]", path, ids.Describe(), lengths.Describe())
	}
	width = ids.Shape[1]
	all := tensor.LoadInt32(ids.Data)
	for b, n := range tensor.LoadInt32(lengths.Data) {
		if n < 1 || int(n) > width {
			return nil, 0, fmt.Errorf("logits: %s: lengths[%d]: got %d, want 1 to %d", path, b, n, width)
		}
		rows = append(rows, append([]int32(nil), all[b*width:][:n]...)) // the file is unmapped on return
	}
	if len(rows) == 0 {
		return nil, 0, fmt.Errorf("logits: %s: input_ids has no rows", path)
	}
	return rows, width, nil
}

func computeLogits(ctx context.Context, e *engine.Engine, rows [][]int32, width int) (safetensors.Named, error) {
	n := e.Outputs()
	if e.Config.Classes > 0 {
		out := tensor.New(tensor.F32, len(rows), n)
		var failed error
		err := e.Score(ctx, rows, func(i int, logits []float32, err error) {
			if err != nil && failed == nil {
				failed = badData(fmt.Errorf("logits: row %d: %w", i, err))
			}
			copy(tensor.CastFloat32(out.Data)[i*n:], logits)
		})
		if err == nil {
			err = failed
		}
		return safetensors.Named{Name: "class_logits", Tensor: out}, err
	}
	if _, err := tensor.CheckedBytes(tensor.F32, tensor.Shape{len(rows), width, n}); err != nil {
		return safetensors.Named{}, resources(err)
	}
	out := tensor.New(tensor.F32, len(rows), width, n)
	values := tensor.CastFloat32(out.Data)
	for i, ids := range rows {
		err := e.Logits(ctx, ids, func(position int, logits []float32) error {
			copy(values[(i*width+position)*n:], logits)
			return nil
		})
		if errors.Is(err, engine.ErrPrompt) {
			err = badData(err)
		}
		if err != nil {
			return safetensors.Named{}, fmt.Errorf("logits: row %d: %w", i, err)
		}
	}
	return safetensors.Named{Name: "logits", Tensor: out}, nil
}
