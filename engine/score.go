package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"tiebreak/backend"
	"tiebreak/model"
)

// Score computes the logits after the last token of each prompt: those of the labels, of the classes or of the vocabulary,
// [Outputs] f32. It calls done once for each prompt, in no fixed order and never twice at once, with logits that done may
// keep or with what is wrong with this prompt: no tokens, too many, an id outside of the vocabulary, a result that is not
// finite. The error of Score itself ends the run: ctx is done, or a device failed.
func (e *Engine) Score(ctx context.Context, prompts [][]int32, done func(prompt int, logits []float32, err error)) error {
	var sound, lengths []int // prompts that can be run
	for i, ids := range prompts {
		if err := e.check(ids); err != nil {
			done(i, nil, err)
			continue
		}
		sound, lengths = append(sound, i), append(lengths, len(ids))
	}
	shares := divide(lengths, len(e.runners))
	var mu sync.Mutex
	err := e.each(ctx, func(ctx context.Context, i int, r *runner) error {
		s := scoring{runner: r, prompts: prompts, done: func(prompt int, logits []float32, err error) {
			mu.Lock()
			defer mu.Unlock()
			done(prompt, logits, err)
		}}
		for _, k := range slices.Sorted(slices.Values(shares[i])) { // prompts of equal length stay in order
			s.sound, s.lengths = append(s.sound, sound[k]), append(s.lengths, lengths[k])
		}
		return r.run(ctx, s.jobs())
	})
	if err != nil {
		return fmt.Errorf("engine: score: %w", err)
	}
	return nil
}

// each runs f for every runner, all at once. The first that fails ends the others.
func (e *Engine) each(ctx context.Context, f func(ctx context.Context, i int, r *runner) error) error {
	if len(e.runners) == 1 {
		return f(ctx, 0, e.runners[0])
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make([]error, len(e.runners))
	var wg sync.WaitGroup
	for i, r := range e.runners {
		wg.Go(func() {
			if failed[i] = f(inner, i, r); failed[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	if ctx.Err() == nil { // else all ended for the caller's reason
		failed = slices.DeleteFunc(failed, func(err error) bool { return errors.Is(err, context.Canceled) })
	}
	return errors.Join(failed...)
}

// scoring is the share of a call of Score that one runner has.
type scoring struct {
	*runner
	prompts        [][]int32
	sound, lengths []int // prompts to run and their lengths
	done           func(prompt int, logits []float32, err error)
}

// jobs lists the passes. Batches take the pools of pages in turn: when one comes round, the batch that had it is done.
func (s *scoring) jobs() (jobs []job) {
	for n, b := range batches(s.lengths, s.spread()) {
		pages := &s.pools[n%len(s.pools)]
		pages.reset()
		seqs := make([]backend.Seq, len(b.prompts))
		for i, k := range b.prompts {
			b.prompts[i] = s.sound[k]
			seqs[i] = backend.Seq{IDs: s.prompts[s.sound[k]], Pages: pages.take(s.lengths[k])}
		}
		jobs = append(jobs, s.ahead(seqs[0].IDs, seqs[0].Pages, b.ahead)...)
		seqs[0].IDs, seqs[0].Past = seqs[0].IDs[b.ahead:], b.ahead
		jobs = append(jobs, job{seqs, model.LastRows, func(rows model.Hidden) error { return s.deliver(b.prompts, rows) }})
	}
	return jobs
}

// leastPass is the number of tokens below which a pass is not made smaller: each pass reads all weights.
const leastPass = 256

// spread are the limits of a pass, lower where the prompts would not fill all passes that can be under way at once.
func (s *scoring) spread() limits {
	total := 0
	for _, n := range s.lengths {
		total += n
	}
	lim, flights := s.limits, len(s.pools)
	lim.tokens = min(lim.tokens, max(leastPass, (total+flights-1)/flights))
	return lim
}

// deliver hands out the logits of a batch.
func (s *scoring) deliver(prompts []int, rows model.Hidden) error {
	all, err := s.logits(rows)
	if err != nil {
		return err
	}
	n := s.model.Outputs()
	for i, p := range prompts {
		row := all[i*n : (i+1)*n : (i+1)*n]
		if err := finite(row); err != nil {
			s.done(p, nil, err)
			continue
		}
		s.done(p, row, nil)
	}
	return nil
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
	r := e.runners[0]
	pages := &r.pools[0]
	pages.reset()
	held := pages.take(len(ids))
	var jobs []job
	for lo := 0; lo < len(ids); lo += r.limits.tokens {
		seq := backend.Seq{IDs: ids[lo:min(len(ids), lo+r.limits.tokens)], Past: lo, Pages: held}
		jobs = append(jobs, job{[]backend.Seq{seq}, model.AllRows, func(rows model.Hidden) error {
			return r.eachRow(rows, func(row int, logits []float32) error { return each(lo+row, logits) })
		}})
	}
	if err := r.run(ctx, jobs); err != nil {
		return fmt.Errorf("engine: logits: %w", err)
	}
	return nil
}

// eachRow applies the head to the rows of a pass, as many at a time as the model has room for.
func (r *runner) eachRow(rows model.Hidden, each func(row int, logits []float32) error) error {
	n, count := r.model.Outputs(), rows.Tensor().Rows
	for lo := 0; lo < count; lo += r.limits.rows {
		hi := min(count, lo+r.limits.rows)
		logits, err := r.logits(rows.RowRange(lo, hi))
		if err != nil {
			return err
		}
		for i := range hi - lo {
			if err := each(lo+i, logits[i*n:(i+1)*n]); err != nil {
				return err
			}
		}
	}
	return nil
}
