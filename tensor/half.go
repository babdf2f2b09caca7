package tensor

import (
	"math"

	"github.com/x448/float16"
)

// Both half types round to nearest, ties to even, as IEEE 754 and PyTorch do. BF16 is the upper half of a float32;
// F16 has 5 bits of exponent, so that magnitudes from 65520 on become infinite.

// F16MaxFinite is the largest finite F16 value.
const F16MaxFinite = 65504

// BF16FromFloat32 rounds one value to BF16. A NaN stays a NaN: the quiet bit is set so that truncation cannot make it
// an infinity.
func BF16FromFloat32(f float32) uint16 {
	bits := math.Float32bits(f)
	if bits&0x7fffffff > 0x7f800000 {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// BF16Value is the value of one BF16 pattern.
func BF16Value(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// F16FromFloat32 rounds one value to F16.
func F16FromFloat32(f float32) uint16 { return float16.Fromfloat32(f).Bits() }

// F16Value is the value of one F16 pattern.
func F16Value(h uint16) float32 { return f16Values[h] }

// f16Values holds the value of each F16 pattern: 256 KiB that stay in cache where they are used.
var f16Values = func() *[1 << 16]float32 {
	t := new([1 << 16]float32)
	for i := range t {
		t[i] = float16.Frombits(uint16(i)).Float32()
	}
	return t
}()

// BF16ToFloat32 widens src into dst. The slices have the same length.
func BF16ToFloat32(dst []float32, src []uint16) {
	dst = dst[:len(src)]
	for i, h := range src {
		dst[i] = BF16Value(h)
	}
}

// Float32ToBF16 rounds src into dst. The slices have the same length.
func Float32ToBF16(dst []uint16, src []float32) {
	dst = dst[:len(src)]
	for i, f := range src {
		dst[i] = BF16FromFloat32(f)
	}
}

// F16ToFloat32 widens src into dst. The slices have the same length.
func F16ToFloat32(dst []float32, src []uint16) {
	dst = dst[:len(src)]
	for i, h := range src {
		dst[i] = f16Values[h]
	}
}

// Float32ToF16 rounds src into dst. The slices have the same length.
func Float32ToF16(dst []uint16, src []float32) {
	dst = dst[:len(src)]
	for i, f := range src {
		dst[i] = F16FromFloat32(f)
	}
}

// Overflows counts the finite values of a float tensor whose magnitude F16 cannot hold, and the largest magnitude seen.
// BF16 checkpoints are converted to F16 for devices without BF16; a count above 0 must stop that conversion.
func Overflows(t Tensor) (count int, largest float32, err error) {
	f, err := t.Float32s()
	if err != nil {
		return 0, 0, err
	}
	for _, v := range f {
		m := float32(math.Abs(float64(v)))
		if math.IsInf(float64(m), 0) || m != m {
			continue
		}
		largest = max(largest, m)
		if m >= F16MaxFinite+16 {
			count++
		}
	}
	return count, largest, nil
}
