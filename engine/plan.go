package engine

import (
	"errors"
	"fmt"
	"slices"

	"tiebreak/backend"
	"tiebreak/model"
	"tiebreak/tensor"
)

// Options say what an engine is opened for. The zero value of each field stands for the default that is named.
type Options struct {
	Compute     tensor.DType // type of activations; default: see ChooseCompute
	MaxTokens   int          // longest prompt, generated tokens included; default: what the model can, at most 8192
	BatchTokens int          // tokens of one pass; default 1024
	BatchRows   int          // prompts of one pass; default 50
	Labels      []int32      // tokens whose logits Score gives, in this order; default: the whole vocabulary

	// OnPass, if set, is called after each pass with the number of tokens that were computed.
	OnPass func(tokens int)
}

// Defaults of Options.
const (
	defaultMaxTokens   = 8192
	defaultBatchTokens = 1024
	defaultBatchRows   = 50
)

// ErrMemory is matched by errors of Open and New when the device has less memory than the plan needs.
var ErrMemory = errors.New("not enough memory")

// ErrOptions is matched by errors about values of Options that the model or the device cannot serve.
var ErrOptions = errors.New("unusable option")

// ErrPrompt is matched by errors about the ids of a prompt: none, too many, or one that the vocabulary does not have.
var ErrPrompt = errors.New("prompt")

// Plan is what a run will take, known before anything is loaded.
type Plan struct {
	Compute     tensor.DType
	MaxTokens   int
	BatchTokens int
	BatchRows   int
	Pages       int // of keys and values

	Weights   int64 // bytes, those read in place from files included
	KV        int64
	Workspace int64
	Free      int64 // bytes the device had when the plan was made
}

// Total is the bytes of the whole plan.
func (p Plan) Total() int64 { return p.Weights + p.KV + p.Workspace }

// String lists the plan on one line.
func (p Plan) String() string {
	return fmt.Sprintf("weights %s + K/V %s (%d pages) + workspace %s = %s of %s free; %v, prompts up to %d tokens, passes of %d tokens and %d prompts",
		mib(p.Weights), mib(p.KV), p.Pages, mib(p.Workspace), mib(p.Total()), mib(p.Free), p.Compute, p.MaxTokens, p.BatchTokens, p.BatchRows)
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// NewPlan fills in the defaults of opt and computes what the engine will take. The error matches ErrOptions where an
// option is at fault, or tells what is wrong with the checkpoint; a plan that does not fit is not an error here.
func NewPlan(dev backend.Device, c model.Config, src model.Source, opt Options) (Plan, error) {
	p := Plan{Compute: opt.Compute, MaxTokens: opt.MaxTokens, BatchTokens: opt.BatchTokens, BatchRows: opt.BatchRows, Free: dev.Free}
	if err := p.fill(dev, c, src); err != nil {
		return Plan{}, err
	}
	lim := limits{tokens: p.BatchTokens, rows: p.BatchRows}
	p.Pages = poolPages(p.MaxTokens, lim)
	p.KV = int64(p.Pages) * c.KVBytes(p.Compute)
	mem, err := model.Plan(c, src, p.model(opt))
	if err != nil {
		return Plan{}, err
	}
	p.Weights, p.Workspace = mem.Weights, mem.Workspace
	return p, nil
}

// fill replaces zero values by defaults and checks the rest.
func (p *Plan) fill(dev backend.Device, c model.Config, src model.Source) error {
	for _, d := range []struct {
		name  string
		value *int
		usual int
		most  int
	}{
		{"max tokens", &p.MaxTokens, min(c.MaxPositions, defaultMaxTokens), c.MaxPositions},
		{"batch tokens", &p.BatchTokens, defaultBatchTokens, 1 << 20},
		{"batch rows", &p.BatchRows, defaultBatchRows, 1 << 16},
	} {
		if *d.value == 0 {
			*d.value = d.usual
		}
		if *d.value < 1 || *d.value > d.most {
			return fmt.Errorf("engine: %s: got %d, want 1 to %d: %w", d.name, *d.value, d.most, ErrOptions)
		}
	}
	if p.Compute == tensor.Invalid {
		stored, err := src.Tensor("model.embed_tokens.weight")
		if err != nil {
			return fmt.Errorf("engine: compute type: %w", err)
		}
		p.Compute = ChooseCompute(stored.DType, dev.Compute)
	}
	if !slices.Contains(dev.Compute, p.Compute) {
		return fmt.Errorf("engine: compute type: got %v, device %s has %v: %w", p.Compute, dev.ID, dev.Compute, ErrOptions)
	}
	return nil
}

// model gives the options of the model that the plan is for.
func (p Plan) model(opt Options) model.Options {
	return model.Options{Compute: p.Compute, Tokens: p.BatchTokens, Seqs: p.BatchRows, Positions: p.MaxTokens, Labels: opt.Labels}
}

// ChooseCompute picks the type of activations for weights stored in a type, from those a device has, the fastest first:
// the stored type if it is no slower than F32; else F16 for BF16 weights (their range is checked at load), where that is
// faster than F32; else F32, which loses nothing; else the fastest.
func ChooseCompute(stored tensor.DType, device []tensor.DType) tensor.DType {
	fast := device
	if i := slices.Index(device, tensor.F32); i >= 0 {
		fast = device[:i+1]
	}
	switch {
	case slices.Contains(fast, stored):
		return stored
	case stored == tensor.BF16 && slices.Contains(fast, tensor.F16):
		return tensor.F16
	case slices.Contains(fast, tensor.F32):
		return tensor.F32
	}
	return device[0]
}
