package emu

import (
	"tiebreak/cuda/driver"
	"tiebreak/cuda/ptx"
	"tiebreak/tensor"
)

// Fragments. An 8x8 matrix of halves lies in one register: lane l holds two neighbours of row l/4, columns 2(l%4) and
// 2(l%4)+1, the lower column in the low half, so that all lanes together hold the matrix row by row. An m16n8k8 product takes
// A as two such matrices (rows 0-7, rows 8-15) and B as one that holds its columns as rows. C and D have four numbers a lane:
// (row l/4, columns 2(l%4) and 2(l%4)+1), then the same for row l/4+8. m16n8k16 takes the columns 8-15 of A, and the rows 8-15
// of B, as further matrices, and is computed as two products that follow each other.

// matrix is an 8x8 matrix of halves, widened.
type matrix [8][8]float32

// halves is the value of each 16-bit pattern of a type.
type halves [1 << 16]float32

var binary16Values, bfloat16Values = func() (f, b *halves) {
	f, b = new(halves), new(halves)
	for i := range f {
		f[i], b[i] = tensor.F16Value(uint16(i)), tensor.BF16Value(uint16(i))
	}
	return f, b
}()

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
	values := binary16Values
	if in.Types[1] == ptx.BF16 {
		values = bfloat16Values
	}
	watch := c.prog.mod.ctx.drv.opts.watchesNaN() && makesNaN(in)
	o.run = func(w *warp, o *op, mask uint32) {
		if w.whole(o, mask) {
			w.product(o, values, watch)
		}
	}
	return nil
}

// product computes D = A·B + C.
func (w *warp) product(o *op, values *halves, watch bool) {
	var acc [4]lanesF32
	w.readAccumulator(o, &acc)
	var upper, lower, b matrix
	for step := range o.rowsB {
		upper.widen(&w.rows[o.rowsA[2*step]], values)
		lower.widen(&w.rows[o.rowsA[2*step+1]], values)
		b.widen(&w.rows[o.rowsB[step]], values)
		multiply(&acc, &upper, &lower, &b)
	}
	if watch && hasNaN(&acc) {
		w.watchProduct(o, &acc)
	}
	w.writeAccumulator(o, &acc)
}

// lanesF32 is a binary32 number in each lane.
type lanesF32 [warpSize]float32

// widen reads a fragment.
func (m *matrix) widen(f *lanes, values *halves) {
	for l, v := range f {
		row := &m[l>>2]
		row[l&3*2] = values[uint16(v)]
		row[l&3*2+1] = values[uint16(v>>16)]
	}
}

// multiply adds the product of [upper; lower] and the transpose of b to an accumulator. The products of halves are exact in
// binary32; each sum is rounded, k rising.
func multiply(acc *[4]lanesF32, upper, lower, b *matrix) {
	for l := range warpSize {
		x, y := &upper[l>>2], &lower[l>>2]
		p, q := &b[l&3*2], &b[l&3*2+1]
		c0, c1, c2, c3 := acc[0][l], acc[1][l], acc[2][l], acc[3][l]
		for k := range 8 {
			c0 += x[k] * p[k]
			c1 += x[k] * q[k]
			c2 += y[k] * p[k]
			c3 += y[k] * q[k]
		}
		acc[0][l], acc[1][l], acc[2][l], acc[3][l] = c0, c1, c2, c3
	}
}

// readAccumulator reads C: four registers of binary32, or two of pairs of binary16.
func (w *warp) readAccumulator(o *op, acc *[4]lanesF32) {
	for j, r := range o.rowsC {
		row := &w.rows[r]
		if len(o.rowsC) == 4 {
			for l, v := range row {
				acc[j&3][l] = f32(v)
			}
			continue
		}
		for l, v := range row {
			acc[2*j&3][l] = binary16Values[uint16(v)]
			acc[(2*j+1)&3][l] = binary16Values[uint16(v>>16)]
		}
	}
}

// writeAccumulator writes D.
func (w *warp) writeAccumulator(o *op, acc *[4]lanesF32) {
	for j, r := range o.rowsD {
		row := &w.rows[r]
		if len(o.rowsD) == 4 {
			for l := range row {
				row[l] = of32(acc[j&3][l])
			}
			continue
		}
		for l := range row {
			row[l] = uint64(tensor.F16FromFloat32(acc[2*j&3][l])) | uint64(tensor.F16FromFloat32(acc[(2*j+1)&3][l]))<<16
		}
	}
}

// hasNaN reports whether any number of a product is a NaN or an infinity.
func hasNaN(acc *[4]lanesF32) bool {
	var sum float32
	for j := range acc {
		for _, v := range &acc[j] {
			sum += v - v
		}
	}
	return sum != sum
}

// watchProduct reports a NaN if all that went into the product was finite.
func (w *warp) watchProduct(o *op, acc *[4]lanesF32) {
	for i, rows := range [][]int32{o.rowsA, o.rowsB, o.rowsC} {
		for _, r := range rows {
			for _, v := range &w.rows[r] {
				if !finite(o.in.Types[i+1], v) {
					return
				}
			}
		}
	}
	for j := range acc {
		for l, v := range &acc[j] {
			if v != v {
				w.block.report(w, o, l, driver.LaunchFailed, "NaN made of finite numbers: mma, row %d column %d", l/4+j/2*8, l%4*2+j%2)
				return
			}
		}
	}
}
