package bench

import (
	"context"
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// AttentionOptions say which attentions are measured.
type AttentionOptions struct {
	Geometries []Geometry
	Tokens     int // new ones
	Past       int // tokens before them
	Window     int
	Compute    tensor.DType
}

// Attention measures causal attention of one sequence. Only what the mask leaves is counted as work: 4·D operations for each
// query, head and key that it reads.
func (r *Runner) Attention(ctx context.Context, opt AttentionOptions) (Result, error) {
	out := r.result("attention", opt.Compute)
	out.Tokens = opt.Tokens
	var total work
	for _, g := range opt.Geometries {
		if err := r.checkAttention(g, opt.Compute, opt.Window); err != nil {
			return out, err
		}
		c, done, err := r.attention(ctx, g, opt)
		if err != nil {
			return out, fmt.Errorf("bench: attention: %s: %w", g.Name, err)
		}
		out.Cases = append(out.Cases, c)
		total.add(c, done)
	}
	total.finish(&out)
	return out, nil
}

func (r *Runner) attention(ctx context.Context, g Geometry, opt AttentionOptions) (Case, float64, error) {
	o := &operands{be: r.Backend}
	defer o.free()
	a := newAttention(o, g, opt.Past, opt.Tokens, opt.Window, opt.Compute)
	if o.err != nil {
		return Case{}, 0, o.err
	}
	defer a.batch.Free(r.Backend)
	all, peak, err := r.repeat(ctx, opt.Compute, func() error {
		a.run(r.Backend)
		return r.Backend.Sync()
	})
	if err != nil {
		return Case{}, 0, err
	}
	flops := 4 * float64(keysRead(opt.Past, opt.Tokens, opt.Window)) * float64(g.Heads*g.HeadDim)
	c := Case{Name: g.Name, Seconds: all.spread(), Speed: all.arithmetic(flops, peak, r.threads()), CPUShare: all.share(r.threads())}
	c.Shape = fmt.Sprintf("T=%d past=%d H=%d G=%d D=%d", opt.Tokens, opt.Past, g.Heads, g.KVHeads, g.HeadDim)
	if opt.Window > 0 {
		c.Shape += fmt.Sprintf(" window=%d", opt.Window)
	}
	return c, flops, nil
}

// keysRead is the number of pairs of a query and a key that it reads, for n tokens after past others.
func keysRead(past, n, window int) (pairs int) {
	for i := range n {
		keys := past + i + 1
		if window > 0 {
			keys = min(keys, window)
		}
		pairs += keys
	}
	return pairs
}

// attentionCase is one attention with its operands.
type attentionCase struct {
	dst, q backend.Tensor
	kv     backend.KV
	batch  *backend.Batch
	opt    backend.AttentionOptions
}

// newAttention lays out one sequence; o.err tells whether that worked.
func newAttention(o *operands, g Geometry, past, n, window int, d tensor.DType) attentionCase {
	pages := make([]int32, (past+n+backend.PageSize-1)/backend.PageSize)
	for i := range pages {
		pages[i] = int32(len(pages) - 1 - i) // out of order, as in use
	}
	rows := len(pages) * g.KVHeads * backend.PageSize
	a := attentionCase{
		q:   o.put(noise(d, n, g.Heads*g.HeadDim, 1)),
		dst: o.empty(d, n, g.Heads*g.HeadDim),
		kv:  backend.KV{K: o.put(noise(d, rows, g.HeadDim, 1)), V: o.put(noise(d, rows, g.HeadDim, 1)), Heads: g.KVHeads},
		opt: backend.AttentionOptions{Heads: g.Heads, Scale: float32(unit(g.HeadDim)), Window: window},
	}
	if o.err == nil {
		a.batch, o.err = backend.NewBatch(o.be, []backend.Seq{{IDs: make([]int32, n), Past: past, Pages: pages}})
	}
	return a
}

func (a attentionCase) run(be backend.Backend) { be.Attention(a.dst, a.q, a.kv, a.batch, a.opt) }
