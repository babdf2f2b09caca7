package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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
	Split       Split        // use of several devices; default Auto
	CachePages  int          // pages for what prompts have in common, beyond those of a pass; default: what two passes fill
	Alone       bool         // compute every prompt by itself: no bit of a result depends on it, only time

	// OnPass, if set, is called after each pass with the number of tokens that were computed, never twice at once.
	OnPass func(tokens int)
}

// Defaults of Options.
const (
	defaultMaxTokens   = 8192
	defaultBatchTokens = 1024
	defaultBatchRows   = 50
)

// ErrMemory is matched by errors of Open and New when a device has less memory than the plan needs.
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
	Pages       int // of keys and values: those of all passes in flight, and CachePages
	CachePages  int
	InFlight    int // passes under way at once, on each model

	Split   Split        // never Auto
	Link    backend.Link // between the devices of a tensor split or a pipeline
	Devices []DevicePlan // in the order they were given

	// Sums over the devices, in bytes.
	Weights, KV, Workspace, Free int64
}

// Total is the bytes of the whole plan on all devices, reserves left out. Whether it fits is a matter of each device: see
// Check.
func (p Plan) Total() int64 { return p.Weights + p.KV + p.Workspace }

// DevicePlan is what one device will hold, in bytes.
type DevicePlan struct {
	ID        string
	Weights   int64 // those read in place from files included
	KV        int64
	Workspace int64
	Reserve   int64 // see reserved
	Free      int64 // what the device had when the plan was made
}

// reserved is what a GPU keeps free: kernels and queues take memory too, partial results of attention depend on the prompts,
// and a driver hands out large blocks in units of 2 MiB. A fiftieth is 300 MiB of a T4.
func reserved(be backend.Backend, d backend.Device) int64 {
	if _, gpu := be.(backend.Peer); gpu {
		return d.Total / 50
	}
	return 0
}

// Total is the bytes of the whole plan of the device.
func (d DevicePlan) Total() int64 { return d.Weights + d.KV + d.Workspace + d.Reserve }

// Missing is by how much the plan exceeds the memory; 0 if it fits.
func (d DevicePlan) Missing() int64 { return max(0, d.Total()-d.Free) }

// String lists the plan of the device.
func (d DevicePlan) String() string {
	reserve := ""
	if d.Reserve > 0 {
		reserve = " + reserve " + mib(d.Reserve)
	}
	return fmt.Sprintf("weights %s + K/V %s + workspace %s%s = %s of %s free", mib(d.Weights), mib(d.KV), mib(d.Workspace), reserve, mib(d.Total()), mib(d.Free))
}

// Missing is by how much the devices that have too little memory are exceeded; 0 if the plan fits.
func (p Plan) Missing() (bytes int64) {
	for _, d := range p.Devices {
		bytes += d.Missing()
	}
	return bytes
}

// Check is an error that matches ErrMemory where the plan does not fit, with what is missing on each device.
func (p Plan) Check() error {
	var short []string
	for _, d := range p.Devices {
		if d.Missing() > 0 {
			short = append(short, fmt.Sprintf("on %s: %v, %s missing", d.ID, d, mib(d.Missing())))
		}
	}
	if short == nil {
		return nil
	}
	return fmt.Errorf("engine: %w %s; lower max tokens, batch tokens or batch rows, use a smaller model or divide it over more devices",
		ErrMemory, strings.Join(short, ", and "))
}

// String lists the plan on one line.
func (p Plan) String() string {
	var parts []string
	for _, d := range p.Devices {
		part := d.String()
		if len(p.Devices) > 1 {
			part = d.ID + ": " + part
		}
		parts = append(parts, part)
	}
	if len(p.Devices) > 1 {
		split := p.Split.String() + " split"
		if p.Link.Way != "" {
			split += " by " + p.Link.String()
		}
		parts = append(parts, split)
	}
	return fmt.Sprintf("%s; %v, prompts up to %d tokens, passes of %d tokens and %d prompts, %d pages",
		strings.Join(parts, "; "), p.Compute, p.MaxTokens, p.BatchTokens, p.BatchRows, p.Pages)
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// NewPlan fills in the defaults of opt, chooses a split and computes what the engine will take on each device. Devices
// that would share a model are connected, with data. The error matches ErrOptions where an option is at fault, or tells
// what is wrong with the checkpoint or a device; a plan that does not fit is not an error here.
func NewPlan(devices []backend.Backend, c model.Config, src model.Source, opt Options) (Plan, error) {
	p := Plan{Compute: opt.Compute, MaxTokens: opt.MaxTokens, BatchTokens: opt.BatchTokens, BatchRows: opt.BatchRows, CachePages: opt.CachePages}
	described := make([]backend.Device, len(devices))
	for i, be := range devices {
		described[i] = be.Device()
		p.Devices = append(p.Devices, DevicePlan{ID: described[i].ID, Free: described[i].Free, Reserve: reserved(be, described[i])})
	}
	if err := p.fill(described, c, src); err != nil {
		return Plan{}, err
	}
	s := planner{p, devices, c, src, opt}
	if len(devices) == 1 {
		return s.with(Data)
	}
	if opt.Split == Auto {
		return s.auto()
	}
	return s.with(opt.Split)
}

// planner makes plans for several splits.
type planner struct {
	base    Plan
	devices []backend.Backend
	c       model.Config
	src     model.Source
	opt     Options
}

// auto chooses the split.
func (s planner) auto() (Plan, error) {
	best, err := s.with(Data)
	if err != nil || best.Missing() == 0 {
		return best, err
	}
	for _, split := range []Split{Pipeline, Tensor} {
		p, err := s.with(split)
		if errors.Is(err, ErrOptions) {
			continue // this number of devices, or of layers
		}
		if err != nil {
			return Plan{}, err
		}
		fits, fitted := p.Missing() == 0, best.Missing() == 0
		if fits && (!fitted || hides(p.Link, s.c)) || !fits && !fitted && p.Missing() < best.Missing() {
			best = p
		}
	}
	return best, nil
}

// with is the plan for a split.
func (s planner) with(split Split) (Plan, error) {
	p := s.base
	p.Split, p.InFlight, p.Devices = split, split.inFlight(len(s.devices)), slices.Clone(p.Devices)
	p.Pages = p.InFlight*passPages(p.MaxTokens, p.limits()) + p.CachePages
	sharing := len(s.devices)
	if split == Data {
		sharing = 1
	} else {
		if err := s.canShare(); err != nil {
			return Plan{}, err
		}
		var err error
		if p.Link, err = model.Connect(s.devices); err != nil {
			return Plan{}, fmt.Errorf("engine: %w", err)
		}
		if split == Tensor && sharing != 2 || split == Pipeline && sharing > s.c.Layers {
			return Plan{}, fmt.Errorf("engine: split %v: got %d devices for %d layers, want 2 for tensor, at most one a layer for pipeline: %w", split, sharing, s.c.Layers, ErrOptions)
		}
	}
	mem, err := model.PlanSplit(sharing, split.inModel(), s.c, s.src, p.model(s.opt))
	if err != nil {
		return Plan{}, err
	}
	for i := range p.Devices {
		m, d := mem[i%sharing], &p.Devices[i]
		d.Weights, d.Workspace, d.KV = m.Weights, m.Workspace, int64(p.Pages)*m.KVPage
		p.Weights, p.Workspace, p.KV, p.Free = p.Weights+d.Weights, p.Workspace+d.Workspace, p.KV+d.KV, p.Free+d.Free
	}
	return p, nil
}

// canShare is an error where a device cannot hold part of a model.
func (s planner) canShare() error {
	for _, be := range s.devices {
		if _, ok := be.(backend.Peer); !ok {
			return fmt.Errorf("engine: device %s cannot share a model with another: %w", be.Device().ID, ErrOptions)
		}
	}
	return nil
}

// limits bound a pass.
func (p Plan) limits() limits { return limits{tokens: p.BatchTokens, rows: p.BatchRows} }

// fill replaces zero values by defaults and checks the rest.
func (p *Plan) fill(devices []backend.Device, c model.Config, src model.Source) error {
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
	if p.CachePages == 0 {
		p.CachePages = cachePages(p.limits())
	}
	if p.CachePages < 0 || p.CachePages > 1<<24 {
		return fmt.Errorf("engine: cache pages: got %d, want 0 to %d: %w", p.CachePages, 1<<24, ErrOptions)
	}
	if p.Compute == tensor.Invalid {
		stored, err := src.Tensor("model.embed_tokens.weight")
		if err != nil {
			return fmt.Errorf("engine: compute type: %w", err)
		}
		p.Compute = ChooseCompute(stored.DType, devices[0].Compute)
	}
	for _, d := range devices {
		if d.Name != devices[0].Name {
			return fmt.Errorf("engine: devices: got %s (%s) beside %s (%s), want two of one kind, or a row's bits would depend on where it is computed: %w",
				d.ID, d.Name, devices[0].ID, devices[0].Name, ErrOptions)
		}
		if !slices.Contains(d.Compute, p.Compute) {
			return fmt.Errorf("engine: compute type: got %v, device %s has %v: %w", p.Compute, d.ID, d.Compute, ErrOptions)
		}
	}
	return nil
}

// model gives the options of the model that the plan is for.
func (p Plan) model(opt Options) model.Options {
	return model.Options{Compute: p.Compute, Tokens: p.BatchTokens, Seqs: p.BatchRows, Positions: p.MaxTokens, Labels: opt.Labels, InFlight: p.InFlight}
}
