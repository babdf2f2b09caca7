package engine

import (
	"context"
	"errors"

	"tiebreak/backend"
	"tiebreak/model"
)

// runner drives one model, on one device or divided over several, and keeps as many passes under way as it has buffers
// for. It is used by one goroutine at a time.
type runner struct {
	model  *model.Model
	kv     model.KV
	limits limits
	pools  []pool // of pages, one for each pass that may be under way
	onPass func(tokens int)
}

// newRunner loads the model of a plan on devices.
func newRunner(devices []backend.Backend, p Plan, c model.Config, src model.Source, opt Options) (*runner, error) {
	m, err := model.LoadSplit(devices, p.Split.inModel(), c, src, p.model(opt))
	if err != nil {
		return nil, err
	}
	r := &runner{model: m, limits: p.limits(), onPass: opt.OnPass}
	pages := p.Pages / p.InFlight
	for i := range p.InFlight {
		r.pools = append(r.pools, pool{first: i * pages, pages: pages})
	}
	if r.kv, err = m.NewKV(p.Pages); err != nil {
		m.Close()
		return nil, err
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

// run does jobs in order. In a pipeline each tick starts one and moves those under way to their next device, so that all
// devices have work while the host waits for the oldest; in a tensor split each starts two, which exchange and compute in
// turn.
func (r *runner) run(ctx context.Context, jobs []job) error {
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
	for len(jobs) > 0 || len(under) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		for n := 0; len(jobs) > 0 && n < most/r.model.Stages() && len(under) < most; n++ {
			in, err := r.model.NewInput(jobs[0].seqs, jobs[0].rows)
			if err != nil {
				return errors.Join(r.model.Sync(), err)
			}
			under = append(under, flight{jobs[0], in, r.model.NewPass(in, r.kv)})
			jobs = jobs[1:]
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
	return nil
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
	if err == nil && r.onPass != nil {
		r.onPass(f.in.Tokens())
	}
	return err
}

// ahead lists the passes for the first n tokens of a prompt, a pass full at a time, of which nothing is kept but their
// keys and values.
func (r *runner) ahead(ids, pages []int32, n int) (jobs []job) {
	for lo := 0; lo < n; lo += r.limits.tokens {
		seq := backend.Seq{IDs: ids[lo:min(n, lo+r.limits.tokens)], Past: lo, Pages: pages}
		jobs = append(jobs, job{seqs: []backend.Seq{seq}, rows: model.NoRows})
	}
	return jobs
}

// logits applies the head to rows of a pass and copies the result to the host, [n,Outputs] f32.
func (r *runner) logits(rows model.Hidden) ([]float32, error) {
	out := make([]float32, rows.Tensor().Rows*r.model.Outputs())
	return out, r.model.Logits(rows, out)
}
