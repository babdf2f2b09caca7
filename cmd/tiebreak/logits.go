package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

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
	if err := checkOutput(input, output); err != nil {
		return err
	}
	rows, width, err := readPrompts(input)
	if err != nil {
		return badData(err)
	}
	opt := engine.Options{MaxTokens: width}
	if a.flags.dryRun {
		return a.plan(dir, opt)
	}
	s, err := a.openEngine(dir, opt)
	if err != nil {
		return err
	}
	defer s.Close()
	result, err := s.logits(ctx, rows, width)
	if err != nil {
		return err
	}
	return safetensors.WriteSources(output, []safetensors.Source{result}, nil)
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
		return nil, 0, fmt.Errorf("%w, want I32 [B,T]", err)
	}
	lengths, err := set.Tensor("lengths")
	if err != nil {
		return nil, 0, fmt.Errorf("%w, want I32 [B], how many of the ids in each row count", err)
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

// logits gives the tensor to write. Class logits are computed at once; those of a vocabulary, which may be larger than memory,
// while they are written.
func (s *session) logits(ctx context.Context, rows [][]int32, width int) (safetensors.Source, error) {
	n := s.engine.Outputs()
	if s.engine.Config.Classes == 0 {
		info := safetensors.Info{Name: "logits", DType: tensor.F32, Shape: tensor.Shape{len(rows), width, n}}
		return safetensors.Source{Info: info, Data: &tokenLogits{ctx, s.engine, rows, width}}, nil
	}
	out := tensor.New(tensor.F32, len(rows), n)
	var failed error
	err := s.engine.Score(ctx, rows, func(i int, logits []float32, err error) {
		if err != nil && failed == nil {
			failed = badData(fmt.Errorf("logits: row %d: %w", i, err))
		}
		copy(tensor.CastFloat32(out.Data)[i*n:], logits)
	})
	info := safetensors.Info{Name: "class_logits", DType: tensor.F32, Shape: out.Shape}
	return safetensors.Source{Info: info, Data: bytes.NewReader(out.Data)}, cmp.Or(err, failed)
}

// tokenLogits computes the logits after every token of the rows, [B,T,V] f32, and writes zeros past their lengths.
type tokenLogits struct {
	ctx    context.Context
	engine *engine.Engine
	rows   [][]int32
	width  int // T
}

func (l *tokenLogits) WriteTo(w io.Writer) (total int64, err error) {
	put := func(b []byte) error {
		n, err := w.Write(b)
		total += int64(n)
		return err
	}
	past := make([]byte, 4*l.engine.Outputs())
	for i, ids := range l.rows {
		err := l.engine.Logits(l.ctx, ids, func(_ int, logits []float32) error { return put(tensor.Bytes(logits)) })
		if errors.Is(err, engine.ErrPrompt) {
			err = badData(err)
		}
		if err != nil {
			return total, fmt.Errorf("logits: row %d: %w", i, err)
		}
		for range l.width - len(ids) {
			if err := put(past); err != nil {
				return total, err
			}
		}
	}
	return total, nil
}
