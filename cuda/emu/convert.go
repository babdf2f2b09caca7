package emu

import (
	"math"

	"tiebreak/cuda/ptx"
)

// compileCvt compiles conversions. The destination register may be wider than the type: the result is then extended.
func compileCvt(c *compiler, in *ptx.Instruction, o *op) error {
	if len(in.Operands) == 3 {
		return computes(cvtPair)(c, in, o)
	}
	to := in.Types[0]
	size := 8
	if r := in.Operands[0].Register; r != ptx.NoRegister {
		size = c.kernel.Registers[r].Type.Size()
	}
	return computes(func(in *ptx.Instruction) scalar {
		f := cvt(in)
		if !to.Signed() || size <= to.Size() {
			return f
		}
		return func(a, b, c uint64) uint64 {
			return uint64(signed(f(a, b, c), to.Size())) & widthMask(size)
		}
	})(c, in, o)
}

// cvt gives the meaning of a conversion of one value.
func cvt(in *ptx.Instruction) scalar {
	to, from := in.Types[0], in.Types[1]
	switch {
	case !to.Float() && !from.Float():
		return integerToInteger(in, to, from)
	case !to.Float():
		return floatToInteger(in, to, from)
	case !from.Float():
		return integerToFloat(in, to, from)
	}
	return floatToFloat(in, to, from)
}

// cvtPair converts two binary32 numbers into a pair of halves; the first goes to the upper half.
func cvtPair(in *ptx.Instruction) scalar {
	h := halfFormat(in.Type())
	mode, relu := in.Round, in.Has("relu")
	one := func(v float64) uint64 {
		if relu && !(v > 0) && v == v {
			v = 0
		}
		return h.round(v, mode)
	}
	return func(a, b, _ uint64) uint64 { return one(float64(f32(a)))<<16 | one(float64(f32(b))) }
}

func integerToInteger(in *ptx.Instruction, to, from ptx.Type) scalar {
	mask := widthMask(to.Size())
	widen := func(a uint64) uint64 { return a & widthMask(from.Size()) }
	if from.Signed() {
		widen = func(a uint64) uint64 { return uint64(signed(a, from.Size())) }
	}
	if !in.Has("sat") {
		return func(a, _, _ uint64) uint64 { return widen(a) & mask }
	}
	lo, hi := integerRange(to)
	return func(a, _, _ uint64) uint64 {
		v := widen(a)
		if from.Signed() {
			if int64(v) < 0 {
				return uint64(max(int64(v), lo)) & mask
			}
		}
		return min(v, hi) & mask
	}
}

// integerRange gives the smallest and the largest value of an integer type.
func integerRange(t ptx.Type) (lo int64, hi uint64) {
	bits := 8 * t.Size()
	if t.Signed() {
		return math.MinInt64 >> (64 - bits), 1<<(bits-1) - 1
	}
	return 0, widthMask(t.Size())
}

// reader gives the function that reads a floating-point type as binary64, which holds all of its values.
func reader(t ptx.Type, ftz bool) func(uint64) float64 {
	switch t {
	case ptx.F64:
		return f64
	case ptx.F32:
		if ftz {
			return func(a uint64) float64 { return float64(flush(f32(a))) }
		}
		return func(a uint64) float64 { return float64(f32(a)) }
	}
	return halfFormat(t).value
}

// floatToInteger saturates; a NaN becomes 0, or the top bit in a 64-bit type.
func floatToInteger(in *ptx.Instruction, to, from ptx.Type) scalar {
	read, mode, mask := reader(from, in.Has("ftz")), in.Round, widthMask(to.Size())
	lo, hi := integerRange(to)
	return func(a, _, _ uint64) uint64 {
		v := integral(read(a), mode)
		switch {
		case v != v && to.Size() == 8:
			return 1 << 63
		case v != v:
			return 0
		case v <= float64(lo):
			return uint64(lo) & mask
		case v >= float64(hi):
			return hi & mask
		case v < 0:
			return uint64(int64(v)) & mask
		}
		return uint64(v) & mask
	}
}

// integral rounds to an integer, still as a floating-point number.
func integral(v float64, mode ptx.Round) float64 {
	switch mode {
	case ptx.RZI:
		return math.Trunc(v)
	case ptx.RMI:
		return math.Floor(v)
	case ptx.RPI:
		return math.Ceil(v)
	}
	return math.RoundToEven(v)
}

func integerToFloat(in *ptx.Instruction, to, from ptx.Type) scalar {
	widen := func(a uint64) (float64, float32) {
		a &= widthMask(from.Size())
		return float64(a), float32(a)
	}
	if from.Signed() {
		widen = func(a uint64) (float64, float32) {
			v := signed(a, from.Size())
			return float64(v), float32(v)
		}
	}
	sat := in.Has("sat")
	return func(a, _, _ uint64) uint64 {
		wide, nearest := widen(a)
		if sat {
			wide, nearest = min(max(wide, 0), 1), min(max(nearest, 0), 1)
		}
		switch to {
		case ptx.F64:
			return of64(wide)
		case ptx.F32:
			if directed(in.Round) { // of at most 32 bits, which binary64 holds exactly
				return of32(roundPair(wide, 0, in.Round))
			}
			return of32(nearest)
		}
		return binary16.round(wide, in.Round)
	}
}

func floatToFloat(in *ptx.Instruction, to, from ptx.Type) scalar {
	read := reader(from, in.Has("ftz"))
	if in.Round >= ptx.RNI {
		exact := read
		read = func(a uint64) float64 { return integral(exact(a), in.Round) }
	}
	if in.Has("sat") {
		exact := read
		read = func(a uint64) float64 {
			if v := exact(a); v > 0 {
				return min(v, 1)
			}
			return 0
		}
	}
	if in.Has("relu") {
		exact := read
		read = func(a uint64) float64 {
			if v := exact(a); v > 0 || v != v {
				return v
			}
			return 0
		}
	}
	switch to {
	case ptx.F64:
		return func(a, _, _ uint64) uint64 { return of64(read(a)) }
	case ptx.F32:
		ftz := in.Has("ftz")
		return func(a, _, _ uint64) uint64 {
			r := roundPair(read(a), 0, in.Round)
			if ftz {
				r = flush(r)
			}
			return of32(r)
		}
	}
	h := halfFormat(to)
	return func(a, _, _ uint64) uint64 { return h.round(read(a), in.Round) }
}
