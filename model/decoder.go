package model

import (
	"errors"
	"math"
	"slices"

	"tiebreak/backend"
)

// Model is a decoder whose weights lie on one device or divided over several. Its passes write into buffers of its own,
// so that it is used by one goroutine at a time, as its backends are. That goroutine drives all devices: work is queued on
// them, and copies between them are ordered by the queues.
type Model struct {
	Config  Config
	Options Options

	// Trace, if set, is called before each layer with the residual stream as x and, still to be added to it, the last
	// branch of the layer before (none for layer 0), both on the first device that has the layer. It may download both; it
	// must not keep them.
	Trace func(layer int, x, add backend.Tensor)

	shards  []*shard
	stages  [][]*shard // shards that have the same layers, in the order of a pass
	outputs int        // length of a row of logits
	passes  int        // started so far
}

// Close gives back all memory of the model. The backends stay open.
func (m *Model) Close() {
	_ = m.Sync() // copies may be under way; what went wrong has been reported, or nobody waits for it any more
	for _, s := range m.shards {
		s.close()
	}
}

// Sync waits for all devices and returns what went wrong on them.
func (m *Model) Sync() error {
	var all []error
	for _, s := range m.shards {
		all = append(all, s.be.Sync())
	}
	return errors.Join(distinct(all)...)
}

// distinct leaves out errors that are there already: a device hands its error on to those that wait for its data.
func distinct(all []error) (out []error) {
	for _, err := range all {
		if !slices.Contains(out, err) {
			out = append(out, err)
		}
	}
	return out
}

// Stages is the number of devices that a pass goes through one after the other: 1, or the devices of a pipeline.
func (m *Model) Stages() int { return len(m.stages) }

// Pass is one batch on its way through the model.
type Pass struct {
	m     *Model
	in    *Input
	kv    KV
	slot  int
	stage int     // the next
	lanes []*lane // of the stage
	rows  Hidden
}

// Hidden is the rows that a pass was asked for after the final norm, on each device that has a part of the head.
type Hidden struct {
	slot  int
	lanes []backend.Tensor // [n,C] of the compute type, all the same
}

// Tensor is the rows on the first device that has them; the zero Tensor where there are none.
func (h Hidden) Tensor() backend.Tensor {
	if len(h.lanes) == 0 {
		return backend.Tensor{}
	}
	return h.lanes[0]
}

// RowRange is rows lo to hi.
func (h Hidden) RowRange(lo, hi int) Hidden {
	out := Hidden{slot: h.slot}
	for _, t := range h.lanes {
		out.lanes = append(out.lanes, t.RowRange(lo, hi))
	}
	return out
}

// NewPass starts a pass: it stores the keys and values of every token in kv. At most Options.InFlight passes may be under
// way: it takes the buffers of the oldest.
func (m *Model) NewPass(in *Input, kv KV) *Pass {
	p := &Pass{m: m, in: in, kv: kv, slot: m.passes % m.Options.InFlight}
	m.passes++
	return p
}

// Forward runs one pass through all stages and returns the rows that were asked for. They are valid until as many passes
// as may be in flight have been started; with NoRows there are none.
func (m *Model) Forward(in *Input, kv KV) Hidden {
	p := m.NewPass(in, kv)
	for !p.Done() {
		m.Advance(p)
	}
	return p.Rows()
}

// Done reports whether the pass has been queued on all stages.
func (p *Pass) Done() bool { return p.stage == len(p.m.stages) }

// Rows is the result of a pass that is done.
func (p *Pass) Rows() Hidden { return p.rows }

// Advance queues the next stage of each pass, the oldest pass first. Passes at the same stage are queued half a layer of
// one, half a layer of the next, so that the copies between devices of one run beside the operations of another.
func (m *Model) Advance(passes ...*Pass) {
	for len(passes) > 0 {
		n := 1
		for n < len(passes) && passes[n].stage == passes[0].stage {
			n++
		}
		m.advance(passes[:n])
		passes = passes[n:]
	}
}

// advance queues a stage of passes that are at the same one.
func (m *Model) advance(passes []*Pass) {
	for _, p := range passes {
		p.begin()
	}
	for i := range passes[0].lanes[0].layers {
		for _, p := range passes {
			p.attention(i)
		}
		for _, p := range passes {
			p.feedForward(i)
		}
	}
	for _, p := range passes {
		p.end()
	}
}

// begin brings the residual stream to the devices of the next stage.
func (p *Pass) begin() {
	before := p.lanes
	p.lanes = nil
	for _, s := range p.m.stages[p.stage] {
		p.lanes = append(p.lanes, s.lane(p))
	}
	if p.stage == 0 {
		for _, l := range p.lanes {
			l.begin()
		}
		return
	}
	from, to := before[0], p.lanes[0]
	from.settle()
	to.settle()
	send(to, to.b.x, from, from.b.x)
	send(to, to.b.branch, from, from.b.branch)
	to.add = to.b.branch
}

// lane is the pass on the shard.
func (s *shard) lane(p *Pass) *lane {
	at := p.in.on[s.index]
	slot := s.slots[p.slot]
	return &lane{shard: s, slot: slot, at: at, b: slot.all.first(at.batch.Tokens()), batch: at.batch, kv: p.kv[s.index]}
}

func (p *Pass) attention(i int) {
	first := p.lanes[0]
	if p.m.Trace != nil {
		first.settle()
		p.m.Trace(first.share.layers.lo+i, first.b.x, first.add)
	}
	for _, l := range p.lanes {
		l.attention(i, p.in.rows)
	}
	if !p.stops(i) {
		p.exchange()
	}
}

func (p *Pass) feedForward(i int) {
	if p.stops(i) {
		return
	}
	for _, l := range p.lanes {
		l.feedForward(i)
	}
	p.exchange()
}

// stops reports whether the pass ends in the middle of layer i: nobody asked for its rows.
func (p *Pass) stops(i int) bool { return p.in.rows == NoRows && p.lanes[0].isLast(i) }

// exchange ends half a layer: in a tensor split the device with the model's first part gives its residual stream away, and
// the one with its last part the branch; see split.go.
func (p *Pass) exchange() {
	for _, l := range p.lanes {
		l.add = l.b.branch
	}
	if len(p.lanes) == 2 {
		a, b := p.lanes[0], p.lanes[1]
		send(b, b.b.x, a, a.b.x)
		send(a, a.b.branch, b, b.b.branch)
	}
}

// end finishes the stage; after the last the rows are there.
func (p *Pass) end() {
	p.stage++
	if !p.Done() || p.in.rows == NoRows {
		return
	}
	p.rows.slot = p.slot
	for _, l := range p.lanes {
		p.rows.lanes = append(p.rows.lanes, l.end())
	}
}

// attentionScale is what products of queries and keys are multiplied by.
func (c Config) attentionScale() float32 { return float32(1 / math.Sqrt(float64(c.HeadDim))) }
