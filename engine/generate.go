package engine

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"tiebreak/backend"
	"tiebreak/kvcache"
	"tiebreak/model"
)

// Generation says what to generate.
type Generation struct {
	Prompt      []int32
	MaxTokens   int     // to generate, at most
	Temperature float64 // 0: always the most likely token; else logits are divided by it and a token is drawn
	Seed        uint64  // of the draws
	Stop        []int32 // tokens that end the text, usually Config.EOS; the one that did is not part of the result
	MinTokens   int     // until there are so many, Stop tokens are not chosen

	// OnToken, if set, is called with each token as soon as it is known. Its error ends the run and is returned.
	OnToken func(id int32) error
}

// Generate continues a prompt token by token. Each step computes one token: the keys and values of those before it stay in
// their pages. It returns what was generated so far also when it fails.
func (e *Engine) Generate(ctx context.Context, g Generation) ([]int32, error) {
	if err := e.checkGeneration(g); err != nil {
		return nil, err
	}
	r := e.runners[0]
	seq := r.prompt(g.Prompt)
	defer seq.Free()
	known := seq.Len()
	r.extend(seq, g.Prompt[known:])
	r.stats.Asked += int64(len(g.Prompt))
	ahead := known + (len(g.Prompt)-1-known)/r.limits.tokens*r.limits.tokens
	if err := r.run(ctx, inOrder(r.ahead(g.Prompt, seq.Pages(), known, ahead))); err != nil {
		return nil, fmt.Errorf("engine: generate: %w", err)
	}
	draw := sampler(g.Temperature, g.Seed)
	out := []int32{}
	next := backend.Seq{IDs: g.Prompt[ahead:], Past: ahead}
	for len(out) < g.MaxTokens {
		if len(out) > 0 {
			next = backend.Seq{IDs: out[len(out)-1:], Past: seq.Len()}
			r.extend(seq, next.IDs)
			r.stats.Asked++
		}
		next.Pages = seq.Pages()
		logits, err := r.step(ctx, next)
		if err != nil {
			return out, fmt.Errorf("engine: generate: token %d: %w", len(out), err)
		}
		if len(out) == 0 && !r.alone {
			seq.Publish(len(g.Prompt))
		}
		if len(out) < g.MinTokens {
			for _, id := range g.Stop {
				logits[id] = float32(math.Inf(-1))
			}
		}
		id := draw(logits)
		if slices.Contains(g.Stop, id) {
			break
		}
		out = append(out, id)
		if g.OnToken != nil {
			if err := g.OnToken(id); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// prompt starts a sequence from what is known of a prompt, its last token excepted, which has to be computed for its logits.
func (r *runner) prompt(ids []int32) *kvcache.Sequence {
	if r.alone {
		return r.cache.Start(nil)
	}
	return r.cache.Start(ids[:len(ids)-1])
}

func (e *Engine) checkGeneration(g Generation) error {
	if err := e.check(g.Prompt); err != nil {
		return err
	}
	switch all := len(g.Prompt) + g.MaxTokens; {
	case e.Outputs() != e.Config.Vocab || e.Config.Classes > 0:
		return fmt.Errorf("engine: generate: got a model with %d outputs, want one with the logits of all %d tokens: %w", e.Outputs(), e.Config.Vocab, ErrOptions)
	case g.MaxTokens < 0 || all > e.Plan.MaxTokens:
		return fmt.Errorf("engine: generate: got %d tokens after a prompt of %d, want at most %d in all: %w", g.MaxTokens, len(g.Prompt), e.Plan.MaxTokens, ErrOptions)
	case len(g.Stop) > 0 && (slices.Min(g.Stop) < 0 || int(slices.Max(g.Stop)) >= e.Config.Vocab):
		return fmt.Errorf("engine: generate: stop: got ids %v, want 0 to %d: %w", g.Stop, e.Config.Vocab-1, ErrOptions)
	case !(g.Temperature >= 0) || math.IsInf(g.Temperature, 0):
		return fmt.Errorf("engine: generate: temperature: got %v, want 0 or more: %w", g.Temperature, ErrOptions)
	}
	return nil
}

// step computes the tokens of seq and gives the logits of the one that follows, [V] f32.
func (r *runner) step(ctx context.Context, seq backend.Seq) (logits []float32, err error) {
	err = r.run(ctx, inOrder([]job{{[]backend.Seq{seq}, model.LastRows, func(rows model.Hidden) error {
		if logits, err = r.logits(rows); err != nil {
			return err
		}
		return finite(logits)
	}}}))
	return logits, err
}

// sampler gives a function that chooses a token from a row of logits. Equal seeds choose alike.
func sampler(temperature float64, seed uint64) func([]float32) int32 {
	if temperature == 0 {
		return mostLikely
	}
	random := rand.New(rand.NewPCG(seed, 0))
	return func(logits []float32) int32 { return drawn(logits, temperature, random.Float64()) }
}

// mostLikely is the token with the largest logit, the first of equals.
func mostLikely(logits []float32) int32 {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return int32(best)
}

// drawn is the token at which the cumulative probability, softmax(logits/temperature), passes u of [0,1).
func drawn(logits []float32, temperature, u float64) int32 {
	most := float64(logits[mostLikely(logits)])
	var sum float64
	weight := func(v float32) float64 { return math.Exp((float64(v) - most) / temperature) }
	for _, v := range logits {
		sum += weight(v)
	}
	rest := u * sum
	for i, v := range logits {
		if rest -= weight(v); rest < 0 {
			return int32(i)
		}
	}
	return mostLikely(logits) // rounding left a remainder
}
