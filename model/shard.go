package model

import (
	"tiebreak/backend"
	"tiebreak/tensor"
)

// shard is what one device holds of a model, and the buffers of the passes that are in flight there.
type shard struct {
	share
	be    backend.Backend
	index int    // among the model's shards
	c     Config // of the whole model
	local Config // heads, feed-forward and layers of this shard alone

	embed  backend.Weight // [V,C]; nil unless first
	layers []layer
	norm   backend.Tensor // [1,C] f32; none unless last
	head   backend.Weight // [outputs,C]; nil unless last, or where it has no outputs
	rope   backend.Tensor // [P,D] f32
	slots  []*slot        // one for each pass in flight

	tensors []backend.Tensor // all that was allocated
	weights []backend.Weight // all that was prepared
}

// layer is one decoder layer on a device. A weight of which the device has no rows or columns is nil.
type layer struct {
	inputNorm, postNorm backend.Tensor   // [1,C] f32
	qkv                 backend.Weight   // [(H+2G)·D,C]; nil in the model's last layer
	q, kv               backend.Weight   // [H·D,C], [2G·D,C]; in the model's last layer alone
	o                   []backend.Weight // [C,H·D], by parts
	gateUp              backend.Weight   // [2F,C]
	down                []backend.Weight // [C,F], by parts
}

// slot is the memory of one pass in flight.
type slot struct {
	all    buffers        // for all tokens of a pass
	rows   buffers        // for the rows that the last layer computes, one a sequence
	logits backend.Tensor // [Seqs,outputs] f32

	// Copies that were queued and have not been waited for: into these buffers, or out of them.
	pending []backend.Transfer
}

// close gives all memory back.
func (s *shard) close() {
	for _, w := range s.weights {
		w.Free()
	}
	for _, t := range s.tensors {
		s.be.Free(t)
	}
	s.weights, s.tensors = nil, nil
}

// lane is a pass on one shard: views of its buffers, and its batch.
type lane struct {
	*shard
	*slot
	at    *placed
	b     buffers
	batch *backend.Batch
	kv    []backend.KV
	add   backend.Tensor // the branch that the next norm adds
}

// settle holds back what is queued next until the copies to and from these buffers are done.
func (l *lane) settle() {
	for _, t := range l.pending {
		l.be.(backend.Peer).Await(t)
	}
	l.pending = l.pending[:0]
}

// begin looks the tokens up.
func (l *lane) begin() {
	l.settle()
	l.be.Gather(l.b.x, l.embed.Table(), l.batch.IDs)
}

// attention queues the first half of layer i of the shard. For the model's last layer it narrows the lane to the rows
// that are asked for; with NoRows it stops when keys and values are stored.
func (l *lane) attention(i int, rows Rows) {
	l.settle()
	w := &l.layers[i]
	l.be.RMSNorm(l.b.norm, l.b.x, l.add, w.inputNorm, l.c.Eps)
	q, end := l.local.QDim(), l.local.QDim()+2*l.local.KVDim()
	switch {
	case w.kv != nil:
		l.be.MatMul(l.b.qkv.ColRange(q, end), l.b.norm, w.kv, backend.Epilogue{})
		l.storeKV(l.kv[i])
	case w.qkv != nil:
		l.be.MatMul(l.b.qkv, l.b.norm, w.qkv, backend.Epilogue{})
		l.storeKV(l.kv[i])
	}
	if l.isLast(i) {
		l.narrow(rows)
	}
	if l.isLast(i) && rows == NoRows || q == 0 {
		return
	}
	queries := l.b.qkv.ColRange(0, q) // [T,H·D]
	if w.q != nil {
		l.be.MatMul(queries, l.b.norm, w.q, backend.Epilogue{})
	}
	l.be.Rope(queries, l.batch.Pos, l.rope)
	l.be.Attention(l.b.attn, queries, l.kv[i], l.batch, backend.AttentionOptions{Heads: l.local.Heads, Scale: l.c.attentionScale(), Window: l.c.Window})
	l.project(l.b.attn, w.o, func(c cut) span { return span{c.heads.lo * l.c.HeadDim, c.heads.hi * l.c.HeadDim} })
}

// isLast reports whether layer i of the shard is the model's last.
func (l *lane) isLast(i int) bool { return l.last && i == len(l.layers)-1 }

// storeKV rotates the keys in b.qkv and puts keys and values into the pages.
func (l *lane) storeKV(kv backend.KV) {
	q, n := l.local.QDim(), l.local.KVDim()
	k, v := l.b.qkv.ColRange(q, q+n), l.b.qkv.ColRange(q+n, q+2*n) // [T,G·D]
	l.be.Rope(k, l.batch.Pos, l.rope)
	l.be.StoreKV(kv, k, v, l.batch.Slots)
}

// narrow goes on with the rows that are asked for alone: their residual stream and their normalised rows.
func (l *lane) narrow(rows Rows) {
	if rows != LastRows {
		return
	}
	r := l.slot.rows.first(l.at.last.Tokens())
	l.be.Gather(r.x, l.b.x, l.at.index)
	l.be.Gather(r.norm, l.b.norm, l.at.index)
	l.b, l.batch = r, l.at.last
}

// feedForward queues the second half of layer i.
func (l *lane) feedForward(i int) {
	l.settle()
	w := &l.layers[i]
	l.be.RMSNorm(l.b.norm, l.b.x, l.add, w.postNorm, l.c.Eps)
	if w.gateUp == nil {
		return
	}
	l.be.GatedMatMul(l.b.ff, l.b.norm, w.gateUp)
	l.project(l.b.ff, w.down, func(c cut) span { return c.ff })
}

// project multiplies y by the parts of o_proj or down_proj: the model's last part goes to branch, those before it are added
// to the residual stream; see split.go. where gives the columns of y, counted in the whole model, that a part has.
func (l *lane) project(y backend.Tensor, parts []backend.Weight, where func(cut) span) {
	first := where(l.own).lo
	for i, w := range parts {
		if w == nil {
			continue
		}
		at := where(l.parts[i])
		part := y.ColRange(at.lo-first, at.hi-first)
		if l.ends && i == len(parts)-1 {
			l.be.MatMul(l.b.branch, part, w, backend.Epilogue{})
		} else {
			l.be.MatMul(l.b.x, part, w, backend.Epilogue{Add: true})
		}
	}
}

// end queues the final norm.
func (l *lane) end() backend.Tensor {
	l.settle()
	l.be.RMSNorm(l.b.norm, l.b.x, l.add, l.norm, l.c.Eps)
	return l.b.norm
}

// send queues copies of t from each lane's buffers to another's. Both wait for them before they go on.
func send(to *lane, dst backend.Tensor, from *lane, src backend.Tensor) {
	t := to.be.(backend.Peer).Receive(dst, from.be, src)
	to.pending = append(to.pending, t)
	from.pending = append(from.pending, t)
}

// each calls f with every buffer of the slot.
func (s *slot) each(c Config, o Options, outputs int, f func(t *backend.Tensor, d tensor.DType, rows, cols int)) {
	f(&s.logits, tensor.F32, o.Seqs, outputs)
	s.all.each(c, o.Compute, func(t *backend.Tensor, d tensor.DType, cols int) { f(t, d, o.Tokens, cols) })
	s.rows.each(c, o.Compute, func(t *backend.Tensor, d tensor.DType, cols int) { f(t, d, o.Seqs, cols) })
}
