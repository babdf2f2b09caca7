package emu

import (
	"tiebreak/cuda/driver"
	"tiebreak/cuda/ptx"
	"tiebreak/tensor"
)

// Fragments. In an 8x8 matrix of halves lane l holds two neighbours of row l/4: columns 2(l%4) and 2(l%4)+1, the lower
// column in the low half. An m16n8k8 product takes A as two such matrices (rows 0-7, rows 8-15), B as one that holds its
// columns as rows, and C and D as four numbers a lane: (row l/4, columns 2(l%4), +1), then the same for row l/4+8.
// m16n8k16 takes the columns 8-15 of A, and the rows 8-15 of B, as further matrices.

// compileLdmatrix compiles the load of one, two or four 8x8 matrices; lane 8j+i gives the address of row i of matrix j.
func compileLdmatrix(c *compiler, in *ptx.Instruction, o *op) (err error) {
	if o.rowsD, err = c.vector(in.Operands[0], ptx.B32, true); err != nil {
		return err
	}
	if o.mem, err = c.address(in.Operands[1], ptx.Shared, 16, 1); err != nil {
		return err
	}
	rows := everyLane >> (warpSize - 8*len(o.rowsD))
	move := (*warp).scatterRows
	if in.Has("trans") {
		move = (*warp).scatterColumns
	}
	o.run = func(w *warp, o *op, mask uint32) {
		if !w.whole(o, mask) {
			return
		}
		w.touch(o, o.mem, rows, func(*piece) {
			for j, d := range o.rowsD {
				move(w, &w.rows[d], w.addr[8*j:8*j+8])
			}
		})
	}
	return nil
}

// whole checks that all 32 lanes execute an instruction together.
func (w *warp) whole(o *op, mask uint32) bool {
	if mask == everyLane {
		return true
	}
	w.block.report(w, o, firstLane(mask), driver.LaunchFailed, "divergent %v: lanes %#08x execute it, all 32 must", o.in.Op, mask)
	return false
}

// scatterRows gives each lane its pair of the matrix whose rows begin at the addresses.
func (w *warp) scatterRows(d *lanes, rows []uint64) {
	for r, at := range rows {
		row := w.block.shared[at : at+16]
		for k := range 4 {
			d[4*r+k] = uint64(le.Uint32(row[4*k:]))
		}
	}
}

// scatterColumns does the same for the transposed matrix.
func (w *warp) scatterColumns(d *lanes, rows []uint64) {
	for k := range 4 {
		lo := w.block.shared[rows[2*k] : rows[2*k]+16]
		hi := w.block.shared[rows[2*k+1] : rows[2*k+1]+16]
		for r := range 8 {
			d[4*r+k] = uint64(le.Uint16(lo[2*r:])) | uint64(le.Uint16(hi[2*r:]))<<16
		}
	}
}

// compileMma compiles the product of fragments.
func compileMma(c *compiler, in *ptx.Instruction, o *op) (err error) {
	for i, rows := range []*[]int32{&o.rowsD, &o.rowsA, &o.rowsB, &o.rowsC} {
		t := ptx.B32
		if i == 3 && in.Types[3] == ptx.F32 {
			t = ptx.F32
		}
		if *rows, err = c.vector(in.Operands[i], t, i == 0); err != nil {
			return err
		}
	}
	convert := tensor.F16Value
	if in.Types[1] == ptx.BF16 {
		convert = tensor.BF16Value
	}
	watch := c.prog.mod.ctx.drv.opts.watchesNaN()
	o.run = func(w *warp, o *op, mask uint32) {
		if !w.whole(o, mask) {
			return
		}
		var acc [16][8]float32
		w.readAccumulator(o, &acc)
		var a [16][8]float32
		var b [8][8]float32
		for step := range len(o.rowsB) {
			expand(&a, 0, &w.rows[o.rowsA[2*step]], convert)
			expand(&a, 8, &w.rows[o.rowsA[2*step+1]], convert)
			expandColumns(&b, &w.rows[o.rowsB[step]], convert)
			multiply(&acc, &a, &b)
		}
		if watch && hasNaN(&acc) {
			w.watchProduct(o, &acc)
		}
		w.writeAccumulator(o, &acc)
	}
	return nil
}

// expand writes an 8x8 fragment into rows from the first one on.
func expand(m *[16][8]float32, first int, f *lanes, convert func(uint16) float32) {
	for l, v := range f {
		row := &m[(first+l/4)&15]
		k := l % 4 * 2
		row[k] = convert(uint16(v))
		row[k+1] = convert(uint16(v >> 16))
	}
}

// expandColumns writes a fragment of B, whose lanes hold pairs of a column, by rows.
func expandColumns(m *[8][8]float32, f *lanes, convert func(uint16) float32) {
	for l, v := range f {
		k := l % 4 * 2
		m[k][l/4] = convert(uint16(v))
		m[k+1][l/4] = convert(uint16(v >> 16))
	}
}

// multiply adds a·b to acc. The products are exact; each sum is rounded to binary32, k rising.
func multiply(acc, a *[16][8]float32, b *[8][8]float32) {
	for i := range acc {
		c := acc[i]
		for k, x := range &a[i] {
			row := &b[k]
			c[0] += x * row[0]
			c[1] += x * row[1]
			c[2] += x * row[2]
			c[3] += x * row[3]
			c[4] += x * row[4]
			c[5] += x * row[5]
			c[6] += x * row[6]
			c[7] += x * row[7]
		}
		acc[i] = c
	}
}

// readAccumulator spreads C over rows and columns.
func (w *warp) readAccumulator(o *op, acc *[16][8]float32) {
	for j, r := range o.rowsC {
		row := &w.rows[r]
		for l, v := range row {
			i, n := l/4, l%4*2
			switch {
			case len(o.rowsC) == 4:
				acc[i+8*(j/2)][n+j%2] = f32(v)
			default:
				acc[i+8*j][n] = tensor.F16Value(uint16(v))
				acc[i+8*j][n+1] = tensor.F16Value(uint16(v >> 16))
			}
		}
	}
}

// writeAccumulator gathers D.
func (w *warp) writeAccumulator(o *op, acc *[16][8]float32) {
	for j, r := range o.rowsD {
		row := &w.rows[r]
		for l := range row {
			i, n := l/4, l%4*2
			if len(o.rowsD) == 4 {
				row[l] = of32(acc[i+8*(j/2)][n+j%2])
			} else {
				row[l] = uint64(tensor.F16FromFloat32(acc[i+8*j][n])) | uint64(tensor.F16FromFloat32(acc[i+8*j][n+1]))<<16
			}
		}
	}
}

// hasNaN reports whether any number of a product is a NaN.
func hasNaN(acc *[16][8]float32) bool {
	var sum float32
	for i := range acc {
		for _, v := range &acc[i] {
			sum += v - v // a NaN or an infinity makes this a NaN
		}
	}
	return sum != sum
}

// watchProduct reports a NaN if all that went into the product was finite.
func (w *warp) watchProduct(o *op, acc *[16][8]float32) {
	half, c := o.in.Types[1], o.in.Types[3]
	pair := map[ptx.Type]ptx.Type{ptx.F16: ptx.F16x2, ptx.BF16: ptx.BF16x2, ptx.F32: ptx.F32}
	for _, in := range []struct {
		rows []int32
		t    ptx.Type
	}{{o.rowsA, pair[half]}, {o.rowsB, pair[half]}, {o.rowsC, pair[c]}} {
		for _, r := range in.rows {
			for _, v := range &w.rows[r] {
				if !finite(in.t, v) {
					return
				}
			}
		}
	}
	for i := range acc {
		for n, v := range &acc[i] {
			if v != v {
				w.block.report(w, o, i%8*4+n/2, driver.LaunchFailed, "NaN made of finite numbers: mma, row %d column %d", i, n)
				return
			}
		}
	}
}
