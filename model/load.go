package model

import (
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// Options say how a model is prepared.
type Options struct {
	Compute   tensor.DType // type of activations: F32, BF16 or F16
	Tokens    int          // most tokens of one pass
	Seqs      int          // most sequences of one pass, and most rows of one call of Logits
	Positions int          // longest sequence
	Labels    []int32      // rows of the language-model head to compute; none for the whole vocabulary
	InFlight  int          // most passes under way at once, each with buffers of its own; 0 for 1
}

// check reports what a user may have asked for that this model cannot do.
func (o Options) check(c Config) error {
	switch {
	case o.Compute != tensor.F32 && o.Compute != tensor.F16 && o.Compute != tensor.BF16:
		return fmt.Errorf("model: compute type: got %v, want F32, F16 or BF16", o.Compute)
	case o.Positions > c.MaxPositions:
		return fmt.Errorf("model: positions: got %d, want at most %d (max_position_embeddings)", o.Positions, c.MaxPositions)
	case len(o.Labels) > 0 && c.Classes > 0:
		return fmt.Errorf("model: labels: got %d for a classifier, want none", len(o.Labels))
	}
	for _, id := range o.Labels {
		if id < 0 || int(id) >= c.Vocab {
			return fmt.Errorf("model: labels: got token %d, want 0 to %d", id, c.Vocab-1)
		}
	}
	return nil
}

// Load prepares the weights of a checkpoint on a backend and allocates the buffers of a pass. Weights keep their stored
// type for F32 arithmetic; for a half type they are rounded to it once. The source must stay open until Close.
func Load(be backend.Backend, c Config, src Source, opt Options) (*Model, error) {
	return LoadSplit([]backend.Backend{be}, Tensor, c, src, opt)
}

// LoadSplit does so on several devices, each a backend.Peer. Weights go from the source to the device that has them layer
// by layer; the host never holds more than the part of one matrix.
func LoadSplit(devices []backend.Backend, split Split, c Config, src Source, opt Options) (*Model, error) {
	if err := opt.check(c); err != nil {
		return nil, err
	}
	opt.InFlight = max(opt.InFlight, 1)
	if opt.Tokens < 1 || opt.Seqs < 1 || opt.Positions < 1 {
		panic(fmt.Sprintf("model: load: %+v has a limit below 1", opt))
	}
	parts, err := partsFor(devices)
	if err != nil {
		return nil, err
	}
	outputs := c.outputs(opt.Labels)
	shares, err := c.shares(split, len(devices), parts, outputs)
	if err != nil {
		return nil, err
	}
	if err := CheckWeights(c, src); err != nil {
		return nil, err
	}
	if _, err := Connect(devices); err != nil {
		return nil, err
	}
	m := &Model{Config: c, Options: opt, outputs: outputs}
	for i, s := range shares {
		m.shards = append(m.shards, &shard{share: s, be: devices[i], index: i, c: c, local: s.local(c), layers: make([]layer, s.layers.len())})
	}
	m.stages = stagesOf(m.shards)
	if err := m.load(src); err != nil {
		m.Close()
		return nil, fmt.Errorf("model: load: %w", err)
	}
	return m, nil
}

// stagesOf groups shards that have the same layers.
func stagesOf(shards []*shard) (stages [][]*shard) {
	for i, s := range shards {
		if i > 0 && s.share.layers == shards[i-1].share.layers {
			stages[len(stages)-1] = append(stages[len(stages)-1], s)
			continue
		}
		stages = append(stages, []*shard{s})
	}
	return stages
}

// load fills the shards, a layer on all devices before the next, so that each page of a file is read once.
func (m *Model) load(src Source) error {
	var loaders []*loader
	for _, s := range m.shards {
		l := &loader{s: s, opt: m.Options, src: src}
		l.headAndEmbedding()
		loaders = append(loaders, l)
	}
	for i := range m.Config.Layers {
		for _, l := range loaders {
			if at := l.s.share.layers; at.lo <= i && i < at.hi {
				l.s.layers[i-at.lo] = l.layer(l.s.of(l.s.c, l.s.c.partsOf(i)), i == m.Config.Layers-1)
			}
		}
	}
	for _, l := range loaders {
		l.memory()
		if l.err != nil {
			return l.err
		}
	}
	return m.Sync()
}

// loader fills a shard. After its first error it does nothing more.
type loader struct {
	s   *shard
	opt Options
	src Source
	err error
}

// layer prepares one decoder layer. In the last one queries are needed for fewer rows than keys and values, so they are
// two matrices there and one in the others.
func (l *loader) layer(p shardParts, last bool) layer {
	out := layer{inputNorm: l.vector(p.inputNorm), postNorm: l.vector(p.postNorm), gateUp: l.matrix(backend.ForGated, p.gateUp...)}
	for i := range p.o {
		out.o = append(out.o, l.matrix(backend.ForMatMul, p.o[i]))
		out.down = append(out.down, l.matrix(backend.ForMatMul, p.down[i]))
	}
	if last {
		out.q, out.kv = l.matrix(backend.ForMatMul, p.q...), l.matrix(backend.ForMatMul, p.kv...)
	} else {
		out.qkv = l.matrix(backend.ForMatMul, append(p.q[:len(p.q):len(p.q)], p.kv...)...)
	}
	return out
}

// memory allocates the final norm, the rope table and the buffers.
func (l *loader) memory() {
	s, c, o := l.s, l.s.c, l.opt
	if s.last {
		s.norm = l.vector(c.normPart())
	}
	l.alloc(&s.rope, tensor.F32, o.Positions, c.HeadDim)
	for range o.InFlight {
		slot := &slot{}
		s.slots = append(s.slots, slot)
		slot.each(s.local, o, s.outputs(), l.alloc)
	}
	if l.err == nil {
		s.be.Upload(s.rope, tensor.FromFloat32(c.Rope.table(o.Positions, c.HeadDim), o.Positions, c.HeadDim))
	}
}

// outputs is the number of logits that the shard computes of each row.
func (s share) outputs() int {
	if !s.last {
		return 0
	}
	return s.own.out.len()
}

// alloc makes t, unless it has no elements.
func (l *loader) alloc(t *backend.Tensor, d tensor.DType, rows, cols int) {
	if l.err != nil || rows*cols == 0 {
		return
	}
	if *t, l.err = l.s.be.Alloc(d, rows, cols); l.err == nil {
		l.s.tensors = append(l.s.tensors, *t)
	}
}

// vector uploads the weights of a norm, [1,C] f32: they are few, and rounding them would gain nothing.
func (l *loader) vector(p part) backend.Tensor {
	var out backend.Tensor
	l.alloc(&out, tensor.F32, 1, p.shape[0])
	if l.err != nil {
		return out
	}
	t, err := l.src.Tensor(p.name)
	if err == nil {
		t, err = t.Convert(tensor.F32)
	}
	if l.err = err; err == nil {
		l.s.be.Upload(out, tensor.Tensor{DType: tensor.F32, Shape: tensor.Shape{1, p.shape[0]}, Data: t.Data})
	}
	return out
}

// matrix prepares a stack of parts for a use; nil where they have no elements.
func (l *loader) matrix(use backend.Use, parts ...part) backend.Weight {
	if l.err != nil || len(parts) == 0 || parts[0].size().Elements() == 0 {
		return nil
	}
	stack := make([]tensor.Tensor, len(parts))
	for i, p := range parts {
		t, err := l.src.Tensor(p.name)
		if err != nil {
			l.err = err
			return nil
		}
		stack[i] = p.of(t)
	}
	target := storedAs(l.opt.Compute, stack)
	for i := range stack {
		if stack[i], l.err = roundTo(target, stack[i]); l.err != nil {
			l.err = fmt.Errorf("%s: %w", parts[i].name, l.err)
			return nil
		}
	}
	var w backend.Weight
	if w, l.err = l.s.be.Weight(use, stack...); l.err != nil {
		l.err = fmt.Errorf("%s: %w", parts[0].name, l.err)
		return nil
	}
	l.s.weights = append(l.s.weights, w)
	return w
}
