package model

import (
	"tiebreak/backend"
	"tiebreak/tensor"
)

// buffers are the activations of one pass. They are allocated once, for the most rows a pass may have, and a pass works
// on views of their first rows.
type buffers struct {
	x      backend.Tensor // [T,C] f32, the residual stream
	branch backend.Tensor // [T,C] f32, what a branch adds to it
	norm   backend.Tensor // [T,C] compute type
	qkv    backend.Tensor // [T,(H+2G)·D] compute type
	attn   backend.Tensor // [T,H·D] compute type
	ff     backend.Tensor // [T,F] compute type
}

// each calls f with every buffer and its type and length of rows; it is the one list of what is allocated. c is the
// geometry of what the device has, and a length may be 0.
func (b *buffers) each(c Config, compute tensor.DType, f func(t *backend.Tensor, d tensor.DType, cols int)) {
	f(&b.x, tensor.F32, c.Hidden)
	f(&b.branch, tensor.F32, c.Hidden)
	f(&b.norm, compute, c.Hidden)
	f(&b.qkv, compute, c.QDim()+2*c.KVDim())
	f(&b.attn, compute, c.QDim())
	f(&b.ff, compute, c.FeedForward)
}

// first is the view of the first n rows of each buffer.
func (b buffers) first(n int) buffers {
	for _, t := range []*backend.Tensor{&b.x, &b.branch, &b.norm, &b.qkv, &b.attn, &b.ff} {
		if !t.Zero() { // a device that has no heads, say, has no buffer for them
			*t = t.RowRange(0, n)
		}
	}
	return b
}
