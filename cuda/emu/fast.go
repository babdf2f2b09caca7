package emu

import "tiebreak/tensor"

// fast holds loops over a warp for the commonest instructions, by opcode and modifiers. Each computes what the scalar
// function of its instruction does; TestFastIsScalar compares them.
var fast = map[string]func(d, a, b, c *lanes){
	"add.s32": add32, "add.u32": add32, "sub.s32": sub32, "sub.u32": sub32,
	"add.s64": add64, "add.u64": add64, "mul.lo.s32": mulLo32, "mad.lo.s32": madLo32, "mul.lo.u32": mulLo32,
	"mad.lo.u32": madLo32, "mul.wide.s32": mulWideS32, "mul.wide.u32": mulWideU32,
	"and.b32": and64, "or.b32": or64, "xor.b32": xor64, "and.b64": and64, "or.b64": or64,
	"shl.b32": shl32, "shr.u32": shr32, "shr.s32": shrS32, "shl.b64": shl64,
	"cvt.u64.u32": cvtU32U64, "cvt.s64.s32": cvtS64S32, "cvt.u32.u64": cvtU32U64,
	"mul.lo.s64": mulLo64, "cvt.u32.u16": cvtU32U16,
	"fma.rn.f32": fmaF32, "mul.f32": mulF32, "add.f32": addF32, "sub.f32": subF32, "mul.rn.f32": mulF32, "add.rn.f32": addF32,
	"sub.rn.f32": subF32, "max.f32": maxF32, "cvt.f32.f16": cvtF32F16, "cvt.rn.f16.f32": cvtF16F32, "ex2.approx.ftz.f32": ex2F32,
}

func add32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i]) + uint32(b[i]))
	}
}

func sub32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i]) - uint32(b[i]))
	}
}

func add64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] + b[i]
	}
}

func mulLo32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i]) * uint32(b[i]))
	}
}

func madLo32(d, a, b, c *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i])*uint32(b[i]) + uint32(c[i]))
	}
}

func mulWideS32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(int64(int32(a[i])) * int64(int32(b[i])))
	}
}

func mulWideU32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] * b[i]
	}
}

func and64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] & b[i]
	}
}

func or64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] | b[i]
	}
}

func xor64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] ^ b[i]
	}
}

func shl32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i]) << uint32(b[i]))
	}
}

func shl64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] << uint32(b[i])
	}
}

func shr32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i]) >> uint32(b[i]))
	}
}

func shrS32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(int32(a[i]) >> uint32(b[i])))
	}
}

func cvtU32U16(d, a, _, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint16(a[i]))
	}
}

func mulLo64(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = a[i] * b[i]
	}
}

func cvtS64S32(d, a, _, _ *lanes) {
	for i := range d {
		d[i] = uint64(int64(int32(a[i])))
	}
}

func cvtU32U64(d, a, _, _ *lanes) {
	for i := range d {
		d[i] = uint64(uint32(a[i]))
	}
}

func mulF32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = of32(f32(a[i]) * f32(b[i]))
	}
}

func addF32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = of32(f32(a[i]) + f32(b[i]))
	}
}

func subF32(d, a, b, _ *lanes) {
	for i := range d {
		d[i] = of32(f32(a[i]) - f32(b[i]))
	}
}

// fmaF32 rounds the exact product plus c first to binary64, then to binary32. That is the right result but where the first
// rounding lands half-way between two binary32 numbers or in their subnormal range: then the rest decides.
func fmaF32(d, a, b, c *lanes) {
	const (
		dropped = 1<<29 - 1 // bits of a binary64 fraction that binary32 lacks
		halfway = 1 << 28
		least   = 0x1p-126
	)
	for i := range d {
		x, y := float64(f32(a[i]))*float64(f32(b[i])), float64(f32(c[i]))
		s := x + y
		if of64(s)&dropped == halfway || s < least && s > -least {
			hi, lo := twoSum(x, y)
			s = odd(hi, lo)
		}
		d[i] = of32(float32(s))
	}
}

func maxF32(d, a, b, _ *lanes) {
	for i := range d {
		x, y := f32(a[i]), f32(b[i])
		switch {
		case x != x:
			x = y
		case y == y:
			x = max(x, y)
		}
		d[i] = of32(x)
	}
}

func cvtF32F16(d, a, _, _ *lanes) {
	for i := range d {
		d[i] = of32(binary16Values[uint16(a[i])])
	}
}

func cvtF16F32(d, a, _, _ *lanes) {
	for i := range d {
		v := f32(a[i])
		if v != v {
			d[i] = 0x7fff
			continue
		}
		d[i] = uint64(tensor.F16FromFloat32(v))
	}
}

func ex2F32(d, a, _, _ *lanes) {
	for i := range d {
		d[i] = of32(flush(float32(exp2(float64(flush(f32(a[i])))))))
	}
}

// fastTests does the same for comparisons.
var fastTests = map[string]func(a, b *lanes) uint32{
	"setp.eq.s32": func(a, b *lanes) (m uint32) {
		for i := range a {
			m |= bit(a[i] == b[i]) << i
		}
		return m
	},
	"setp.ne.s32": func(a, b *lanes) (m uint32) {
		for i := range a {
			m |= bit(a[i] != b[i]) << i
		}
		return m
	},
	"setp.lt.s32": func(a, b *lanes) (m uint32) {
		for i := range a {
			m |= bit(int32(a[i]) < int32(b[i])) << i
		}
		return m
	},
	"setp.lt.u32": func(a, b *lanes) (m uint32) {
		for i := range a {
			m |= bit(uint32(a[i]) < uint32(b[i])) << i
		}
		return m
	},
	"setp.le.s32": func(a, b *lanes) (m uint32) {
		for i := range a {
			m |= bit(int32(a[i]) <= int32(b[i])) << i
		}
		return m
	},
	"setp.ge.s32": func(a, b *lanes) (m uint32) {
		for i := range a {
			m |= bit(int32(a[i]) >= int32(b[i])) << i
		}
		return m
	},
	"setp.gt.s32": func(a, b *lanes) (m uint32) {
		for i := range a {
			m |= bit(int32(a[i]) > int32(b[i])) << i
		}
		return m
	},
}

// bit is 1 for true.
func bit(v bool) uint32 {
	if v {
		return 1
	}
	return 0
}
