package emu

import (
	"math"

	"tiebreak/cuda/ptx"
)

// number is arithmetic on values: its result is rounded to the type of the instruction once.
type number func(a, b, c float64) float64

// arithmetic builds the scalar function of a floating-point instruction from its meaning in binary64. For half types that
// is exact but for one rounding; sum does the additions where it would not be.
func arithmetic(in *ptx.Instruction, f number) scalar {
	switch in.Type() {
	case ptx.F64:
		return func(a, b, c uint64) uint64 { return of64(f(f64(a), f64(b), f64(c))) }
	case ptx.F32:
		return single(in, func(a, b, c float32) float32 { return float32(f(float64(a), float64(b), float64(c))) })
	case ptx.F16, ptx.BF16:
		return half(in, f)
	}
	h := half(in, f)
	return func(a, b, c uint64) uint64 {
		return h(a&0xffff, b&0xffff, c&0xffff) | h(a>>16, b>>16, c>>16)<<16
	}
}

// single wraps binary32 arithmetic in the instruction's .ftz and .sat.
func single(in *ptx.Instruction, f func(a, b, c float32) float32) scalar {
	g := f
	if in.Has("ftz") {
		g = func(a, b, c float32) float32 { return flush(f(flush(a), flush(b), flush(c))) }
	}
	if in.Has("sat") {
		return func(a, b, c uint64) uint64 { return of32(saturate(g(f32(a), f32(b), f32(c)))) }
	}
	return func(a, b, c uint64) uint64 { return of32(g(f32(a), f32(b), f32(c))) }
}

// half computes on one 16-bit number.
func half(in *ptx.Instruction, f number) scalar {
	h := halfFormat(in.Type())
	sat, relu := in.Has("sat"), in.Has("relu")
	return func(a, b, c uint64) uint64 {
		v := f(h.value(a), h.value(b), h.value(c))
		if sat {
			v = float64(saturate(float32(v)))
		}
		if relu && !(v > 0) && v == v {
			v = 0
		}
		return h.round(v, ptx.RN)
	}
}

// flush replaces a subnormal number by a zero of its sign.
func flush(v float32) float32 {
	if bits := math.Float32bits(v); bits&0x7f800000 == 0 {
		return math.Float32frombits(bits & 0x80000000)
	}
	return v
}

// saturate clamps to 0…1; a NaN becomes 0.
func saturate(v float32) float32 {
	if !(v > 0) {
		return 0
	}
	return min(v, 1)
}

func addFloat(in *ptx.Instruction) scalar {
	if in.Type() == ptx.F32 {
		return sum(in, func(a, b, _ float64) (float64, float64) { return a, b })
	}
	return arithmetic(in, func(a, b, _ float64) float64 { return a + b })
}

func subFloat(in *ptx.Instruction) scalar {
	if in.Type() == ptx.F32 {
		return sum(in, func(a, b, _ float64) (float64, float64) { return a, -b })
	}
	return arithmetic(in, func(a, b, _ float64) float64 { return a - b })
}

func mulFloat(in *ptx.Instruction) scalar {
	if in.Type() == ptx.F32 && directed(in.Round) {
		return single(in, func(a, b, _ float32) float32 { return roundPair(float64(a)*float64(b), 0, in.Round) })
	}
	return arithmetic(in, func(a, b, _ float64) float64 { return a * b })
}

// fmaFloat covers fma and mad, which are the same on every device here.
func fmaFloat(in *ptx.Instruction) scalar {
	switch in.Type() {
	case ptx.F32:
		return sum(in, func(a, b, c float64) (float64, float64) { return a * b, c })
	case ptx.F64:
		return arithmetic(in, math.FMA)
	}
	return arithmetic(in, func(a, b, c float64) float64 { return addOdd(a*b, c) })
}

// sum is a binary32 instruction whose exact result is a sum of two binary64 numbers.
func sum(in *ptx.Instruction, terms func(a, b, c float64) (float64, float64)) scalar {
	mode := in.Round
	return single(in, func(a, b, c float32) float32 {
		x, y := terms(float64(a), float64(b), float64(c))
		if mode == ptx.RM && x == -y && math.Signbit(x) != math.Signbit(y) {
			return float32(math.Copysign(0, -1)) // the one case in which the sign of a sum depends on the mode
		}
		hi, lo := twoSum(x, y)
		return roundPair(hi, lo, mode)
	})
}

func directed(r ptx.Round) bool { return r == ptx.RZ || r == ptx.RM || r == ptx.RP }

func divFloat(in *ptx.Instruction) scalar {
	if in.Type() == ptx.F32 {
		return single(in, func(a, b, _ float32) float32 { return a / b })
	}
	return arithmetic(in, func(a, b, _ float64) float64 { return a / b })
}

func absFloat(in *ptx.Instruction) scalar {
	return signBits(in, func(v, sign uint64) uint64 { return v &^ sign })
}

func negFloat(in *ptx.Instruction) scalar {
	return signBits(in, func(v, sign uint64) uint64 { return v ^ sign })
}

// signBits changes sign bits alone, in a pair the signs of both halves.
func signBits(in *ptx.Instruction, f func(v, sign uint64) uint64) scalar {
	if in.Has("ftz") {
		return single(in, func(a, _, _ float32) float32 { return f32(f(of32(a), 1<<31)) })
	}
	sign := map[ptx.Type]uint64{ptx.F16: 1 << 15, ptx.BF16: 1 << 15, ptx.F16x2: 1<<31 | 1<<15, ptx.BF16x2: 1<<31 | 1<<15,
		ptx.F32: 1 << 31, ptx.F64: 1 << 63}[in.Type()]
	return func(a, _, _ uint64) uint64 { return f(a, sign) }
}

// minFloat and maxFloat prefer the operand that is a number, unless .NaN asks otherwise; -0 lies below +0.
func minFloat(in *ptx.Instruction) scalar { return pick(in, math.Min) }
func maxFloat(in *ptx.Instruction) scalar { return pick(in, math.Max) }

func pick(in *ptx.Instruction, f func(a, b float64) float64) scalar {
	propagate := in.Has("NaN")
	return arithmetic(in, func(a, b, _ float64) float64 {
		if !propagate && a != a {
			return b
		}
		if !propagate && b != b {
			return a
		}
		return f(a, b)
	})
}

// The approximate instructions: binary64, rounded once.

func ex2(in *ptx.Instruction) scalar {
	return arithmetic(in, func(a, _, _ float64) float64 { return exp2(a) })
}

// exp2 is 2^x to within 2^-36, ten times as fast as math.Exp2: the Taylor series of e^(f·ln 2) for the fraction f in -½ … ½.
// The conversions keep a compiler from fusing multiplications and additions, so that every machine gets the same bits.
func exp2(x float64) float64 {
	if x != x {
		return x
	}
	whole := math.Floor(min(max(x, -1000), 1000) + 0.5)
	y := (min(max(x, -1000), 1000) - whole) * math.Ln2
	sum := 1.0
	for n := 9.0; n > 0; n-- {
		sum = 1 + float64(sum*float64(y*inverse[int(n)]))
	}
	return sum * math.Float64frombits(uint64(int(whole)+1023)<<52)
}

// inverse holds 1/n.
var inverse = [10]float64{1: 1, 1.0 / 2, 1.0 / 3, 1.0 / 4, 1.0 / 5, 1.0 / 6, 1.0 / 7, 1.0 / 8, 1.0 / 9}

func lg2(in *ptx.Instruction) scalar {
	return arithmetic(in, func(a, _, _ float64) float64 { return math.Log2(a) })
}
func rcp(in *ptx.Instruction) scalar {
	if in.Type() == ptx.F32 {
		return single(in, func(a, _, _ float32) float32 { return 1 / a })
	}
	return arithmetic(in, func(a, _, _ float64) float64 { return 1 / a })
}
func sqrt(in *ptx.Instruction) scalar {
	return arithmetic(in, func(a, _, _ float64) float64 { return math.Sqrt(a) })
}
func rsqrt(in *ptx.Instruction) scalar {
	return arithmetic(in, func(a, _, _ float64) float64 {
		if a == 0 {
			return math.Inf(int(math.Copysign(1, a))) // 1/√-0 is -∞
		}
		return 1 / math.Sqrt(a)
	})
}
func sin(in *ptx.Instruction) scalar {
	return arithmetic(in, func(a, _, _ float64) float64 { return math.Sin(a) })
}
func cos(in *ptx.Instruction) scalar {
	return arithmetic(in, func(a, _, _ float64) float64 { return math.Cos(a) })
}
func tanh(in *ptx.Instruction) scalar {
	return arithmetic(in, func(a, _, _ float64) float64 { return math.Tanh(a) })
}
