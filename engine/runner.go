package engine

import (
	"context"
	"errors"
	"fmt"

	"tiebreak/backend"
	"tiebreak/kvcache"
	"tiebreak/model"
)

// runner drives one model, on one device or divided over several, and keeps as many passes under way as it has buffers
// for. It is used by one goroutine at a time.
type runner struct {
	model    *model.Model
	kv       model.KV
	memories []kvcache.Memory // kv by device
	cache    *kvcache.Cache
	limits   limits
	alone    bool
	onPass   func(tokens int)
	stats    Stats // the counters
}

// newRunner loads the model of a plan on devices.
func newRunner(devices []backend.Backend, p Plan, c model.Config, src model.Source, opt Options) (*runner, error) {
	m, err := model.LoadSplit(devices, p.Split.inModel(), c, src, p.model(opt))
	if err != nil {
		return nil, err
	}
	r := &runner{model: m, cache: kvcache.New(p.Pages), limits: p.limits(), alone: opt.Alone, onPass: opt.OnPass}
	if r.kv, err = m.NewKV(p.Pages); err != nil {
		m.Close()
		return nil, err
	}
	for i, be := range devices {
		r.memories = append(r.memories, kvcache.Memory{Backend: be, KV: r.kv[i]})
	}
	return r, nil
}

func (r *runner) close() {
	_ = r.model.Sync() // nothing is lost: whoever waited for the work has its error
	r.model.FreeKV(r.kv)
	r.model.Close()
}

// job is one pass to be run.
type job struct {
	seqs []backend.Seq
	rows model.Rows
	use  func(rows model.Hidden) error // called with the rows when the pass is queued, before it is forgotten; nil with NoRows
}

// flight is a job under way.
type flight struct {
	job
	in   *model.Input
	pass *model.Pass
}

// inOrder gives jobs one after the other, for run.
func inOrder(jobs []job) func() (job, bool, error) {
	return func() (job, bool, error) {
		if len(jobs) == 0 {
			return job{}, false, nil
		}
		first := jobs[0]
		jobs = jobs[1:]
		return first, true, nil
	}
}

// run does the jobs that next gives, in order, until it gives none while none is under way. In a pipeline each tick starts
// one and moves those under way to their next device, so that all devices have work while the host waits for the oldest;
// in a tensor split each starts two, which exchange and compute in turn.
func (r *runner) run(ctx context.Context, next func() (job, bool, error)) error {
	var under []flight
	defer func() {
		if len(under) > 0 {
			_ = r.model.Sync() // an error has been returned; the indices must outlive what is queued
		}
		for _, f := range under {
			f.in.Free()
		}
	}()
	most := r.model.Options.InFlight
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		for n := 0; n < most/r.model.Stages() && len(under) < most; n++ {
			f, ok, err := r.takeOff(next)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			under = append(under, f)
		}
		if len(under) == 0 {
			return nil
		}
		r.advance(under)
		for len(under) > 0 && under[0].pass.Done() {
			if err := r.finish(under[0]); err != nil {
				return err
			}
			under[0].in.Free()
			under = under[1:]
		}
	}
}

// takeOff starts the next job, if there is one.
func (r *runner) takeOff(next func() (job, bool, error)) (flight, bool, error) {
	j, ok, err := next()
	if err != nil || !ok {
		return flight{}, false, err
	}
	in, err := r.model.NewInput(j.seqs, j.rows)
	if err != nil {
		return flight{}, false, errors.Join(r.model.Sync(), err)
	}
	return flight{j, in, r.model.NewPass(in, r.kv)}, true, nil
}

func (r *runner) advance(under []flight) {
	passes := make([]*model.Pass, len(under))
	for i, f := range under {
		passes[i] = f.pass
	}
	r.model.Advance(passes...)
}

// finish waits for a pass that has been queued on all devices.
func (r *runner) finish(f flight) (err error) {
	if f.rows == model.NoRows {
		err = r.model.Sync()
	} else {
		err = f.use(f.pass.Rows())
	}
	if err != nil {
		return err
	}
	r.stats.Computed += int64(f.in.Tokens())
	if r.onPass != nil {
		r.onPass(f.in.Tokens())
	}
	return nil
}

// extend appends to the one sequence that is held; the plan has pages for that.
func (r *runner) extend(seq *kvcache.Sequence, ids []int32) {
	if _, ok := seq.Extend(ids); !ok {
		panic(fmt.Sprintf("engine: pages: %d tokens after %d, and %d pages do not suffice", len(ids), seq.Len(), r.cache.Stats().Pages))
	}
}

// copy carries out copies of pages on all devices.
func (r *runner) copy(copies []kvcache.Copy) error {
	for _, m := range r.memories {
		if err := m.Copy(copies); err != nil {
			return err
		}
	}
	return nil
}

// ahead lists the passes for tokens lo to hi of a prompt, a pass full at a time, of which nothing is kept but their keys
// and values.
func (r *runner) ahead(ids, pages []int32, lo, hi int) (jobs []job) {
	for ; lo < hi; lo += r.limits.tokens {
		seq := backend.Seq{IDs: ids[lo:min(hi, lo+r.limits.tokens)], Past: lo, Pages: pages}
		jobs = append(jobs, job{seqs: []backend.Seq{seq}, rows: model.NoRows})
	}
	return jobs
}

// logits applies the head to rows of a pass and copies the result to the host, [n,Outputs] f32.
func (r *runner) logits(rows model.Hidden) ([]float32, error) {
	out := make([]float32, rows.Tensor().Rows*r.model.Outputs())
	return out, r.model.Logits(rows, out)
}
