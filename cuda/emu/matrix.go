package emu

import (
	"tiebreak/cuda/driver"
	"tiebreak/cuda/ptx"
)

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
