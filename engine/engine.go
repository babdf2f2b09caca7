package engine

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"tiebreak/backend"
	"tiebreak/model"
	"tiebreak/safetensors"
)

// Engine runs prompts through one model on one device or several. It is used by one goroutine at a time.
type Engine struct {
	Config model.Config
	Plan   Plan

	alone   bool
	set     *safetensors.Set // closed with the engine; nil where the caller owns the weights
	runners []*runner        // one, or with Data one a device
	passes  sync.Mutex       // held while Options.OnPass is called
}

// Open reads a Hugging Face model directory and prepares it on a backend. The error matches ErrMemory where the device
// has too little free memory for the plan and ErrOptions where an option is at fault; others name what is wrong with the
// directory.
func Open(be backend.Backend, dir string, opt Options) (*Engine, error) {
	return OpenOn([]backend.Backend{be}, dir, opt)
}

// OpenOn is Open on several devices, used as opt.Split says.
func OpenOn(devices []backend.Backend, dir string, opt Options) (*Engine, error) {
	c, err := model.ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	set, err := safetensors.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	e, err := New(devices, c, set, opt)
	if err != nil {
		set.Close()
		return nil, fmt.Errorf("engine: open %s: %w", dir, err)
	}
	e.set = set
	return e, nil
}

// New prepares a model whose weights come from src, which must stay readable until Close. Errors are those of Open.
func New(devices []backend.Backend, c model.Config, src model.Source, opt Options) (*Engine, error) {
	plan, err := NewPlan(devices, c, src, opt)
	if err != nil {
		return nil, err
	}
	if err := plan.Check(); err != nil {
		return nil, err
	}
	e := &Engine{Config: c, Plan: plan, alone: opt.Alone}
	if onPass := opt.OnPass; onPass != nil {
		opt.OnPass = func(tokens int) {
			e.passes.Lock()
			defer e.passes.Unlock()
			onPass(tokens)
		}
	}
	if err := e.load(devices, src, opt); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// load makes the runners, all at once: what one has read of a file the next finds in the page cache.
func (e *Engine) load(devices []backend.Backend, src model.Source, opt Options) error {
	groups := [][]backend.Backend{devices}
	if e.Plan.Split == Data {
		groups = slices.Collect(slices.Chunk(devices, 1))
	}
	runners, failed := make([]*runner, len(groups)), make([]error, len(groups))
	var wg sync.WaitGroup
	for i, group := range groups {
		wg.Go(func() { runners[i], failed[i] = newRunner(group, e.Plan, e.Config, src, opt) })
	}
	wg.Wait()
	e.runners = slices.DeleteFunc(runners, func(r *runner) bool { return r == nil })
	return errors.Join(failed...)
}

// Close gives back all memory of the engine and the files it opened. The backends stay open.
func (e *Engine) Close() error {
	for _, r := range e.runners {
		r.close()
	}
	if e.set == nil {
		return nil
	}
	return e.set.Close()
}

// Outputs is the number of logits that Score gives for a prompt: classes, labels or the vocabulary.
func (e *Engine) Outputs() int { return e.runners[0].model.Outputs() }

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
