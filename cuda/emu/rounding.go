package emu

import (
	"math"

	"tiebreak/cuda/ptx"
	"tiebreak/tensor"
)

// twoSum gives a+b as a rounded sum and the exact rest. Knuth 1998, The Art of Computer Programming 2, 4.2.2.
func twoSum(a, b float64) (sum, rest float64) {
	sum = a + b
	if math.IsInf(sum, 0) || sum != sum {
		return sum, 0
	}
	bb := sum - a
	return sum, (a - (sum - bb)) + (b - bb)
}

// addOdd is a+b, with the last bit set where something was lost ("rounded to odd"): rounding it again to a format of at
// most 51 bits gives what rounding the exact sum would. Boldo and Melquiond 2008, doi:10.1109/TC.2007.70819.
func addOdd(a, b float64) float64 {
	s, rest := twoSum(a, b)
	return odd(s, rest)
}

// odd rounds the exact sum s+rest, with |rest| at most half a unit of s, to odd.
func odd(s, rest float64) float64 {
	bits := math.Float64bits(s)
	if rest == 0 || bits&1 == 1 {
		return s
	}
	if (rest > 0) == (s > 0) {
		return math.Float64frombits(bits + 1)
	}
	return math.Float64frombits(bits - 1)
}

// roundPair rounds the exact sum hi+lo to binary32.
func roundPair(hi, lo float64, mode ptx.Round) float32 {
	v := odd(hi, lo)
	r := float32(v)
	if mode == ptx.RN || mode == ptx.NoRound || v != v || math.IsInf(v, 0) {
		return r
	}
	return direct(r, v, mode)
}

// direct moves a value that was rounded to nearest to the neighbour that the mode asks for.
func direct(r float32, exact float64, mode ptx.Round) float32 {
	d := exact - float64(r)
	down := mode == ptx.RM || mode == ptx.RZ && exact > 0
	up := mode == ptx.RP || mode == ptx.RZ && exact < 0
	switch {
	case d < 0 && down:
		return math.Nextafter32(r, float32(math.Inf(-1)))
	case d > 0 && up:
		return math.Nextafter32(r, float32(math.Inf(1)))
	}
	return r
}

// format is a 16-bit floating-point format.
type format struct {
	fraction int // bits
	minExp   int // exponent of the smallest normal number
	maxExp   int // exponent of the largest one
	value    func(bits uint64) float64
}

var (
	binary16 = format{10, -14, 15, func(b uint64) float64 { return float64(tensor.F16Value(uint16(b))) }}
	bfloat16 = format{7, -126, 127, func(b uint64) float64 { return float64(tensor.BF16Value(uint16(b))) }}
)

func halfFormat(t ptx.Type) format {
	if t == ptx.BF16 || t == ptx.BF16x2 {
		return bfloat16
	}
	return binary16
}

// round gives the bits of the number of the format that the mode asks for.
func (f format) round(v float64, mode ptx.Round) uint64 {
	sign := math.Float64bits(v) >> 63 << 15
	switch {
	case v != v:
		return 0x7fff
	case v == 0:
		return sign
	}
	exponent := uint64(f.maxExp-f.minExp) + 2 // of infinity
	infinity := sign | exponent<<f.fraction
	if math.IsInf(v, 0) {
		return infinity
	}
	_, e := math.Frexp(v) // |v| is in 2^(e-1) … 2^e
	e = max(e-1, f.minExp)
	scaled := math.Abs(math.Ldexp(v, f.fraction-e)) // in units of the last place; below 2^(fraction+1)
	n := toInteger(scaled, mode, sign != 0)
	bits := uint64(n) + uint64(e-f.minExp)<<f.fraction // a carry out of the fraction goes on into the exponent
	if bits >= exponent<<f.fraction {
		if mode == ptx.RZ || mode == ptx.RM && sign == 0 || mode == ptx.RP && sign != 0 {
			return infinity - 1
		}
		return infinity
	}
	return sign | bits
}

// toInteger rounds a magnitude, the sign of whose number is given.
func toInteger(v float64, mode ptx.Round, negative bool) float64 {
	switch {
	case mode == ptx.RZ || mode == ptx.RM && !negative || mode == ptx.RP && negative:
		return math.Floor(v)
	case mode == ptx.RM || mode == ptx.RP:
		return math.Ceil(v)
	}
	return math.RoundToEven(v)
}
