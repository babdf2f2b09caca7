package study

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	"tiebreak/cuda/ptx"
)

// show prints a register's values in the lanes of a warp, as briefly as they allow: one value where all lanes agree, a
// start and a step where they rise evenly, else the first few.
func show(t ptx.Type, v *[warpSize]uint64) string {
	if t == ptx.Pred {
		return showPredicate(v)
	}
	if same(v) {
		return number(t, v[0])
	}
	if step, ok := rising(t, v); ok {
		return fmt.Sprintf("%s %+d per lane", number(t, v[0]), step)
	}
	var first []string
	for _, x := range v[:4] {
		first = append(first, number(t, x))
	}
	return strings.Join(first, ", ") + ", …"
}

// showPredicate prints a predicate as true, false, or the lanes where it holds, lane 0 last.
func showPredicate(v *[warpSize]uint64) string {
	var mask uint32
	for lane, x := range v {
		mask |= uint32(x&1) << lane
	}
	switch mask {
	case 0:
		return "false"
	case math.MaxUint32:
		return "true"
	}
	return fmt.Sprintf("true in %d lanes (%08x)", bits.OnesCount32(mask), mask)
}

func same(v *[warpSize]uint64) bool {
	for _, x := range v {
		if x != v[0] {
			return false
		}
	}
	return true
}

// rising reports integers that differ by the same amount from lane to lane.
func rising(t ptx.Type, v *[warpSize]uint64) (step int64, ok bool) {
	if t.Float() {
		return 0, false
	}
	step = int64(v[1] - v[0])
	for i := range v[1:] {
		if int64(v[i+1]-v[i]) != step {
			return 0, false
		}
	}
	return step, true
}

// number prints one value: as a real number if the register's type says so, else in hexadecimal, and where that is easier
// to read as a signed number beside it. A register of 32 bits may hold a float without its type saying so.
func number(t ptx.Type, v uint64) string {
	switch t {
	case ptx.F32:
		return fmt.Sprintf("%g", math.Float32frombits(uint32(v)))
	case ptx.F64:
		return fmt.Sprintf("%g", math.Float64frombits(v))
	}
	width := 2 * t.Size()
	signed := int64(v<<(64-8*t.Size())) >> (64 - 8*t.Size())
	if signed >= -1<<20 && signed < 1<<20 {
		return fmt.Sprintf("%d", signed)
	}
	return fmt.Sprintf("0x%0*x", width, v)
}
