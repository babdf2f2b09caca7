package judge

import (
	"context"
	"fmt"
	"math"
)

// ContentFree is a Scorer that takes a model's leaning to a label off its logits, by contextual calibration (Zhao et al.
// 2021, arXiv:2102.09690): the logits of a prompt whose texts are all empty say what the model answers when there is
// nothing to judge; they are subtracted, and the logarithms of Fallback added, so that an empty row gets Fallback.
// A model that was not trained as a judge is worth little without: SmolLM2-135M gives a tie 1 % where people give 24 %.
//
// The same three numbers are added to the logits of every prompt, so swapping the answers still swaps the verdict.
type ContentFree struct {
	scorer Scorer
	shift  [3]float32
}

// NewContentFree scores the empty prompt of a packer.
func NewContentFree(ctx context.Context, p *Packer, s Scorer) (*ContentFree, error) {
	blank := []Turn{{}}
	empty := p.Pack(&Row{Prompt: blank, A: blank, B: blank}).AB
	c := &ContentFree{scorer: s}
	var failed error
	err := s.Score(ctx, [][]int32{empty}, func(_ int, logits []float32, err error) {
		if failed = err; err != nil {
			return
		}
		if _, finite := softmax([3]float32(logits)); !finite {
			failed = fmt.Errorf("%w: %v", errNotFinite, logits)
			return
		}
		for i := range c.shift {
			c.shift[i] = float32(math.Log(Fallback[i])) - logits[i]
		}
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, fmt.Errorf("judge: score the empty prompt: %w", err)
	}
	return c, nil
}

// Score scores prompts and shifts their logits.
func (c *ContentFree) Score(ctx context.Context, prompts [][]int32, done func(prompt int, logits []float32, err error)) error {
	return c.scorer.Score(ctx, prompts, func(i int, logits []float32, err error) {
		for j := range logits {
			logits[j] += c.shift[j]
		}
		done(i, logits, err)
	})
}
