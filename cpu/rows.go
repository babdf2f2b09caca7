package cpu

import (
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// scratch is memory that one worker reuses from operation to operation.
type scratch struct {
	a, b, c []float32
	copied  buffer // rows on their way into panels or groups
	sums    buffer // a block of outputs of a product
	wide    buffer // a block of a panel, widened
	lanes   buffer // a vector of partial sums
	flash   flashScratch
}

// grow returns n elements of *buf, whose contents are undefined, and makes it longer if it must be.
func grow[T any](buf *[]T, n int) []T {
	if cap(*buf) < n {
		*buf = make([]T, n+n/4)
	}
	return (*buf)[:n]
}

// loadRow gives row r of a float tensor as F32: the row itself if it is F32, else widened into buf.
func (i *isa) loadRow(t backend.Tensor, r int, buf *[]float32) []float32 {
	if t.DType == tensor.F32 {
		return f32Row(t, r)
	}
	out := grow(buf, t.Cols)
	i.widen(out, u16Row(t, r), t.DType)
	return out
}

// targetRow is where an operation may write row r of t as F32 before storeRow: the row itself if it is F32, else buf.
func targetRow(t backend.Tensor, r int, buf *[]float32) []float32 {
	if t.DType == tensor.F32 {
		return f32Row(t, r)
	}
	return grow(buf, t.Cols)
}

// storeRow rounds v to row r of t. Nothing remains to be done if v came from targetRow of an F32 tensor.
func (i *isa) storeRow(t backend.Tensor, r int, v []float32) {
	if t.DType != tensor.F32 {
		i.narrow(u16Row(t, r), v, t.DType)
		return
	}
	if row := f32Row(t, r); len(row) > 0 && &row[0] != &v[0] {
		copy(row, v)
	}
}

// jobs holds one job of each kind, so that an operation allocates nothing.
type jobs struct {
	rows   rowJob
	matMul matMulJob
	gemm   gemmJob
	left   leftJob
	attend attendJob
	flash  flashJob
}

// rowJob is an operation that treats each row alone.
type rowJob struct {
	b       *Backend
	n, each int // rows, rows a piece
	op      rowOp
	args    rowArgs
}

// rowOp computes row i with the worker's scratch.
type rowOp func(b *Backend, a *rowArgs, s *scratch, i int)

// rowArgs are the operands of row operations; each uses those it needs.
type rowArgs struct {
	dst, x, y, w backend.Tensor
	kv           backend.KV
	eps          float32
}

func (j *rowJob) run(worker, index int) {
	for i := index * j.each; i < min(j.n, (index+1)*j.each); i++ {
		j.op(j.b, &j.args, &j.b.scratch[worker], i)
	}
}

// rowWork is the number of elements a piece should have at least, so that handing it out costs little beside it.
const rowWork = 8192

// eachRow runs op for n rows of cols elements.
func (b *Backend) eachRow(n, cols int, op rowOp, args rowArgs) {
	if n == 0 {
		return
	}
	j := &b.jobs.rows
	*j = rowJob{b: b, n: n, each: max(1, rowWork/max(1, cols)), op: op, args: args}
	b.pool.do(j, (n+j.each-1)/j.each)
}

// Gather copies rows; see backend.Backend. It panics if an index lies outside src.
func (b *Backend) Gather(dst, src, rows backend.Tensor) {
	backend.CheckGather(dst, src, rows)
	for i := range rows.Rows {
		if r := i32At(rows, i); r < 0 || r >= src.Rows {
			panic(fmt.Sprintf("cpu: gather: row %d: got index %d into %v", i, r, src))
		}
	}
	b.eachRow(dst.Rows, dst.Cols, gatherRow, rowArgs{dst: dst, x: src, y: rows})
}

func gatherRow(b *Backend, a *rowArgs, s *scratch, i int) {
	from := i32At(a.y, i)
	if a.dst.DType == a.x.DType && a.dst.DType.Size() == 2 {
		copy(u16Row(a.dst, i), u16Row(a.x, from))
		return
	}
	b.isa.storeRow(a.dst, i, b.isa.loadRow(a.x, from, &s.a))
}

// RMSNorm adds and normalises rows; see backend.Backend and rmsNorm.
func (b *Backend) RMSNorm(dst, x, add, w backend.Tensor, eps float32) {
	backend.CheckRMSNorm(dst, x, add, w)
	b.eachRow(x.Rows, x.Cols, rmsNormRow, rowArgs{dst: dst, x: x, y: add, w: w, eps: eps})
}

func rmsNormRow(b *Backend, a *rowArgs, s *scratch, i int) {
	var add []float32
	if !a.y.Zero() {
		add = f32Row(a.y, i)
	}
	out := targetRow(a.dst, i, &s.a)
	if v := b.isa.simd; v != nil {
		v.rmsNorm(s, out, f32Row(a.x, i), add, f32Row(a.w, 0), a.eps)
	} else {
		rmsNorm(out, f32Row(a.x, i), add, f32Row(a.w, 0), a.eps)
	}
	b.isa.storeRow(a.dst, i, out)
}

// Rope rotates heads by position; see backend.Backend and rope.
func (b *Backend) Rope(x, pos, table backend.Tensor) {
	backend.CheckRope(x, pos, table)
	for i := range pos.Rows {
		if p := i32At(pos, i); p < 0 || p >= table.Rows {
			panic(fmt.Sprintf("cpu: rope: row %d: got position %d, table %v", i, p, table))
		}
	}
	b.eachRow(x.Rows, x.Cols, ropeRow, rowArgs{x: x, y: pos, w: table})
}

func ropeRow(b *Backend, a *rowArgs, s *scratch, i int) {
	row := b.isa.loadRow(a.x, i, &s.a)
	table := f32Row(a.w, i32At(a.y, i))
	if v := b.isa.simd; v != nil && len(table)%(2*v.lanes) == 0 {
		v.rope(row, table)
	} else {
		rope(row, table)
	}
	b.isa.storeRow(a.x, i, row)
}

// StoreKV copies keys and values into pages; see backend.Backend and backend.KV.
func (b *Backend) StoreKV(kv backend.KV, k, v, slots backend.Tensor) {
	backend.CheckStoreKV(kv, k, v, slots)
	b.eachRow(k.Rows, 2*k.Cols, storeKVRow, rowArgs{x: k, y: v, w: slots, kv: kv})
}

func storeKVRow(_ *Backend, a *rowArgs, _ *scratch, i int) {
	page, offset := i32At(a.w, i)/backend.PageSize, i32At(a.w, i)%backend.PageSize
	size := a.kv.K.Cols
	for g := range a.kv.Heads {
		row := (page*a.kv.Heads+g)*backend.PageSize + offset
		copy(partBytes(&a.kv.K, row, 0, size), partBytes(&a.x, i, g*size, (g+1)*size))
		copy(partBytes(&a.kv.V, row, 0, size), partBytes(&a.y, i, g*size, (g+1)*size))
	}
}

// LogSoftmax computes log-probabilities; see backend.Backend and logSoftmax.
func (b *Backend) LogSoftmax(dst, x backend.Tensor) {
	backend.CheckLogSoftmax(dst, x)
	b.eachRow(x.Rows, x.Cols, logSoftmaxRow, rowArgs{dst: dst, x: x})
}

func logSoftmaxRow(b *Backend, a *rowArgs, s *scratch, i int) {
	if v := b.isa.simd; v != nil {
		v.logSoftmax(s, f32Row(a.dst, i), f32Row(a.x, i))
	} else {
		logSoftmax(f32Row(a.dst, i), f32Row(a.x, i))
	}
}
