package model

import (
	"fmt"

	"tiebreak/backend"
)

// Split says how a model lies on several devices.
type Split uint8

// The splits of a model. On one device they are the same.
const (
	// Tensor gives each of two devices a part of every layer: query heads with their key/value heads, rows of the
	// feed-forward network and of the language-model head. Embeddings, norms and the residual stream are on both.
	Tensor Split = iota

	// Pipeline gives each device some of the layers, whole.
	Pipeline
)

// String is the name of the split.
func (s Split) String() string {
	if s == Tensor {
		return "tensor"
	}
	return "pipeline"
}

// Megatron splits (Shoeybi et al. 2019, arXiv:1909.08053) end each half of a layer with a sum over devices of o_proj's or
// down_proj's products. Floating-point sums depend on their order, so the order is fixed here, for one device as well:
// the columns of both matrices are cut in two, and the residual stream becomes (x + p0) + p1, where p0 and p1 are the
// products of the two parts. With W = [W0 W1], y = [y0 y1]:
//
//	one device    x += y0·W0ᵀ (MatMul with Add)    branch = y1·W1ᵀ (MatMul)              next RMSNorm: x += branch
//	device 0      x += y0·W0ᵀ                      receives branch from device 1         next RMSNorm: x += branch
//	device 1      receives x from device 0         branch = y1·W1ᵀ                       next RMSNorm: x += branch
//
// So the exchange needs no addition of its own, [T,C] f32 cross the link once in each direction, and no element is added
// in another order than on one device. A low-rank update of o_proj or down_proj is to be added to y0·W0ᵀ and y1·W1ᵀ by
// parts likewise, before the exchange. All else is a product by rows or an operation by heads, whose bits do not depend on
// what lies beside them.

// span is a range lo to hi, hi not included.
type span struct{ lo, hi int }

func (s span) len() int { return s.hi - s.lo }

// cut is one part of a model: some of its heads, of its feed-forward network and of its outputs. A span may be empty.
type cut struct {
	heads, kv span // of H and of G
	ff        span // of F
	out       span // of the rows of the head: vocabulary, labels or classes
}

// cuts divides a model in one or two parts. Query heads go with their key/value head; a single one is on both sides.
// Where something does not divide evenly, the second part has more. The last part is never empty.
func (c Config) cuts(parts, outputs int) []cut {
	whole := cut{span{0, c.Heads}, span{0, c.KVHeads}, span{0, c.FeedForward}, span{0, outputs}}
	if parts == 1 {
		return []cut{whole}
	}
	a, b := whole, whole
	split := func(first, second *span, at int) { first.hi, second.lo = at, at }
	if c.KVHeads > 1 {
		kv := c.KVHeads / 2
		split(&a.kv, &b.kv, kv)
		split(&a.heads, &b.heads, kv*(c.Heads/c.KVHeads))
	} else {
		split(&a.heads, &b.heads, c.Heads/2)
		if a.heads.len() == 0 {
			a.kv = span{}
		}
	}
	split(&a.ff, &b.ff, aligned(c.FeedForward/2))
	split(&a.out, &b.out, outputs/2)
	return []cut{a, b}
}

// aligned rounds the place of a cut down to where matrix products like it: whole 128-byte lines of a half type in large
// matrices, 16 bytes in small ones.
func aligned(n int) int {
	if n >= 512 {
		return n &^ 63
	}
	return n &^ 7
}

// join is the smallest cut that holds two neighbours.
func (a cut) join(b cut) cut {
	both := func(x, y span) span {
		if x.len() == 0 {
			return y
		}
		return span{x.lo, y.hi}
	}
	return cut{both(a.heads, b.heads), both(a.kv, b.kv), both(a.ff, b.ff), both(a.out, b.out)}
}

// share is what one device has of a model.
type share struct {
	layers span
	parts  []cut // in order
	own    cut   // their union
	leads  bool  // its first part is the model's first, so that the residual stream it holds has all before it
	ends   bool  // its last part is the model's last
	first  bool  // it takes token ids: the embeddings
	last   bool  // it gives logits: the final norm and the head
}

// shares divides a model over devices. Each device has all parts of its layers or, in a tensor split, one.
func (c Config) shares(s Split, devices, parts, outputs int) ([]share, error) {
	all := c.cuts(parts, outputs)
	whole := all[0]
	for _, p := range all[1:] {
		whole = whole.join(p)
	}
	switch {
	case devices == 1:
		return []share{{layers: span{0, c.Layers}, parts: all, own: whole, leads: true, ends: true, first: true, last: true}}, nil
	case s == Tensor && devices == 2:
		out := make([]share, 2)
		for i, p := range c.cuts(2, outputs) {
			out[i] = share{layers: span{0, c.Layers}, parts: []cut{p}, own: p, leads: i == 0, ends: i == 1, first: true, last: true}
		}
		return out, nil
	case s == Tensor:
		return nil, fmt.Errorf("model: tensor split: got %d devices, want 2", devices)
	case devices > c.Layers:
		return nil, fmt.Errorf("model: pipeline split: got %d devices for %d layers, want at most as many", devices, c.Layers)
	}
	out := make([]share, devices)
	for i := range out {
		layers := span{c.Layers * i / devices, c.Layers * (i + 1) / devices}
		out[i] = share{layers: layers, parts: all, own: whole, leads: true, ends: true, first: i == 0, last: i == devices-1}
	}
	return out, nil
}

// local is the geometry of what a device has.
func (s share) local(c Config) Config {
	c.Layers = s.layers.len()
	c.Heads, c.KVHeads, c.FeedForward = s.own.heads.len(), s.own.kv.len(), s.own.ff.len()
	return c
}

// of cuts the weights of one layer down to what a device has of them.
func (s share) of(c Config, p layerParts) shardParts {
	d := c.HeadDim
	kv := func(offset int) []part { return rowsOf(p.kv, span{offset + s.own.kv.lo*d, offset + s.own.kv.hi*d}) }
	gateUp := func(offset int) []part { return rowsOf(p.gateUp, span{offset + s.own.ff.lo, offset + s.own.ff.hi}) }
	out := shardParts{inputNorm: p.inputNorm, postNorm: p.postNorm}
	out.q = rowsOf(p.q, span{s.own.heads.lo * d, s.own.heads.hi * d})
	out.kv = append(kv(0), kv(c.KVDim())...)
	out.gateUp = append(gateUp(0), gateUp(c.FeedForward)...)
	for _, each := range s.parts {
		out.o = append(out.o, p.o.columns(span{each.heads.lo * d, each.heads.hi * d}))
		out.down = append(out.down, p.down.columns(each.ff))
	}
	return out
}

// shardParts are the weights of one layer on one device. Parts of q, kv and gateUp are stacked; those of o and down are
// the columns of each part of the model, matrices of their own.
type shardParts struct {
	inputNorm, postNorm part
	q, kv, gateUp       []part
	o, down             []part
}

// rowsOf picks a range of rows from stacked parts.
func rowsOf(stack []part, rows span) []part {
	var out []part
	at := 0
	for _, p := range stack {
		n := p.hi - p.lo
		lo, hi := max(rows.lo-at, 0), min(rows.hi-at, n)
		if lo < hi {
			out = append(out, p.slice(p.lo+lo, p.lo+hi))
		}
		at += n
	}
	return out
}

// Connect lets neighbouring devices find a way to exchange data, in both directions, and gives the slowest link. It is
// tried with data: the error names the devices between which none arrive intact. LoadSplit does it first of all.
func Connect(devices []backend.Backend) (backend.Link, error) {
	var slowest backend.Link
	if _, err := partsFor(devices); err != nil {
		return slowest, err
	}
	for i := range devices[1:] {
		for _, way := range [][2]backend.Backend{{devices[i], devices[i+1]}, {devices[i+1], devices[i]}} {
			l, err := way[0].(backend.Peer).Connect(way[1])
			if err != nil {
				return slowest, fmt.Errorf("model: %w", err)
			}
			if slowest.Way == "" || l.Speed() < slowest.Speed() {
				slowest = l
			}
		}
	}
	return slowest, nil
}

// partsFor is the number of parts that sums are cut in: two on devices of which two can share a model, else one.
func partsFor(devices []backend.Backend) (int, error) {
	for _, be := range devices {
		if _, ok := be.(backend.Peer); ok {
			continue
		}
		if len(devices) > 1 {
			return 0, fmt.Errorf("model: split over %d devices: %s cannot share a model with another device", len(devices), be.Device().ID)
		}
		return 1, nil
	}
	return 2, nil
}
