package emu

import (
	"fmt"

	"tiebreak/cuda/driver"
	"tiebreak/cuda/ptx"
)

// makesNaN reports whether an instruction can make a NaN of finite numbers. Sums and products cannot, fused or not: they give
// an infinity at most. What is left are 0/0 and functions outside their domain, and sums of bfloat16 products in mma, which
// can overflow both ways.
func makesNaN(in *ptx.Instruction) bool {
	switch in.Op {
	case ptx.Div, ptx.Sqrt, ptx.Rsqrt, ptx.Lg2:
		return in.Type() == ptx.F32 || in.Type() == ptx.F64
	case ptx.Mma:
		return in.Types[1] == ptx.BF16
	}
	return false
}

// runWatched is runCompute for such instructions when checks are on: a NaN made of finite numbers is a fault.
func runWatched(w *warp, o *op, mask uint32) {
	t := &w.scratch
	a, b := &w.rows[o.a], &w.rows[o.b]
	o.compute(t, a, b, &w.rows[o.c])
	for m := mask; m != 0; m &= m - 1 {
		i := firstLane(m)
		if n := o.in.Type(); nan(n, t[i]) && finite(n, a[i]) && finite(n, b[i]) {
			w.block.report(w, o, i, driver.LaunchFailed, "NaN made of finite numbers: %v of %s", o.in.Op, listed(n, o.reads, a[i], b[i]))
			return
		}
	}
	merge(&w.rows[o.d], t, mask)
}

// nan reports whether bits are a NaN of binary32 or binary64.
func nan(t ptx.Type, v uint64) bool {
	if t == ptx.F64 {
		return v&^(1<<63) > 0x7ff<<52
	}
	return v&0x7fffffff > 0x7f800000
}

// finite reports whether bits are a number below infinity, or a pair of bfloat16 numbers that both are.
func finite(t ptx.Type, v uint64) bool {
	switch t {
	case ptx.F64:
		return v&(0x7ff<<52) != 0x7ff<<52
	case ptx.BF16:
		return v&0x7f80 != 0x7f80 && v>>16&0x7f80 != 0x7f80
	}
	return v&0x7f800000 != 0x7f800000
}

// listed prints the operands of a report.
func listed(t ptx.Type, reads int, a, b uint64) string {
	read := reader(t, false)
	if reads == 1 {
		return fmt.Sprintf("%g", read(a))
	}
	return fmt.Sprintf("%g, %g", read(a), read(b))
}
