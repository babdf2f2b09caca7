package emu

import (
	"tiebreak/cuda/driver"
	"tiebreak/cuda/ptx"
)

// runWatched is runCompute for floating-point instructions when checks are on: a NaN made of finite numbers is a fault.
func runWatched(w *warp, o *op, mask uint32) {
	t := &w.scratch
	a, b, c := &w.rows[o.a], &w.rows[o.b], &w.rows[o.c]
	o.compute(t, a, b, c)
	if m := nans(o.in.Type(), t, mask); m != 0 {
		w.blame(o, m, a, b, c)
	}
	if mask == everyLane {
		w.rows[o.d] = *t
	} else {
		merge(&w.rows[o.d], t, mask)
	}
}

// blame reports the first lane of a mask whose operands are all finite.
func (w *warp) blame(o *op, mask uint32, a, b, c *lanes) {
	from := o.in.Type()
	if o.in.Op == ptx.Cvt {
		from = o.in.Types[1]
	}
	for m := mask; m != 0; m &= m - 1 {
		i := firstLane(m)
		if finite(from, a[i]) && (o.reads < 2 || finite(from, b[i])) && (o.reads < 3 || finite(from, c[i])) {
			w.block.report(w, o, i, driver.LaunchFailed, "NaN made of finite numbers: %v of %s", o.in.Op,
				listed(from, a[i], b[i], c[i], o.reads))
			return
		}
	}
}

// nans picks the lanes whose value is, or holds, a NaN.
func nans(t ptx.Type, v *lanes, mask uint32) (out uint32) {
	switch t {
	case ptx.F32:
		for i := range v {
			if uint32(v[i])&0x7fffffff > 0x7f800000 {
				out |= 1 << i
			}
		}
		return out & mask
	case ptx.F64:
		for i := range v {
			if v[i]&^(1<<63) > 0x7ff<<52 {
				out |= 1 << i
			}
		}
		return out & mask
	}
	for i := range v {
		if halfNaN(t, v[i]) {
			out |= 1 << i
		}
	}
	return out & mask
}

// halfNaN reports a NaN in a half, or in either half of a pair.
func halfNaN(t ptx.Type, v uint64) bool {
	infinity := uint64(0x7c00)
	if t == ptx.BF16 || t == ptx.BF16x2 {
		infinity = 0x7f80
	}
	return v&0x7fff > infinity || t.Size() == 4 && v>>16&0x7fff > infinity
}

// finite reports whether a value is a number below infinity, or both halves of a pair are; integers always are.
func finite(t ptx.Type, v uint64) bool {
	switch t {
	case ptx.F32:
		return v&0x7f800000 != 0x7f800000
	case ptx.F64:
		return v&(0x7ff<<52) != 0x7ff<<52
	case ptx.F16, ptx.F16x2:
		return v&0x7c00 != 0x7c00 && (t == ptx.F16 || v>>16&0x7c00 != 0x7c00)
	case ptx.BF16, ptx.BF16x2:
		return v&0x7f80 != 0x7f80 && (t == ptx.BF16 || v>>16&0x7f80 != 0x7f80)
	}
	return true
}

// listed prints the operands of a report.
func listed(t ptx.Type, a, b, c uint64, reads int) string {
	out := ""
	for i, v := range []uint64{a, b, c}[:reads] {
		if i > 0 {
			out += ", "
		}
		out += printed(t, v)
	}
	return out
}
