package cpu

import (
	"tiebreak/backend"
	"tiebreak/tensor"
)

// This file brings queries, keys and values into the order that the kernels of a flashPiece want, and results back.

// loadQueries fills the panel of a block; lanes without a column are 0.
func (p *flashPiece) loadQueries(blk *flashBlock) {
	rows := p.rows.grow(4 * p.steps * blk.width)
	for i := range blk.width {
		row := rows[4*p.steps*i : 4*p.steps*(i+1)]
		if i < blk.n {
			p.copyRow(row, p.column(&p.q, blk.first+i))
		} else {
			clear(row)
		}
	}
	panel := blk.q.grow(4 * p.steps * blk.width)
	for i := 0; i < blk.width; i += 8 {
		p.b.isa.simd.transpose(&panel[4*i], 4*blk.width, &rows[4*p.steps*i], 4*p.steps, p.steps)
	}
}

// column is the query, or the result, of column c: one head of one row, as bytes.
func (p *flashPiece) column(t *backend.Tensor, c int) []byte {
	size, head := p.kv.K.Cols, p.head*p.group+c%p.group
	return partBytes(t, p.span.Start+c/p.group, head*size, (head+1)*size)
}

// copyRow copies a query or a key as elements of 4 bytes, with 0 behind it.
func (p *flashPiece) copyRow(dst, src []byte) {
	n := len(src)
	if p.pairs || p.q.DType == tensor.F32 {
		copy(dst, src)
	} else {
		n *= 2
		p.b.isa.widen(tensor.CastFloat32(dst[:n]), tensor.CastUint16(src), p.q.DType)
	}
	clear(dst[n:])
}

// slot is the row of K and V that holds a position.
func (p *flashPiece) slot(pos int) int {
	page := int(p.pages[pos/backend.PageSize])
	return (page*p.kv.Heads+p.head)*backend.PageSize + pos%backend.PageSize
}

// loadKeys brings n keys from position start on into order, eight at a time; a page holds two times eight.
func (p *flashPiece) loadKeys(start, n int) {
	keys := p.keys.grow(4 * p.steps * tileKeys)
	k, size := p.kv.K, p.kv.K.DType.Size()
	for i := 0; i < n; i += 8 {
		slot := p.slot(start + i)
		if i+8 <= n && (p.pairs || k.DType == tensor.F32) && k.Cols*size == 4*p.steps {
			src := k.Mem.(*memory).bytes[(k.Offset+slot*k.Stride)*size:]
			p.b.isa.simd.transpose(&keys[4*i], 4*tileKeys, &src[0], k.Stride*size, p.steps)
			continue
		}
		rows := p.rows.grow(8 * 4 * p.steps)
		clear(rows[:8*4*p.steps])
		for r := range min(8, n-i) {
			p.copyRow(rows[4*p.steps*r:4*p.steps*(r+1)], rowBytes(k, slot+r))
		}
		p.b.isa.simd.transpose(&keys[4*i], 4*tileKeys, &rows[0], 4*p.steps, p.steps)
	}
}

// loadValues brings n values from position start on into order. The pair of a last value is 0.
func (p *flashPiece) loadValues(start, n int) {
	size := p.kv.V.Cols
	values := p.values.floats(tileKeys * size)
	if !p.pairs {
		for i := range n {
			row := values[i*size : (i+1)*size]
			copy(row, p.b.isa.loadRow(p.kv.V, p.slot(start+i), &row))
		}
		return
	}
	none := p.rows.grow(2 * size)
	clear(none[:2*size])
	bytes, step := p.kv.V.Mem.(*memory).bytes, 2*p.kv.V.Stride
	for i := 0; i < n; i += backend.PageSize {
		even := bytes[2*p.kv.V.Offset+p.slot(start+i)*step:]
		count := min(backend.PageSize, n-i)
		if count >= 2 {
			p.b.isa.simd.interleave(&values[i/2*size], 4*size, &even[0], 2*step, &even[step], 2*step, count/2, size)
		}
		if count%2 == 1 {
			at := (i + count) / 2 * size
			p.b.isa.simd.interleave(&values[at], 4*size, &even[(count-1)*step], 0, &none[0], 0, 1, size)
		}
	}
}

// turn transposes out [D][width] to rows [width][D].
func (p *flashPiece) turn(rows []float32, out *memory, width int) {
	size := p.kv.V.Cols
	whole := whole(size, 8)
	for d := 0; d < whole; d += 8 {
		p.b.isa.simd.transpose(&p.rows.m.bytes[4*d], 4*size, &out.bytes[4*d*width], 4*width, width)
	}
	for d := whole; d < size; d++ {
		for c := range width {
			rows[c*size+d] = out.f32[d*width+c]
		}
	}
}
