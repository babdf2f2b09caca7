package emu

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/ptx"
	"tiebreak/tensor"
)

var modes = map[ptx.Round]big.RoundingMode{ptx.RN: big.ToNearestEven, ptx.RZ: big.ToZero, ptx.RM: big.ToNegativeInf, ptx.RP: big.ToPositiveInf}

// random is a number whose exponent spreads over a range.
func random(r *rand.Rand, exponents int) float32 {
	return float32(math.Ldexp(r.Float64()*2-1, r.IntN(2*exponents)-exponents))
}

// Sums of products are rounded as exact arithmetic with 24 bits would round them, in every direction.
func TestRoundPairIsExactArithmetic(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	exact := func(f float64) *big.Float { return new(big.Float).SetPrec(400).SetFloat64(f) }
	for range 20000 {
		a, b, c := random(r, 30), random(r, 30), random(r, 60)
		if r.IntN(3) == 0 {
			c = -a * b // cancels all but the rounding error
		}
		x := float64(a) * float64(b)
		hi, lo := twoSum(x, float64(c))
		sum := new(big.Float).SetPrec(400).Add(exact(x), exact(float64(c)))
		for mode, bigMode := range modes {
			want, _ := new(big.Float).SetPrec(24).SetMode(bigMode).Set(sum).Float32()
			if want == 0 {
				continue // the sign of an exact zero depends on the mode, which binary64 addition does not know
			}
			if got := roundPair(hi, lo, mode); got != want {
				t.Fatalf("%v·%v+%v, mode %d: got %v, want %v", a, b, c, mode, got, want)
			}
		}
	}
}

// Every binary16 number survives, every midpoint between two of them is rounded to even, and beside it to the nearer one.
func TestHalfRounding(t *testing.T) {
	check := func(want uint64, v float64, mode ptx.Round) {
		if got := binary16.round(v, mode); got != want {
			t.Fatalf("%g in mode %d: got %#x, want %#x", v, mode, got, want)
		}
	}
	for bits := range uint64(0x7bff) {
		v, next := binary16.value(bits), binary16.value(bits+1)
		check(bits, v, ptx.RN)
		check(bits|0x8000, math.Copysign(v, -1), ptx.RN)
		middle := (v + next) / 2
		check(bits+bits&1, middle, ptx.RN)
		check(bits, math.Nextafter(middle, 0), ptx.RN)
		check(bits+1, math.Nextafter(middle, 1e9), ptx.RN)
		check(bits, middle, ptx.RZ)
		check(bits+1, middle, ptx.RP)
		check((bits+1)|0x8000, -middle, ptx.RM)
	}
	require.Equal(t, uint64(0x7c00), binary16.round(65520, ptx.RN))
	require.Equal(t, uint64(0x7bff), binary16.round(1e9, ptx.RZ))
	require.Equal(t, uint64(0xfc00), binary16.round(math.Inf(-1), ptx.RN))
}

// The emulator's own rounding agrees with that of package tensor, which the rest of the project uses.
func TestHalfRoundingIsThatOfTensor(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 100000 {
		v := math.Float32frombits(r.Uint32())
		if v != v {
			continue
		}
		if uint64(tensor.F16FromFloat32(v)) != binary16.round(float64(v), ptx.RN) ||
			uint64(tensor.BF16FromFloat32(v)) != bfloat16.round(float64(v), ptx.RN) {
			t.Fatalf("%g: got %#x and %#x", v, binary16.round(float64(v), ptx.RN), bfloat16.round(float64(v), ptx.RN))
		}
	}
}
