package cpu

import "tiebreak/tensor"

// widen converts a row of halves to float32: vectors first, then what is left of the row.
func (i *isa) widen(dst []float32, src []uint16, from tensor.DType) {
	if v := i.simd; v != nil && len(src) >= v.lanes {
		n, kernel := whole(len(src), v.lanes), v.widenBF16
		if from == tensor.F16 {
			kernel = v.widenF16
		}
		kernel(&dst[0], 0, &tensor.Bytes(src)[0], 0, 1, n)
		dst, src = dst[n:], src[n:]
	}
	if from == tensor.BF16 {
		tensor.BF16ToFloat32(dst, src)
	} else {
		tensor.F16ToFloat32(dst, src)
	}
}

// narrow rounds a row of float32 to halves.
func (i *isa) narrow(dst []uint16, src []float32, to tensor.DType) {
	if v := i.simd; v != nil && len(src) >= v.lanes {
		n := whole(len(src), v.lanes)
		v.narrowTo(to)(&tensor.Bytes(dst)[0], 0, &src[0], 0, 1, n)
		dst, src = dst[n:], src[n:]
	}
	if to == tensor.BF16 {
		tensor.Float32ToBF16(dst, src)
	} else {
		tensor.Float32ToF16(dst, src)
	}
}

// narrowTo is the vector code that rounds blocks to a half type.
func (v *simd) narrowTo(d tensor.DType) func(dst *byte, dstStep int, src *float32, srcStep int, rows, n int) {
	if d == tensor.BF16 {
		return v.narrowBF16
	}
	return v.narrowF16
}

// whole is the part of n that consists of whole vectors.
func whole(n, lanes int) int { return n / lanes * lanes }
