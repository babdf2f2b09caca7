package cpu

import (
	"tiebreak/backend"
	"tiebreak/tensor"
)

// gemmJob is a product by vector code. A piece is a block of rows of x against one panel of weights (a pair, if gated).
//
// Within a piece, K is cut into blocks so that the block of the panel stays near: all rows of the piece use it before the
// next one. Sums over a block are continued by the next from memory, which does not change them. Each output is therefore
// one sum, in the order of K, whatever the shape of tiles, pieces and blocks, and whoever computes it.
type gemmJob struct {
	b       *Backend
	dst     backend.Tensor // [T,N], or [T,F] if gated
	w       *weight
	ep      backend.Epilogue
	kernels [][]gemmKernel
	widen   func(dst *float32, src *byte, rows, n int) // nil: panels are read as they are
}

// Extents of blocks. They decide how fast a product is, not what it gives. Measured on Zen 4 with K = 576 to 8192.
const (
	mostRows   = 960 // rows of x that are packed at a time, so that scratch memory does not grow with the batch
	blockRows  = 120 // rows of x in a piece, a multiple of every instruction set's group
	blockSteps = 512 // of a panel that is read as it is: 96 KiB, which stay in the second-level cache
	wideSteps  = 128 // of a panel that is widened first, for many rows: tiles begin and end less often
	nearSteps  = 32  // the same for few rows: 12 KiB, which stay in the first-level cache
	fewRows    = 24
)

// multiply runs a product by vector code, some rows of x after the other.
func (b *Backend) multiply(dst, x backend.Tensor, w *weight, ep backend.Epilogue) {
	v := b.isa.simd
	j := &b.jobs.gemm
	*j = gemmJob{b: b, w: w, ep: ep, kernels: v.f32}
	pairs := v.bf16 != nil && x.DType == tensor.BF16 && w.dtype == tensor.BF16
	switch {
	case pairs:
		j.kernels = v.bf16
	case w.dtype == tensor.BF16:
		j.widen = v.widenPairsBF16
	case w.dtype == tensor.F16:
		j.widen = v.widenPairsF16
	}
	for from := 0; from < x.Rows; from += mostRows {
		to := min(x.Rows, from+mostRows)
		j.dst = dst.RowRange(from, to)
		b.packLeft(x.RowRange(from, to), pairs)
		b.pool.do(j, (to-from+blockRows-1)/blockRows*w.panels.count())
	}
}

func (j *gemmJob) run(worker, index int) {
	p := &j.w.panels
	block, panel := index/p.count(), index%p.count()
	from, to := block*blockRows, min(j.dst.Rows, (block+1)*blockRows)
	columns, padded := min(p.width, p.n-panel*p.width), p.padded(panel)
	dst := j.dst.RowRange(from, to).ColRange(panel*p.width, panel*p.width+columns)
	if dst.DType == tensor.F32 && columns == padded && !j.ep.Add && p.halves == 1 {
		j.columns(worker, sums{dst.Mem.(*memory).f32[dst.Offset:], dst.Stride}, p.panel(panel, 0), padded, from, to)
		return
	}
	size := (to - from) * padded
	tile := j.b.scratch[worker].sums.floats(p.halves * size)
	for half := range p.halves {
		j.columns(worker, sums{tile[half*size:], padded}, p.panel(panel, half), padded, from, to)
	}
	if p.halves == 2 {
		j.b.isa.simd.gate(&tile[0], 4*padded, &tile[size], 4*padded, to-from, padded)
	}
	j.b.isa.storeBlock(dst, sums{tile, padded}, j.ep.Add)
}

// sums is where a block of outputs is summed up: rows lie stride elements apart.
type sums struct {
	v      []float32
	stride int
}

// columns computes rows from to to of the product with one panel, block after block of K.
func (j *gemmJob) columns(worker int, c sums, panel []byte, padded, from, to int) {
	if j.widen == nil {
		for k := 0; k < j.w.panels.steps; k += blockSteps {
			j.tiles(c, panel[4*k*padded:], padded, from, to, k, min(blockSteps, j.w.panels.steps-k))
		}
		return
	}
	most := wideSteps
	if to-from <= fewRows {
		most = nearSteps
	}
	wide := &j.b.scratch[worker].wide
	wide.grow(8 * most * padded)
	for k := 0; k < j.w.panels.steps; k += most {
		n := min(most, j.w.panels.steps-k)
		j.widen(&wide.m.f32[0], &panel[4*k*padded], n, padded)
		j.tiles(c, wide.m.bytes, padded, from, to, 2*k, min(2*n, j.b.left.steps-2*k))
	}
}

// tiles adds steps k to k+n to the sums of rows from to to. The panel begins at step k.
func (j *gemmJob) tiles(c sums, panel []byte, padded, from, to, k, n int) {
	l := &j.b.left
	for r := from; r < to; r += l.group {
		t := tileRun{kernels: j.kernels, rows: min(l.group, to-r), a: l.at(r, k), aWidth: l.group, panel: panel, width: padded, steps: n}
		t.run(j.b.isa.simd, sums{c.v[(r-from)*c.stride:], c.stride}, k > 0)
	}
}

// tileRun is a product of rows with one panel: a is [steps][aWidth], its first rows counting, and panel is [steps][width].
type tileRun struct {
	kernels       [][]gemmKernel
	rows, steps   int
	a, panel      []byte
	aWidth, width int
}

// run covers the rows by tiles, the highest first. With add, sums are added to.
func (t *tileRun) run(v *simd, c sums, add bool) {
	for r, h := 0, 0; r < t.rows; {
		height := v.heights[h]
		if height > t.rows-r {
			h++
			continue
		}
		t.kernels[h][t.width/v.lanes-1](&c.v[r*c.stride], 4*c.stride, &t.a[4*r], 4*t.aWidth, &t.panel[0], 4*t.width, t.steps, add)
		r += height
	}
}

// storeBlock rounds sums to dst, or adds them.
func (i *isa) storeBlock(dst backend.Tensor, c sums, add bool) {
	v, m := i.simd, dst.Mem.(*memory)
	n := whole(dst.Cols, v.lanes)
	if n > 0 {
		switch {
		case add:
			v.add(&m.f32[dst.Offset], 4*dst.Stride, &c.v[0], 4*c.stride, dst.Rows, n)
		case dst.DType != tensor.F32:
			v.narrowTo(dst.DType)(&m.bytes[2*dst.Offset], 2*dst.Stride, &c.v[0], 4*c.stride, dst.Rows, n)
		default:
			n = 0
		}
	}
	if n == dst.Cols {
		return
	}
	rest := dst.ColRange(n, dst.Cols)
	for r := range dst.Rows {
		i.storeRest(rest, r, c.v[r*c.stride+n:r*c.stride+dst.Cols], add)
	}
}

// storeRest is storeBlock for a part of one row.
func (i *isa) storeRest(dst backend.Tensor, r int, c []float32, add bool) {
	if !add {
		i.storeRow(dst, r, c)
		return
	}
	for n, row := 0, f32Row(dst, r); n < len(row); n++ {
		row[n] += c[n]
	}
}
