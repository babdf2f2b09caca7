package drivertest

import (
	"math"
	"slices"

	"tiebreak/tensor"
)

// vectors lists all vectors; their order gives their kernels' names.
func vectors() []vector {
	return slices.Concat(integerVectors(), bitVectors(), floatVectors(), halfVectors(), specialVectors(), convertVectors(),
		compareVectors(), moveVectors(), memoryVectors(), atomicVectors(), warpVectors(), flowVectors(), matrixVectors(),
		asyncVectors())
}

// f, df, h and bh give the bits of a number in binary32, binary64, binary16 and bfloat16.
func f(v float32) uint64  { return uint64(math.Float32bits(v)) }
func df(v float64) uint64 { return math.Float64bits(v) }
func h(v float32) uint64  { return uint64(tensor.F16FromFloat32(v)) }
func bh(v float32) uint64 { return uint64(tensor.BF16FromFloat32(v)) }

// hh and bb give pairs of halves, the first in the low bits.
func hh(lo, hi float32) uint64 { return h(lo) | h(hi)<<16 }
func bb(lo, hi float32) uint64 { return bh(lo) | bh(hi)<<16 }

// s32, s16 and s64 give the bits of signed numbers.
func s16(v int16) uint64 { return uint64(uint16(v)) }
func s32(v int32) uint64 { return uint64(uint32(v)) }
func s64(v int64) uint64 { return uint64(v) }

var (
	inf   = float32(math.Inf(1))
	nan   = float32(math.NaN())
	tiny  = math.Float32frombits(1)          // the least subnormal number
	small = math.Float32frombits(0x00400000) // a subnormal number
	negZ  = float32(math.Copysign(0, -1))
)

// two and three are the commonest shapes of a vector of one type.
func two(name, typ, code string, cases ...[]uint64) vector {
	return vector{name: name, in: typ + " " + typ, out: typ, code: code, cases: cases}
}

func three(name, typ, code string, cases ...[]uint64) vector {
	return vector{name: name, in: typ + " " + typ + " " + typ, out: typ, code: code, cases: cases}
}

func one(name, typ, code string, cases ...[]uint64) vector {
	return vector{name: name, in: typ, out: typ, code: code, cases: cases}
}
