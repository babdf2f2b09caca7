package engine

import (
	"context"
	"fmt"
)

// Fork is a prompt and what may follow it: several questions about one text.
type Fork struct {
	Prompt   []int32
	Suffixes [][]int32 // an empty one asks for the logits after the prompt itself
}

// ScoreForks computes the logits that Score gives for each suffix of each fork with its prompt before it, to the bit. The
// prompt goes through the model once, and each suffix reads its keys and values: ten short questions about a long text
// cost little more than one. It calls done once for each suffix; what is said of prompts and errors there holds for a
// prompt with its suffix here.
func (e *Engine) ScoreForks(ctx context.Context, forks []Fork, done func(fork, suffix int, logits []float32, err error)) error {
	var requests []*request
	asked := 0
	for i, f := range forks {
		r := &request{ids: f.Prompt}
		var of []int // suffixes of the fork, by those of the request
		for k, suffix := range f.Suffixes {
			if err := e.checkFork(f.Prompt, suffix); err != nil {
				done(i, k, nil, err)
				continue
			}
			r.suffixes, of = append(r.suffixes, suffix), append(of, k)
			asked += len(f.Prompt) + len(suffix)
		}
		r.answer = func(suffix int, logits []float32, err error) { done(i, of[suffix], logits, err) }
		if len(of) > 0 {
			requests = append(requests, r)
		}
	}
	if e.alone {
		requests = unfold(requests)
	}
	if err := e.serve(ctx, requests, asked); err != nil {
		return fmt.Errorf("engine: score forks: %w", err)
	}
	return nil
}

// checkFork is the error of a suffix that cannot be run after its prompt; nil if it can.
func (e *Engine) checkFork(prompt, suffix []int32) error {
	if err := e.check(prompt); err != nil {
		return err
	}
	if len(suffix) == 0 {
		return nil
	}
	if err := e.check(suffix); err != nil {
		return fmt.Errorf("suffix: %w", err)
	}
	if all := len(prompt) + len(suffix); all > e.Plan.MaxTokens {
		return fmt.Errorf("engine: %w: got %d tokens, %d of them a suffix, want at most %d", ErrPrompt, all, len(suffix), e.Plan.MaxTokens)
	}
	return nil
}

// unfold makes each suffix a prompt of its own.
func unfold(requests []*request) (out []*request) {
	for _, r := range requests {
		for k, suffix := range r.suffixes {
			ids := append(r.ids[:len(r.ids):len(r.ids)], suffix...)
			out = append(out, &request{ids: ids, suffixes: [][]int32{nil}, answer: func(_ int, logits []float32, err error) { r.answer(k, logits, err) }})
		}
	}
	return out
}
