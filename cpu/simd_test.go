package cpu

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/tensor"
)

// eachSIMD runs a test on the vector code of each instruction set of this machine.
func eachSIMD(t *testing.T, test func(t *testing.T, i *isa)) {
	found := false
	for _, i := range runnable() {
		if i.simd != nil {
			found = true
			t.Run(i.name, func(t *testing.T) { test(t, i) })
		}
	}
	if !found {
		t.Skip("vector code: this processor has none that is known here")
	}
}

// TestWidenIsExact compares all patterns of both half types with package tensor.
func TestWidenIsExact(t *testing.T) {
	eachSIMD(t, func(t *testing.T, i *isa) {
		src := make([]uint16, 1<<16)
		for k := range src {
			src[k] = uint16(k)
		}
		got, want := make([]float32, len(src)), make([]float32, len(src))
		i.widen(got, src, tensor.BF16)
		tensor.BF16ToFloat32(want, src)
		requireSameFloats(t, got, want)
		i.widen(got, src, tensor.F16)
		tensor.F16ToFloat32(want, src)
		requireSameFloats(t, got, want)
	})
}

// TestNarrowIsExact compares rounding with package tensor around every value that a half type has: the value, what lies
// half way to the next one, and the neighbours of both. NaN, infinities and values past the range are among them.
func TestNarrowIsExact(t *testing.T) {
	eachSIMD(t, func(t *testing.T, i *isa) {
		for _, d := range []tensor.DType{tensor.BF16, tensor.F16} {
			var src []float32
			for k := range 1 << 16 {
				bits := uint32(k) << 16
				half := uint32(1 << 15)
				if d == tensor.F16 {
					bits, half = math.Float32bits(tensor.F16Value(uint16(k))), 1<<12
				}
				for _, b := range []uint32{bits, bits + 1, bits - 1, bits + half, bits + half + 1, bits + half - 1} {
					src = append(src, math.Float32frombits(b))
				}
			}
			src = append(src, float32(math.Inf(1)), 65519.996, 65520, 1e38, math.MaxFloat32, 1e-45)
			got, want := make([]uint16, len(src)), make([]uint16, len(src))
			i.narrow(got, src, d)
			if d == tensor.BF16 {
				tensor.Float32ToBF16(want, src)
			} else {
				tensor.Float32ToF16(want, src)
			}
			for k := range want {
				if src[k] != src[k] {
					require.True(t, math.IsNaN(halfValue(d, got[k])), "%v of NaN %08x: got %04x", d, math.Float32bits(src[k]), got[k])
				} else if got[k] != want[k] {
					t.Fatalf("%v of %v (%08x): got %04x, want %04x", d, src[k], math.Float32bits(src[k]), got[k], want[k])
				}
			}
		}
	})
}

func halfValue(d tensor.DType, h uint16) float64 {
	if d == tensor.BF16 {
		return float64(tensor.BF16Value(h))
	}
	return float64(tensor.F16Value(h))
}

func requireSameFloats(t *testing.T, got, want []float32) {
	t.Helper()
	for k := range want {
		if got[k] != want[k] && (got[k] == got[k] || want[k] == want[k]) {
			t.Fatalf("element %d: got %v, want %v", k, got[k], want[k])
		}
	}
}

// TestWidenPairs checks that a row of pairs becomes two rows.
func TestWidenPairs(t *testing.T) {
	eachSIMD(t, func(t *testing.T, i *isa) {
		v, n := i.simd, 3*i.simd.lanes
		m, out := newHeapMemory(4*2*n), newHeapMemory(4*4*n)
		for k := range 4 * n {
			m.u16[k] = uint16(0x3c00 + 7*k)
		}
		for _, d := range []tensor.DType{tensor.BF16, tensor.F16} {
			kernel := v.widenPairsBF16
			if d == tensor.F16 {
				kernel = v.widenPairsF16
			}
			kernel(&out.f32[0], &m.bytes[0], 2, n)
			for row := range 2 {
				for c := range n {
					at := 2 * (row*n + c)
					require.Equal(t, halfValue(d, m.u16[at]), float64(out.f32[2*row*n+c]), "%v even [%d,%d]", d, row, c)
					require.Equal(t, halfValue(d, m.u16[at+1]), float64(out.f32[(2*row+1)*n+c]), "%v odd [%d,%d]", d, row, c)
				}
			}
		}
	})
}

func TestTranspose(t *testing.T) {
	eachSIMD(t, func(t *testing.T, i *isa) {
		const n, srcStep, dstStep = 24, 4*24 + 20, 4*8 + 12
		src, dst := make([]byte, 8*srcStep), make([]byte, n*dstStep)
		for k := range src {
			src[k] = byte(k * 31 >> 3)
		}
		i.simd.transpose(&dst[0], dstStep, &src[0], srcStep, n)
		for r := range 8 {
			for k := range n {
				require.Equal(t, binary.LittleEndian.Uint32(src[r*srcStep+4*k:]), binary.LittleEndian.Uint32(dst[k*dstStep+4*r:]), "[%d,%d]", r, k)
			}
		}
	})
}

// TestGateIsAccurate checks silu over the range where exp neither over- nor underflows, and its limits beyond it.
func TestGateIsAccurate(t *testing.T) {
	eachSIMD(t, func(t *testing.T, i *isa) {
		const n = 1 << 14
		z, up := make([]float32, n), make([]float32, n)
		for k := range z {
			z[k], up[k] = float32(k-n/2)/64, 2 // −128 to 128
		}
		inf := float32(math.Inf(1))
		copy(z, []float32{-1e30, 1e30, inf, float32(math.NaN())})
		got := append([]float32(nil), z...)
		i.simd.gate(&got[0], 0, &up[0], 0, 1, n)
		require.Zero(t, got[0])
		require.Equal(t, []float32{2e30, inf}, got[1:3])
		require.True(t, got[3] != got[3], "NaN must stay one, got %v", got[3])
		for k := 4; k < n; k++ {
			x := float64(z[k])
			want := 2 * x / (1 + math.Exp(-x))
			// Where silu is tiny it is z·exp(z), and rounding log2 e and z·log2 e costs up to 2·|z| units in the last place. Below
			// -88.7, exp(-z) is infinite and the result 0 instead of some 5e-37.
			require.InDelta(t, want, float64(got[k]), math.Abs(want)*(4+2*math.Abs(x))*math.Ldexp(1, -24)+6e-37, "silu(%v)", x)
		}
	})
}

// TestSoftmaxTiles joins tiles of scores and compares with a softmax in float64; half of the lanes see only some keys.
func TestSoftmaxTiles(t *testing.T) {
	eachSIMD(t, func(t *testing.T, i *isa) {
		v, r := i.simd, rand.New(rand.NewPCG(1, 2))
		const tiles, n, scale = 3, 7, 0.3
		state, limits := make([]float32, 3*v.lanes), make([]int32, 2*v.lanes)
		want := make([]float64, v.lanes) // Σ exp(score − final maximum)
		most := make([]float64, v.lanes)
		all := make([][]float64, v.lanes)
		for lane := range v.lanes {
			state[lane], most[lane] = -math.MaxFloat32, math.Inf(-1)
			limits[lane], limits[v.lanes+lane] = int32(lane%3), int32(n-1-lane%2)
		}
		for range tiles {
			scores := make([]float32, n*v.lanes)
			for k := range scores {
				scores[k] = float32(20 * r.NormFloat64())
			}
			for k := range n {
				for lane := range v.lanes {
					if k >= lane%3 && k < n-lane%2 {
						s := float64(scores[k*v.lanes+lane]) * scale
						all[lane], most[lane] = append(all[lane], s), max(most[lane], s)
					}
				}
			}
			v.softmaxMasked(&scores[0], 4*v.lanes, n, scale*math.Log2E, &state[0], &limits[0])
			require.Zero(t, scores[2], "key 0 is out of range for lane 2")
		}
		for lane := range v.lanes {
			for _, s := range all[lane] {
				want[lane] += math.Exp(s - most[lane])
			}
			require.InDelta(t, most[lane]*math.Log2E, float64(state[lane]), 1e-5)
			require.InEpsilon(t, want[lane], float64(state[v.lanes+lane]), 1e-5)
		}
	})
}
