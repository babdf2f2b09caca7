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
	"tiebreak/tensor"
)

// Score computes the logits after the last token of each prompt: those of the labels, of the classes or of the vocabulary,
// [Outputs] f32. It calls done once for each prompt, in no fixed order and never twice at once, with logits that done may
// keep or with what is wrong with this prompt: no tokens, too many, an id outside of the vocabulary, a result that is not
// finite. The error of Score itself ends the run: ctx is done, or a device failed.
//
// What prompts have in common is computed once; see Options.Alone.
func (e *Engine) Score(ctx context.Context, prompts [][]int32, done func(prompt int, logits []float32, err error)) error {
	same := map[string]*[]int{} // prompts by their tokens
	var requests []*request
	asked := 0
	for i, ids := range prompts {
		if err := e.check(ids); err != nil {
			done(i, nil, err)
			continue
		}
		asked += len(ids)
		name := string(tensor.Bytes(ids))
		if equal, ok := same[name]; ok && !e.alone {
			*equal = append(*equal, i)
			continue
		}
		equal := &[]int{i}
		same[name] = equal
		requests = append(requests, &request{ids: ids, suffixes: [][]int32{nil}, answer: func(_ int, logits []float32, err error) {
			for _, p := range *equal {
				done(p, slices.Clone(logits), err)
			}
		}})
	}
	if err := e.serve(ctx, requests, asked); err != nil {
		return fmt.Errorf("engine: score: %w", err)
	}
	return nil
}

// serve runs requests on all devices. Their answers are never called twice at once.
func (e *Engine) serve(ctx context.Context, requests []*request, asked int) error {
	var mu sync.Mutex
	tokens := 0
	for _, r := range requests {
		answer := r.answer
		r.answer = func(suffix int, logits []float32, err error) {
			mu.Lock()
			defer mu.Unlock()
			answer(suffix, logits, err)
		}
		tokens += r.tokens()
	}
	e.runners[0].stats.Asked += int64(asked)
	var all []group
	if e.alone {
		all = apart(requests)
	} else {
		all = groups(requests, tokens/(8*len(e.runners)))
	}
	costs := make([]int, len(all))
	for i, g := range all {
		costs[i] = g.tokens
	}
	shares := divide(costs, len(e.runners))
	return e.each(ctx, func(ctx context.Context, i int, r *runner) error {
		s := schedule{runner: r, pass: r.limits}
		for _, k := range slices.Sorted(slices.Values(shares[i])) { // the longest first
			s.waiting = append(s.waiting, all[k].requests...)
		}
		s.spread()
		err := r.run(ctx, s.next)
		s.abandon() // nothing, unless there was an error
		return err
	})
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
	seq := r.cache.Start(nil) // every position has to be computed
	defer seq.Free()
	r.extend(seq, ids)
	r.stats.Asked += int64(len(ids))
	var jobs []job
	for lo := 0; lo < len(ids); lo += r.limits.tokens {
		seq := backend.Seq{IDs: ids[lo:min(len(ids), lo+r.limits.tokens)], Past: lo, Pages: seq.Pages()}
		jobs = append(jobs, job{[]backend.Seq{seq}, model.AllRows, func(rows model.Hidden) error {
			return r.eachRow(rows, func(row int, logits []float32) error { return each(lo+row, logits) })
		}})
	}
	if err := r.run(ctx, inOrder(jobs)); err != nil {
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
