package cpu

import (
	"tiebreak/backend"
)

// attendJob is attention by the reference: each piece is one query of one head.
type attendJob struct {
	b      *Backend
	dst, q backend.Tensor
	kv     backend.KV
	batch  *backend.Batch
	opt    backend.AttentionOptions
}

// Attention computes causal attention over pages; see backend.Backend, attend and flashJob.
func (b *Backend) Attention(dst, q backend.Tensor, kv backend.KV, batch *backend.Batch, opt backend.AttentionOptions) {
	backend.CheckAttention(dst, q, kv, batch, opt)
	if b.isa.simd != nil {
		b.flash(dst, q, kv, batch, opt)
		return
	}
	b.jobs.attend = attendJob{b: b, dst: dst, q: q, kv: kv, batch: batch, opt: opt}
	b.pool.do(&b.jobs.attend, q.Rows*opt.Heads)
}

func (j *attendJob) run(worker, index int) {
	row, head := index/j.opt.Heads, index%j.opt.Heads
	seq := 0
	for span := j.batch.Spans[seq]; row >= span.Start+span.Len; span = j.batch.Spans[seq] {
		seq++
	}
	size, s := j.kv.K.Cols, &j.b.scratch[worker]
	head0, head1 := head*size, (head+1)*size
	q := j.b.isa.loadRow(j.q.ColRange(head0, head1), row, &s.a)
	first, end := j.keys(seq, row)
	scores := grow(&s.b, end-first)
	for i := range scores {
		scores[i] = j.opt.Scale * dot(q, j.b.isa.loadRow(j.kv.K, j.slot(seq, head, first+i), &s.c))
	}
	dst := j.dst.ColRange(head0, head1)
	out := targetRow(dst, row, &s.a)
	attend(out, scores, func(i int) []float32 { return j.b.isa.loadRow(j.kv.V, j.slot(seq, head, first+i), &s.c) })
	j.b.isa.storeRow(dst, row, out)
}

// keys is the range of positions that a query row of a sequence reads.
func (j *attendJob) keys(seq, row int) (first, end int) {
	span := j.batch.Spans[seq]
	end = span.Past + row - span.Start + 1
	if j.opt.Window > 0 {
		first = max(0, end-j.opt.Window)
	}
	return first, end
}

// slot is the row of kv.K and kv.V that holds position p of a sequence for a query head.
func (j *attendJob) slot(seq, head, p int) int {
	g := head / (j.opt.Heads / j.kv.Heads)
	page := int(j.batch.Pages[seq][p/backend.PageSize])
	return (page*j.kv.Heads+g)*backend.PageSize + p%backend.PageSize
}
