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
	if err := opt.check(c); err != nil {
		return nil, err
	}
	if opt.Tokens < 1 || opt.Seqs < 1 || opt.Positions < 1 {
		panic(fmt.Sprintf("model: load: %+v has a limit below 1", opt))
	}
	if err := CheckWeights(c, src); err != nil {
		return nil, err
	}
	l := &loader{m: &Model{Config: c, Options: opt, be: be}, src: src}
	l.weights()
	l.memory()
	if l.err == nil {
		l.err = be.Sync()
	}
	if l.err != nil {
		l.m.Close()
		return nil, fmt.Errorf("model: load: %w", l.err)
	}
	return l.m, nil
}

// loader fills a model. After its first error it does nothing more.
type loader struct {
	m   *Model
	src Source
	err error
}

// weights prepares every matrix and vector.
func (l *loader) weights() {
	m, c := l.m, l.m.Config
	m.head, m.embed = l.headAndEmbedding()
	m.layers = make([]layer, c.Layers)
	for i := range m.layers {
		m.layers[i] = l.layer(c.partsOf(i), i == c.Layers-1)
	}
	m.norm = l.vector(c.normPart())
}

// layer prepares one decoder layer. In the last one queries are needed for fewer rows than keys and values, so they are
// two matrices there and one in the others.
func (l *loader) layer(p layerParts, last bool) layer {
	out := layer{
		inputNorm: l.vector(p.inputNorm),
		postNorm:  l.vector(p.postNorm),
		o:         l.matrix(backend.ForMatMul, p.o),
		gateUp:    l.matrix(backend.ForGated, p.gateUp...),
		down:      l.matrix(backend.ForMatMul, p.down),
	}
	if last {
		out.q, out.kv = l.matrix(backend.ForMatMul, p.q...), l.matrix(backend.ForMatMul, p.kv...)
	} else {
		out.qkv = l.matrix(backend.ForMatMul, append(p.q[:len(p.q):len(p.q)], p.kv...)...)
	}
	return out
}

// memory allocates the rope table and the buffers.
func (l *loader) memory() {
	m, c, o := l.m, l.m.Config, l.m.Options
	if l.err != nil {
		return
	}
	l.alloc(&m.rope, tensor.F32, o.Positions, c.HeadDim)
	l.alloc(&m.logits, tensor.F32, o.Seqs, m.head.Rows())
	m.all.each(c, o.Compute, func(t *backend.Tensor, d tensor.DType, cols int) { l.alloc(t, d, o.Tokens, cols) })
	m.rows.each(c, o.Compute, func(t *backend.Tensor, d tensor.DType, cols int) { l.alloc(t, d, o.Seqs, cols) })
	if l.err == nil {
		m.be.Upload(m.rope, tensor.FromFloat32(c.Rope.table(o.Positions, c.HeadDim), o.Positions, c.HeadDim))
	}
}

func (l *loader) alloc(t *backend.Tensor, d tensor.DType, rows, cols int) {
	if l.err != nil {
		return
	}
	if *t, l.err = l.m.be.Alloc(d, rows, cols); l.err == nil {
		l.m.tensors = append(l.m.tensors, *t)
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
		l.m.be.Upload(out, tensor.Tensor{DType: tensor.F32, Shape: tensor.Shape{1, p.shape[0]}, Data: t.Data})
	}
	return out
}

// matrix prepares a stack of parts for a use.
func (l *loader) matrix(use backend.Use, parts ...part) backend.Weight {
	if l.err != nil {
		return nil
	}
	stack := make([]tensor.Tensor, len(parts))
	for i, p := range parts {
		t, err := l.src.Tensor(p.name)
		if err != nil {
			l.err = err
			return nil
		}
		stack[i] = t.Rows(p.lo, p.hi)
	}
	target := storedAs(l.m.Options.Compute, stack)
	for i := range stack {
		if stack[i], l.err = roundTo(target, stack[i]); l.err != nil {
			l.err = fmt.Errorf("%s: %w", parts[i].name, l.err)
			return nil
		}
	}
	var w backend.Weight
	if w, l.err = l.m.be.Weight(use, stack...); l.err != nil {
		l.err = fmt.Errorf("%s: %w", parts[0].name, l.err)
		return nil
	}
	l.m.weights = append(l.m.weights, w)
	return w
}
