package engine

import (
	"context"
	"fmt"
	"math"

	"tiebreak/backend"
	"tiebreak/model"
)

// Score computes the logits after the last token of each prompt: those of the labels, of the classes or of the vocabulary,
// [Outputs] f32. It calls done once for each prompt, in no fixed order and never twice at once, with logits that done may
// keep or with what is wrong with this prompt: no tokens, too many, an id outside of the vocabulary, a result that is not
// finite. The error of Score itself ends the run: ctx is done, or the device failed.
func (e *Engine) Score(ctx context.Context, prompts [][]int32, done func(prompt int, logits []float32, err error)) error {
	var sound, lengths []int // prompts that can be run
	for i, ids := range prompts {
		if err := e.check(ids); err != nil {
			done(i, nil, err)
			continue
		}
		sound, lengths = append(sound, i), append(lengths, len(ids))
	}
	for _, b := range batches(lengths, e.limits) {
		for i, s := range b.prompts {
			b.prompts[i] = sound[s]
		}
		if err := e.scoreBatch(ctx, prompts, b, done); err != nil {
			return fmt.Errorf("engine: score: %w", err)
		}
	}
	return nil
}

func (e *Engine) scoreBatch(ctx context.Context, prompts [][]int32, b batch, done func(int, []float32, error)) error {
	e.pool.reset()
	seqs := make([]backend.Seq, len(b.prompts))
	for i, p := range b.prompts {
		seqs[i] = backend.Seq{IDs: prompts[p], Pages: e.pool.take(len(prompts[p]))}
	}
	if err := e.ahead(ctx, seqs[0].IDs, seqs[0].Pages, b.ahead); err != nil {
		return err
	}
	seqs[0].IDs, seqs[0].Past = seqs[0].IDs[b.ahead:], b.ahead
	return e.pass(ctx, seqs, model.LastRows, func(rows backend.Tensor) error {
		all, err := e.logits(rows)
		if err != nil {
			return err
		}
		for i, p := range b.prompts {
			row := all[i*e.Outputs() : (i+1)*e.Outputs() : (i+1)*e.Outputs()]
			if err := finite(row); err != nil {
				done(p, nil, err)
				continue
			}
			done(p, row, nil)
		}
		return nil
	})
}

// finite is the error of a row of logits that holds a NaN or an infinity.
func finite(row []float32) error {
	for i, v := range row {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("engine: logits: got %v at %d of %d, want finite numbers: try another compute type, and check the weights", v, i, len(row))
		}
	}
	return nil
}

// Logits computes the logits after every token of one prompt and calls each with a position and its row, [Outputs] f32,
// which is valid during the call. An error of each ends the run and is returned.
func (e *Engine) Logits(ctx context.Context, ids []int32, each func(position int, logits []float32) error) error {
	if err := e.check(ids); err != nil {
		return err
	}
	e.pool.reset()
	pages := e.pool.take(len(ids))
	for lo := 0; lo < len(ids); lo += e.limits.tokens {
		seq := backend.Seq{IDs: ids[lo:min(len(ids), lo+e.limits.tokens)], Past: lo, Pages: pages}
		err := e.pass(ctx, []backend.Seq{seq}, model.AllRows, func(rows backend.Tensor) error {
			return e.eachRow(rows, func(row int, logits []float32) error { return each(lo+row, logits) })
		})
		if err != nil {
			return fmt.Errorf("engine: logits: %w", err)
		}
	}
	return nil
}

// eachRow applies the head to the rows of a pass, as many at a time as the model has room for.
func (e *Engine) eachRow(rows backend.Tensor, each func(row int, logits []float32) error) error {
	n := e.Outputs()
	for lo := 0; lo < rows.Rows; lo += e.limits.rows {
		block := rows.RowRange(lo, min(rows.Rows, lo+e.limits.rows))
		logits, err := e.logits(block)
		if err != nil {
			return err
		}
		for i := range block.Rows {
			if err := each(lo+i, logits[i*n:(i+1)*n]); err != nil {
				return err
			}
		}
	}
	return nil
}
