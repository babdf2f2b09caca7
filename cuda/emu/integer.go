package emu

import (
	"math"
	"math/bits"

	"tiebreak/cuda/ptx"
)

// The meanings of integer and bit instructions. Values come zero-extended from the width of their type.

// narrow cuts the result of a scalar function to a type's width.
func narrow(t ptx.Type, f scalar) scalar {
	mask := widthMask(t.Size())
	return func(a, b, c uint64) uint64 { return f(a, b, c) & mask }
}

// onSigned lets a function see its operands with their signs.
func onSigned(t ptx.Type, f func(a, b, c int64) int64) scalar {
	n := t.Size()
	return narrow(t, func(a, b, c uint64) uint64 { return uint64(f(signed(a, n), signed(b, n), signed(c, n))) })
}

func addInteger(in *ptx.Instruction) scalar {
	if in.Has("sat") {
		return onSigned(ptx.S32, func(a, b, _ int64) int64 { return clampS32(a + b) })
	}
	return narrow(in.Type(), func(a, b, _ uint64) uint64 { return a + b })
}

func subInteger(in *ptx.Instruction) scalar {
	if in.Has("sat") {
		return onSigned(ptx.S32, func(a, b, _ int64) int64 { return clampS32(a - b) })
	}
	return narrow(in.Type(), func(a, b, _ uint64) uint64 { return a - b })
}

func clampS32(v int64) int64 { return min(max(v, math.MinInt32), math.MaxInt32) }

// mulInteger covers mul and mad: the product's low or high half, or all of it, plus c.
func mulInteger(in *ptx.Instruction) scalar {
	t := in.Type()
	n := t.Size()
	switch {
	case in.Has("lo"):
		return narrow(t, func(a, b, c uint64) uint64 { return a*b + c })
	case in.Has("wide") && t.Signed():
		return narrow(wide(t), func(a, b, c uint64) uint64 { return uint64(signed(a, n)*signed(b, n)) + c })
	case in.Has("wide"):
		return narrow(wide(t), func(a, b, c uint64) uint64 { return a*b + c })
	case n < 8 && t.Signed():
		return narrow(t, func(a, b, c uint64) uint64 { return uint64(signed(a, n)*signed(b, n)>>(8*n)) + c })
	case n < 8:
		return narrow(t, func(a, b, c uint64) uint64 { return a*b>>(8*n) + c })
	case t.Signed():
		return func(a, b, c uint64) uint64 {
			hi, _ := bits.Mul64(a, b)
			return hi - a*(b>>63) - b*(a>>63) + c
		}
	}
	return func(a, b, c uint64) uint64 {
		hi, _ := bits.Mul64(a, b)
		return hi + c
	}
}

// divInteger gives all ones for a division by 0, as hardware does; the manual leaves it open.
func divInteger(in *ptx.Instruction) scalar {
	if !in.Type().Signed() {
		return narrow(in.Type(), func(a, b, _ uint64) uint64 {
			if b == 0 {
				return ^uint64(0)
			}
			return a / b
		})
	}
	return onSigned(in.Type(), func(a, b, _ int64) int64 {
		if b == 0 {
			return -1
		}
		if b == -1 {
			return -a
		}
		return a / b
	})
}

// remInteger gives the dividend for a remainder by 0.
func remInteger(in *ptx.Instruction) scalar {
	if !in.Type().Signed() {
		return func(a, b, _ uint64) uint64 {
			if b == 0 {
				return a
			}
			return a % b
		}
	}
	return onSigned(in.Type(), func(a, b, _ int64) int64 {
		switch b {
		case 0:
			return a
		case -1:
			return 0
		}
		return a % b
	})
}

func absInteger(in *ptx.Instruction) scalar {
	return onSigned(in.Type(), func(a, _, _ int64) int64 { return max(a, -a) })
}

func negInteger(in *ptx.Instruction) scalar {
	return onSigned(in.Type(), func(a, _, _ int64) int64 { return -a })
}

func minInteger(in *ptx.Instruction) scalar {
	if in.Type().Signed() {
		return onSigned(in.Type(), func(a, b, _ int64) int64 { return min(a, b) })
	}
	return func(a, b, _ uint64) uint64 { return min(a, b) }
}

func maxInteger(in *ptx.Instruction) scalar {
	if in.Type().Signed() {
		return onSigned(in.Type(), func(a, b, _ int64) int64 { return max(a, b) })
	}
	return func(a, b, _ uint64) uint64 { return max(a, b) }
}

func and(*ptx.Instruction) scalar { return func(a, b, _ uint64) uint64 { return a & b } }
func or(*ptx.Instruction) scalar  { return func(a, b, _ uint64) uint64 { return a | b } }
func xor(*ptx.Instruction) scalar { return func(a, b, _ uint64) uint64 { return a ^ b } }
func not(in *ptx.Instruction) scalar {
	return narrow(in.Type(), func(a, _, _ uint64) uint64 { return ^a })
}

// shl and shr clamp the distance to the width.
func shl(in *ptx.Instruction) scalar {
	return narrow(in.Type(), func(a, b, _ uint64) uint64 { return a << uint32(b) })
}

func shr(in *ptx.Instruction) scalar {
	if in.Type().Signed() {
		n := in.Type().Size()
		return narrow(in.Type(), func(a, b, _ uint64) uint64 { return uint64(signed(a, n) >> uint32(b)) })
	}
	return func(a, b, _ uint64) uint64 { return a >> uint32(b) }
}

// shf shifts the pair b:a and gives its upper half (l) or lower half (r).
func shf(in *ptx.Instruction) scalar {
	distance := func(c uint64) uint64 { return min(uint64(uint32(c)), 32) }
	if in.Has("wrap") {
		distance = func(c uint64) uint64 { return c & 31 }
	}
	if in.Has("l") {
		return func(a, b, c uint64) uint64 { return (b<<32 | a) << distance(c) >> 32 }
	}
	return narrow(ptx.B32, func(a, b, c uint64) uint64 { return (b<<32 | a) >> distance(c) })
}

func popc(*ptx.Instruction) scalar {
	return func(a, _, _ uint64) uint64 { return uint64(bits.OnesCount64(a)) }
}

func clz(in *ptx.Instruction) scalar {
	above := 64 - 8*in.Type().Size()
	return func(a, _, _ uint64) uint64 { return uint64(bits.LeadingZeros64(a) - above) }
}

func brev(in *ptx.Instruction) scalar {
	above := 64 - 8*in.Type().Size()
	return func(a, _, _ uint64) uint64 { return bits.Reverse64(a) >> above }
}

// bfind finds the highest bit that differs from the sign; all ones if there is none.
func bfind(in *ptx.Instruction) scalar {
	t := in.Type()
	top := 8*t.Size() - 1
	shift := in.Has("shiftamt")
	return func(a, _, _ uint64) uint64 {
		if t.Signed() && a>>top&1 == 1 {
			a = ^a & widthMask(t.Size())
		}
		n := bits.Len64(a) - 1
		if n < 0 {
			return math.MaxUint32
		}
		if shift {
			n = top - n
		}
		return uint64(n)
	}
}

// bfe extracts c bits from bit b on; the sign of the field, or of the value where the field leaves it, is extended.
func bfe(in *ptx.Instruction) scalar {
	t := in.Type()
	top := uint64(8*t.Size() - 1)
	return func(a, b, c uint64) uint64 {
		pos, n := b&255, c&255
		field := uint64(0)
		if pos <= top {
			field = a >> pos
		}
		if n < 64 {
			field &= 1<<n - 1
		}
		if !t.Signed() || n == 0 {
			return field
		}
		if a>>min(pos+n-1, top)&1 == 1 {
			field |= ^uint64(0) << min(n, top+1-min(pos, top+1))
		}
		return field & widthMask(t.Size())
	}
}

// prmt picks four bytes of the pair b:a; bit 3 of a selector repeats the byte's sign.
func prmt(*ptx.Instruction) scalar {
	return func(a, b, c uint64) uint64 {
		all, out := b<<32|a, uint64(0)
		for i := range 4 {
			sel := c >> (4 * i) & 15
			v := all >> (8 * (sel & 7)) & 255
			if sel&8 != 0 {
				v = 255 * (v >> 7)
			}
			out |= v << (8 * i)
		}
		return out
	}
}
