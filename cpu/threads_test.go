package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// layer is the operands of one of each operation, at extents that no tile divides.
type layer struct {
	x, norm, qkv, att, hidden, out     backend.Tensor
	ones, table, logits                backend.Tensor
	wQKV, wGateUp, wDown               backend.Weight
	kv                                 backend.KV
	batch                              *backend.Batch
	heads, kvHeads, size, tokens, feed int
}

func newLayer(t *testing.T, b *Backend, d tensor.DType) *layer {
	t.Helper()
	const c = 72
	l := &layer{heads: 4, kvHeads: 2, size: 16, tokens: 261, feed: 115}
	r := rand.New(rand.NewPCG(3, 4))
	alloc := func(d tensor.DType, rows, cols int) backend.Tensor {
		x, err := b.Alloc(d, rows, cols)
		require.NoError(t, err)
		host := tensor.New(tensor.F32, rows, cols)
		for i, v := 0, tensor.CastFloat32(host.Data); i < len(v); i++ {
			v[i] = float32(r.NormFloat64())
		}
		host, err = host.Convert(d)
		require.NoError(t, err)
		b.Upload(x, host)
		return x
	}
	weight := func(use backend.Use, n, k int) backend.Weight {
		x := alloc(d, n, k)
		host := tensor.New(d, n, k)
		require.NoError(t, b.Download(host, x))
		w, err := b.Weight(use, host)
		require.NoError(t, err)
		return w
	}
	l.x, l.norm, l.ones = alloc(tensor.F32, l.tokens, c), alloc(d, l.tokens, c), alloc(tensor.F32, 1, c)
	l.qkv, l.att = alloc(d, l.tokens, (l.heads+2*l.kvHeads)*l.size), alloc(d, l.tokens, l.heads*l.size)
	l.hidden, l.out = alloc(d, l.tokens, l.feed), alloc(tensor.F32, l.tokens, c)
	l.table, l.logits = alloc(tensor.F32, 300, l.size), alloc(tensor.F32, l.tokens, c)
	l.wQKV = weight(backend.ForMatMul, l.qkv.Cols, c)
	l.wGateUp, l.wDown = weight(backend.ForGated, 2*l.feed, c), weight(backend.ForMatMul, c, l.feed)
	l.kv = backend.KV{K: alloc(d, 20*l.kvHeads*backend.PageSize, l.size), V: alloc(d, 20*l.kvHeads*backend.PageSize, l.size), Heads: l.kvHeads}
	var pages []int32
	for p := range int32(20) {
		pages = append(pages, 19-p)
	}
	batch, err := backend.NewBatch(b, []backend.Seq{{IDs: make([]int32, 200), Pages: pages[:13]}, {IDs: make([]int32, 61), Past: 40, Pages: pages[13:]}})
	require.NoError(t, err)
	l.batch = batch
	return l
}

// run does each operation once.
func (l *layer) run(b *Backend) {
	nq, nkv := l.heads*l.size, l.kvHeads*l.size
	q, k, v := l.qkv.ColRange(0, nq), l.qkv.ColRange(nq, nq+nkv), l.qkv.ColRange(nq+nkv, nq+2*nkv)
	b.RMSNorm(l.norm, l.x, l.out, l.ones, 1e-5)
	b.MatMul(l.qkv, l.norm, l.wQKV, backend.Epilogue{})
	b.Rope(q, l.batch.Pos, l.table)
	b.Rope(k, l.batch.Pos, l.table)
	b.StoreKV(l.kv, k, v, l.batch.Slots)
	b.Attention(l.att, q, l.kv, l.batch, backend.AttentionOptions{Heads: l.heads, Scale: 0.25})
	b.GatedMatMul(l.hidden, l.norm, l.wGateUp)
	b.MatMul(l.out, l.hidden, l.wDown, backend.Epilogue{Add: true})
	b.LogSoftmax(l.logits, l.out)
	b.Gather(l.x, l.out, l.batch.IDs)
}

func eachISAAndType(t *testing.T, test func(t *testing.T, isa string, d tensor.DType)) {
	for _, name := range ISAs() {
		for _, d := range plain.compute {
			t.Run(fmt.Sprintf("%s/%v", name, d), func(t *testing.T) { test(t, name, d) })
		}
	}
}

// TestThreadsDoNotChangeBits compares all results of one to five threads.
func TestThreadsDoNotChangeBits(t *testing.T) {
	eachISAAndType(t, func(t *testing.T, isa string, d tensor.DType) {
		var want [][]byte
		for threads := 1; threads <= 5; threads++ {
			b := open(t, Options{ISA: isa, Threads: threads})
			l := newLayer(t, b, d)
			l.run(b)
			for i, x := range []backend.Tensor{l.norm, l.qkv, l.att, l.hidden, l.out, l.logits, l.x} {
				host := tensor.New(x.DType, x.Rows, x.Cols)
				require.NoError(t, b.Download(host, x))
				if threads == 1 {
					want = append(want, host.Data)
				}
				require.True(t, string(want[i]) == string(host.Data), "result %d, %v, with %d threads", i, x, threads)
			}
		}
	})
}

// TestOperationsDoNotAllocate lets the first run, which AllocsPerRun does not count, grow scratch memory. One thread: which
// of several workers meets the longest row, and grows, differs from run to run.
func TestOperationsDoNotAllocate(t *testing.T) {
	eachISAAndType(t, func(t *testing.T, isa string, d tensor.DType) {
		b := open(t, Options{ISA: isa, Threads: 1})
		l := newLayer(t, b, d)
		require.Zero(t, testing.AllocsPerRun(5, func() { l.run(b) }))
	})
}
