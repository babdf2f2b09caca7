package engine

import (
	"context"
	"fmt"

	"tiebreak/backend"
	"tiebreak/model"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// Engine runs prompts through one model on one backend. It is used by one goroutine at a time.
type Engine struct {
	Config model.Config
	Plan   Plan

	be     backend.Backend
	opt    Options
	limits limits
	set    *safetensors.Set // closed with the engine; nil where the caller owns the weights
	model  *model.Model
	kv     []backend.KV
	pool   pool
}

// Open reads a Hugging Face model directory and prepares it on a backend. The error matches ErrMemory where the device
// has too little free memory for the plan and ErrOptions where an option is at fault; others name what is wrong with the
// directory.
func Open(be backend.Backend, dir string, opt Options) (*Engine, error) {
	c, err := model.ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	set, err := safetensors.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	e, err := New(be, c, set, opt)
	if err != nil {
		set.Close()
		return nil, fmt.Errorf("engine: open %s: %w", dir, err)
	}
	e.set = set
	return e, nil
}

// New prepares a model whose weights come from src, which must stay readable until Close. Errors are those of Open.
func New(be backend.Backend, c model.Config, src model.Source, opt Options) (*Engine, error) {
	plan, err := NewPlan(be.Device(), c, src, opt)
	if err != nil {
		return nil, err
	}
	if plan.Total() > plan.Free {
		return nil, fmt.Errorf("engine: %w on %s: %v; lower max tokens or batch tokens, or use a smaller model", ErrMemory, be.Device().ID, plan)
	}
	e := &Engine{Config: c, Plan: plan, be: be, opt: opt, limits: limits{plan.BatchTokens, plan.BatchRows}, pool: pool{pages: plan.Pages}}
	if e.model, err = model.Load(be, c, src, plan.model(opt)); err != nil {
		return nil, err
	}
	if e.kv, err = e.model.NewKV(plan.Pages); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// Close gives back all memory of the engine and the files it opened. The backend stays open.
func (e *Engine) Close() error {
	e.model.FreeKV(e.kv)
	e.model.Close()
	if e.set == nil {
		return nil
	}
	return e.set.Close()
}

// Outputs is the number of logits that Score gives for a prompt: classes, labels or the vocabulary.
func (e *Engine) Outputs() int { return e.model.Outputs() }

// check is the error of a prompt that cannot be run; nil if it can.
func (e *Engine) check(ids []int32) error {
	if len(ids) == 0 {
		return fmt.Errorf("engine: %w: got no tokens, want 1 or more", ErrPrompt)
	}
	if len(ids) > e.Plan.MaxTokens {
		return fmt.Errorf("engine: %w: got %d tokens, want at most %d", ErrPrompt, len(ids), e.Plan.MaxTokens)
	}
	for i, id := range ids {
		if id < 0 || int(id) >= e.Config.Vocab {
			return fmt.Errorf("engine: %w: token %d: got id %d, want 0 to %d", ErrPrompt, i, id, e.Config.Vocab-1)
		}
	}
	return nil
}

// pass runs one batch of sequences and gives what the chosen rows lead to to use, before the batch is freed.
func (e *Engine) pass(ctx context.Context, seqs []backend.Seq, rows model.Rows, use func(rows backend.Tensor) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	in, err := e.model.NewInput(seqs, rows)
	if err != nil {
		return err
	}
	defer in.Free()
	out := e.model.Forward(in, e.kv)
	if rows == model.NoRows {
		err = e.be.Sync()
	} else {
		err = use(out)
	}
	if err == nil && e.opt.OnPass != nil {
		tokens := 0
		for _, s := range seqs {
			tokens += len(s.IDs)
		}
		e.opt.OnPass(tokens)
	}
	return err
}

// ahead computes the first n tokens of a prompt, a pass full at a time, and keeps nothing but their keys and values.
func (e *Engine) ahead(ctx context.Context, ids, pages []int32, n int) error {
	for lo := 0; lo < n; lo += e.limits.tokens {
		seq := backend.Seq{IDs: ids[lo:min(n, lo+e.limits.tokens)], Past: lo, Pages: pages}
		if err := e.pass(ctx, []backend.Seq{seq}, model.NoRows, nil); err != nil {
			return err
		}
	}
	return nil
}

// logits applies the head to rows of a pass and copies the result to the host, [n,Outputs] f32.
func (e *Engine) logits(rows backend.Tensor) ([]float32, error) {
	out := make([]float32, rows.Rows*e.Outputs())
	err := e.be.Download(tensor.FromFloat32(out, rows.Rows, e.Outputs()), e.model.Logits(rows))
	return out, err
}
