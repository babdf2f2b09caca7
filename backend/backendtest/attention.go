package backendtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// sequence is the extent of one sequence of a batch.
type sequence struct{ past, n int }

// geometry is a case of attention.
type geometry struct {
	heads, kvHeads, size, window int
	seqs                         []sequence
	sharp                        float64 // factor of the queries; 0 is 1
}

func (g geometry) String() string {
	text := fmt.Sprintf("H=%d,G=%d,D=%d,window=%d,seqs=%v", g.heads, g.kvHeads, g.size, g.window, g.seqs)
	if g.sharp != 0 {
		text += fmt.Sprintf(",sharp=%v", g.sharp)
	}
	return text
}

func (g geometry) work() int {
	var pairs int
	for _, s := range g.seqs {
		pairs += s.n * (s.past + s.n)
	}
	return 2 * pairs * g.heads * g.size
}

func (g geometry) options() backend.AttentionOptions {
	return backend.AttentionOptions{Heads: g.heads, Scale: float32(1 / math.Sqrt(float64(g.size))), Window: g.window}
}

// geometries are the cases: every head size with every group, with windows shorter and longer than the sequences, with
// queries at every place of a tile of keys and with scores far apart; every edge of tiles and pages as a length and as a
// past; and batches of unlike sequences.
func (s *suite) geometries() []geometry {
	var list []geometry
	add := func(heads, kvHeads, size, window int, seqs ...sequence) {
		list = append(list, geometry{heads: heads, kvHeads: kvHeads, size: size, window: window, seqs: seqs})
	}
	for i, size := range s.HeadSizes {
		for group := 1; group <= 4; group++ {
			kv := 1 + (i+group)%3
			add(kv*group, kv, size, 0, sequence{0, 21}, sequence{18, 3}, sequence{5, 1})
		}
		for _, window := range []int{1, 5, 16, 17, 1000} {
			add(2, 1, size, window, sequence{0, 40}, sequence{33, 4})
		}
		few := []sequence{{0, 16}, {8, 16}, {16, 16}, {24, 16}, {32, 16}, {40, 16}, {48, 16}, {56, 16}, {64, 5}}
		add(1, 1, size, 0, few...)
		add(1, 1, size, 6, few...)
		add(4, 2, size, 0, sequence{0, 8}, sequence{30, 7}, sequence{61, 8})
		add(1, 1, size, 0, sequence{0, 70}, sequence{8, 70})
		add(1, 1, size, 9, sequence{3, 70})
		// A score of hundreds overflows wherever a maximum is not the largest one.
		list = append(list, geometry{1, 1, size, 0, few, 40}, geometry{3, 1, size, 0, []sequence{{0, 40}, {70, 3}}, 40})
	}
	list = append(list, geometry{2, 2, 64, 0, []sequence{{700, 1}, {330, 2}, {190, 8}}, 40})
	for _, n := range edges(append([]int{backend.PageSize}, s.TileRows...), 7) {
		add(3, 1, 64, 0, sequence{0, n})
		add(2, 2, 64, 0, sequence{n, 1}, sequence{n, 2})
	}
	add(3, 1, 64, 0, sequence{0, 200})
	add(3, 1, 64, 70, sequence{100, 200}, sequence{0, 90}, sequence{250, 1})
	add(2, 2, 96, 0, sequence{130, 131})
	add(1, 1, 128, 0, sequence{0, 1}, sequence{0, 1}, sequence{1, 1}, sequence{95, 2}, sequence{96, 1}, sequence{97, 1})
	return list
}

// history is the tokens of one sequence from its start: what was, or will be, stored, and the queries of all of them.
type history struct{ q, k, v matrix }

func newHistory(r *rand.Rand, d tensor.DType, g geometry, n int) history {
	return history{
		q: normal(r, d, n, g.heads*g.size, 1.5*max(g.sharp, 1)),
		k: normal(r, d, n, g.kvHeads*g.size, 1.5),
		v: normal(r, d, n, g.kvHeads*g.size, 1),
	}
}

func newHistories(r *rand.Rand, d tensor.DType, g geometry) []history {
	var all []history
	for _, s := range g.seqs {
		all = append(all, newHistory(r, d, g, s.past+s.n))
	}
	return all
}

// pages is the memory of keys and values for one case, most often full of NaN at first, and which pages each sequence has.
type pages struct {
	kv    backend.KV
	owned [][]int32 // by sequence
}

// newPages gives sequences of the lengths named their pages, in random order among pages that nobody owns.
func (b *bench) newPages(r *rand.Rand, d tensor.DType, g geometry, lengths []int) pages {
	b.Helper()
	return b.newPagesOf(r, d, g, lengths, math.NaN())
}

// newPagesOf is newPages with pages that begin full of some value.
func (b *bench) newPagesOf(r *rand.Rand, d tensor.DType, g geometry, lengths []int, fill float64) pages {
	b.Helper()
	var p pages
	var count int
	for _, n := range lengths {
		count += (n + backend.PageSize - 1) / backend.PageSize
	}
	order := r.Perm(count + 3)
	for _, n := range lengths {
		var own []int32
		for range (n + backend.PageSize - 1) / backend.PageSize {
			own = append(own, int32(order[0]))
			order = order[1:]
		}
		p.owned = append(p.owned, own)
	}
	full := filled(d, (count+3)*g.kvHeads*backend.PageSize, g.size, fill)
	p.kv = backend.KV{K: b.put(full), V: b.put(full), Heads: g.kvHeads}
	return p
}

// batch makes a batch of tokens from past to past+n of the sequences.
func (b *bench) batch(p pages, seqs []sequence) *backend.Batch {
	b.Helper()
	var list []backend.Seq
	for i, s := range seqs {
		list = append(list, backend.Seq{IDs: make([]int32, s.n), Past: s.past, Pages: p.owned[i]})
	}
	batch, err := backend.NewBatch(b.be, list)
	require.NoError(b, err)
	b.Cleanup(func() { batch.Free(b.be) })
	return batch
}

// forward stores the keys and values of some tokens of each sequence and attends with their queries. q, k and v are views
// of one matrix, as a fused projection gives them. The result has a matrix for each sequence.
func (b *bench) forward(p pages, g geometry, all []history, seqs []sequence) []matrix {
	b.Helper()
	batch, q := b.store(p, g, all, seqs)
	return b.attend(p, g, q, batch)
}

// store stores the keys and values of some tokens of each sequence; it returns their batch and queries.
func (b *bench) store(p pages, g geometry, all []history, seqs []sequence) (*backend.Batch, backend.Tensor) {
	b.Helper()
	batch := b.batch(p, seqs)
	nq, nkv := g.heads*g.size, g.kvHeads*g.size
	qkv := newMatrix(all[0].q.d, batch.Tokens(), nq+2*nkv)
	for i, s := range seqs {
		for t := range s.n {
			row := qkv.row(batch.Spans[i].Start + t)
			copy(row, all[i].q.row(s.past+t))
			copy(row[nq:], all[i].k.row(s.past+t))
			copy(row[nq+nkv:], all[i].v.row(s.past+t))
		}
	}
	x := b.view(qkv)
	b.be.StoreKV(p.kv, x.ColRange(nq, nq+nkv), x.ColRange(nq+nkv, nq+2*nkv), batch.Slots)
	return batch, x.ColRange(0, nq)
}

// attend runs Attention for a batch whose keys and values are stored, and cuts the result by sequence.
func (b *bench) attend(p pages, g geometry, q backend.Tensor, batch *backend.Batch) []matrix {
	b.Helper()
	dst := b.target(q.DType, q.Rows, q.Cols)
	b.be.Attention(dst, q, p.kv, batch, g.options())
	got := b.get(dst)
	var parts []matrix
	for _, span := range batch.Spans {
		part := matrix{d: got.d, rows: span.Len, cols: got.cols}
		part.v = got.v[span.Start*got.cols : (span.Start+span.Len)*got.cols]
		parts = append(parts, part)
	}
	return parts
}

// lengths are those of the sequences when all their tokens are stored.
func lengths(seqs []sequence) []int {
	var n []int
	for _, s := range seqs {
		n = append(n, s.past+s.n)
	}
	return n
}

// before is the batch that stores what a batch finds in the pages.
func before(seqs []sequence) (past []sequence) {
	for _, s := range seqs {
		past = append(past, sequence{0, s.past})
	}
	return past
}

func (s *suite) testAttention(t *testing.T) {
	s.start(t).eachCompute(func(b *bench, d tensor.DType) {
		for _, g := range s.geometries() {
			s.each(b, g.work(), g.String(), func(c *bench, r *rand.Rand) { c.attention(r, d, g) })
		}
	})
}

// attention checks one batch, and the batch of its last queries, against the oracle.
func (b *bench) attention(r *rand.Rand, d tensor.DType, g geometry) {
	all := newHistories(r, d, g)
	p := b.newPages(r, d, g, lengths(g.seqs))
	b.storePast(p, g, all)
	got := b.forward(p, g, all, g.seqs)
	for i, seq := range g.seqs {
		rows := matrix{d: d, rows: seq.n, cols: all[i].q.cols, v: all[i].q.v[seq.past*all[i].q.cols:]}
		want := attention[float64](rows, all[i].k, all[i].v, g.size, g.options())
		plain := attention[float32](rows, all[i].k, all[i].v, g.size, g.options()).to(d)
		b.near(fmt.Sprintf("attention: sequence %d", i), got[i], want, plain, all[i].v.largest()*g.sharpness(all[i]))
	}
	b.lastQueries(p, g, all, got)
}

// sharpness is the factor by which scores make errors larger: a rounding of a score of 500 changes its exponential by that
// much. It matters for sharp cases; for others it is 1.
func (g geometry) sharpness(h history) float64 {
	if g.sharp == 0 {
		return 1
	}
	most := 1.0
	for head := range g.heads {
		kv := head * g.kvHeads / g.heads
		scores := matMul[float64](h.q.columns(head*g.size, (head+1)*g.size), h.k.columns(kv*g.size, (kv+1)*g.size))
		most = max(most, scores.largest()*float64(g.options().Scale))
	}
	return most
}

// storePast stores the keys and values before each sequence's batch; sequences without any are left out.
func (b *bench) storePast(p pages, g geometry, all []history) {
	some, past := pages{kv: p.kv}, []sequence(nil)
	var of []history
	for i, s := range before(g.seqs) {
		if s.n > 0 {
			some.owned, past, of = append(some.owned, p.owned[i]), append(past, s), append(of, all[i])
		}
	}
	if len(past) > 0 {
		b.store(some, g, of, past)
	}
}

// lastQueries checks that Batch.Last gives the last row of each sequence bit for bit.
func (b *bench) lastQueries(p pages, g geometry, all []history, full []matrix) {
	b.Helper()
	last, err := b.batch(p, g.seqs).Last(b.be)
	require.NoError(b, err)
	b.Cleanup(func() { last.Free(b.be) })
	q := newMatrix(all[0].q.d, len(g.seqs), all[0].q.cols)
	for i, h := range all {
		copy(q.row(i), h.q.row(h.q.rows-1))
	}
	for i, got := range b.attend(p, g, b.view(q), last) {
		b.same(fmt.Sprintf("attention: last query of sequence %d", i), got, full[i].pick([]int{full[i].rows - 1}))
	}
}

// testStoreKV checks that each key and value goes to its slot, and nothing else changes.
func (s *suite) testStoreKV(t *testing.T) {
	s.start(t).eachCompute(func(b *bench, d tensor.DType) {
		for _, size := range s.HeadSizes {
			for _, heads := range []int{1, 3} {
				g := geometry{heads: heads, kvHeads: heads, size: size, seqs: []sequence{{3, 30}, {0, 1}, {15, 2}}}
				s.each(b, 0, fmt.Sprintf("G=%d,D=%d", heads, size), func(c *bench, r *rand.Rand) { c.storeKV(r, d, g) })
			}
		}
	})
}

func (b *bench) storeKV(r *rand.Rand, d tensor.DType, g geometry) {
	p := b.newPagesOf(r, d, g, lengths(g.seqs), marker)
	batch := b.batch(p, g.seqs)
	k := normal(r, d, batch.Tokens(), g.kvHeads*g.size, 1)
	v := normal(r, d, batch.Tokens(), g.kvHeads*g.size, 1)
	b.be.StoreKV(p.kv, b.view(k), b.view(v), batch.Slots)
	for _, m := range []struct {
		name string
		rows matrix
		in   backend.Tensor
	}{{"keys", k, p.kv.K}, {"values", v, p.kv.V}} {
		want := filled(d, m.in.Rows, g.size, marker)
		for i, seq := range g.seqs {
			for t := range seq.n {
				pos := seq.past + t
				page := int(p.owned[i][pos/backend.PageSize])
				for h := range g.kvHeads {
					slot := (page*g.kvHeads+h)*backend.PageSize + pos%backend.PageSize
					copy(want.row(slot), m.rows.row(batch.Spans[i].Start + t)[h*g.size:(h+1)*g.size])
				}
			}
		}
		b.same("store_kv: "+m.name, b.get(m.in), want)
	}
}
