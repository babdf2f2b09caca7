package model

import (
	"math"

	"tiebreak/backend"
)

// Model is a decoder whose weights lie on a backend. Its passes write into buffers of its own, so that it is used by one
// goroutine at a time, as its backend is.
type Model struct {
	Config  Config
	Options Options

	// Trace, if set, is called before each layer with the residual stream as x and, still to be added to it, the last
	// branch of the layer before (none for layer 0). It may download both; it must not keep them.
	Trace func(layer int, x, add backend.Tensor)

	be     backend.Backend
	embed  backend.Weight // [V,C]
	layers []layer
	norm   backend.Tensor // [1,C] f32
	head   backend.Weight // [V,C], [labels,C] or [classes,C]
	rope   backend.Tensor // [P,D] f32
	all    buffers        // for all tokens of a pass
	rows   buffers        // for the rows that the last layer computes, one a sequence
	logits backend.Tensor // [Seqs,N] f32

	tensors []backend.Tensor // all that was allocated
	weights []backend.Weight // all that was prepared
}

// layer is one decoder layer on the backend.
type layer struct {
	inputNorm, postNorm backend.Tensor // [1,C] f32
	qkv                 backend.Weight // [(H+2G)·D,C]; nil in the last layer
	q, kv               backend.Weight // [H·D,C], [2G·D,C]; in the last layer alone
	o                   backend.Weight // [C,H·D]
	gateUp              backend.Weight // [2F,C]
	down                backend.Weight // [C,F]
}

// Close gives back all memory of the model. The backend stays open.
func (m *Model) Close() {
	for _, w := range m.weights {
		w.Free()
	}
	for _, t := range m.tensors {
		m.be.Free(t)
	}
	m.weights, m.tensors = nil, nil
}

// Forward runs one pass: it stores the keys and values of every token in kv, one entry a layer, and returns the rows that
// were asked for after the final norm, [n,C] of the compute type. They are valid until the next pass; with NoRows the
// result is the zero Tensor.
func (m *Model) Forward(in *Input, kv []backend.KV) backend.Tensor {
	b := m.all.first(in.batch.Tokens())
	m.be.Gather(b.x, m.embed.Table(), in.batch.IDs)
	var add backend.Tensor // the branch that the next norm adds
	last := len(m.layers) - 1
	for i, l := range m.layers[:last] {
		m.enter(i, b, add)
		m.be.MatMul(b.qkv, b.norm, l.qkv, backend.Epilogue{})
		m.storeKV(b, in.batch, kv[i])
		m.block(b, in.batch, l, kv[i])
		add = b.branch
	}
	l := m.layers[last]
	m.enter(last, b, add)
	m.be.MatMul(b.qkv.ColRange(m.Config.QDim(), b.qkv.Cols), b.norm, l.kv, backend.Epilogue{})
	m.storeKV(b, in.batch, kv[last])
	if in.rows == NoRows {
		return backend.Tensor{}
	}
	b, batch := m.choose(b, in)
	m.be.MatMul(b.qkv.ColRange(0, m.Config.QDim()), b.norm, l.q, backend.Epilogue{})
	m.block(b, batch, l, kv[last])
	m.be.RMSNorm(b.norm, b.x, b.branch, m.norm, m.Config.Eps)
	return b.norm
}

// enter adds the branch before layer i to the residual stream and normalises it for the layer.
func (m *Model) enter(i int, b buffers, add backend.Tensor) {
	if m.Trace != nil {
		m.Trace(i, b.x, add)
	}
	m.be.RMSNorm(b.norm, b.x, add, m.layers[i].inputNorm, m.Config.Eps)
}

// storeKV rotates the keys in b.qkv and puts keys and values into the pages.
func (m *Model) storeKV(b buffers, batch *backend.Batch, kv backend.KV) {
	q, n := m.Config.QDim(), m.Config.KVDim()
	k, v := b.qkv.ColRange(q, q+n), b.qkv.ColRange(q+n, q+2*n) // [T,G·D]
	m.be.Rope(k, batch.Pos, m.rope)
	m.be.StoreKV(kv, k, v, batch.Slots)
}

// choose narrows a pass to the rows that are asked for: their residual stream and their normalised rows.
func (m *Model) choose(b buffers, in *Input) (buffers, *backend.Batch) {
	if in.rows == AllRows {
		return b, in.batch
	}
	r := m.rows.first(in.last.Tokens())
	m.be.Gather(r.x, b.x, in.index)
	m.be.Gather(r.norm, b.norm, in.index)
	return r, in.last
}

// block is a layer from its queries on: attention, then the feed-forward network. It leaves the attention branch added to
// the residual stream and the feed-forward branch in b.branch.
func (m *Model) block(b buffers, batch *backend.Batch, l layer, kv backend.KV) {
	c := m.Config
	q := b.qkv.ColRange(0, c.QDim()) // [T,H·D]
	m.be.Rope(q, batch.Pos, m.rope)
	m.be.Attention(b.attn, q, kv, batch, backend.AttentionOptions{Heads: c.Heads, Scale: c.attentionScale(), Window: c.Window})
	m.be.MatMul(b.branch, b.attn, l.o, backend.Epilogue{})
	m.be.RMSNorm(b.norm, b.x, b.branch, l.postNorm, c.Eps)
	m.be.GatedMatMul(b.ff, b.norm, l.gateUp)
	m.be.MatMul(b.branch, b.ff, l.down, backend.Epilogue{})
}

// attentionScale is what products of queries and keys are multiplied by.
func (c Config) attentionScale() float32 { return float32(1 / math.Sqrt(float64(c.HeadDim))) }
