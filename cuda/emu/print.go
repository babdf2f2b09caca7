package emu

import (
	"fmt"

	"tiebreak/cuda/ptx"
)

// printed writes the bits of a register as the value of a type.
func printed(t ptx.Type, v uint64) string {
	switch {
	case t == ptx.F32 || t == ptx.F64 || t == ptx.F16 || t == ptx.BF16:
		return fmt.Sprintf("%g", reader(t, false)(v))
	case t.Float():
		h := halfFormat(t)
		return fmt.Sprintf("(%g, %g)", h.value(v&0xffff), h.value(v>>16))
	case t.Signed():
		return fmt.Sprintf("%d", signed(v, t.Size()))
	}
	return fmt.Sprintf("%d", v)
}
