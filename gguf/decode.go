package gguf

import (
	"encoding/binary"

	"tiebreak/tensor"
)

// The decoders round where the reference implementation rounds: each product, then each sum, to float32. The conversion
// float32(x*y) before an addition is not idle: without it a compiler may fuse the two and round once.

func decodeF32(dst []float32, src []byte) { copy(dst, tensor.LoadFloat32(src)) }

func decodeF16(dst []float32, src []byte) { tensor.F16ToFloat32(dst, tensor.LoadUint16(src)) }

func decodeBF16(dst []float32, src []byte) { tensor.BF16ToFloat32(dst, tensor.LoadUint16(src)) }

// half reads the F16 at the start of b.
func half(b []byte) float32 { return tensor.F16Value(binary.LittleEndian.Uint16(b)) }

// decodeQ8_0: d F16, then 32 int8 q. x[i] = d·q[i].
func decodeQ8_0(dst []float32, src []byte) {
	for ; len(src) > 0; dst, src = dst[32:], src[34:] {
		d, q := half(src), src[2:34]
		for i := range q {
			dst[i] = d * float32(int8(q[i]))
		}
	}
}

// decodeQ4_0: d F16, then 16 bytes; the low half of byte i is q[i], the high half q[i+16]. x[i] = d·(q[i]−8).
func decodeQ4_0(dst []float32, src []byte) {
	for ; len(src) > 0; dst, src = dst[32:], src[18:] {
		d, q := half(src), src[2:18]
		for i, b := range q {
			dst[i] = d * float32(int(b&15)-8)
			dst[i+16] = d * float32(int(b>>4)-8)
		}
	}
}

// decodeQ4_1: d and m F16, then q as in Q4_0. x[i] = d·q[i] + m.
func decodeQ4_1(dst []float32, src []byte) {
	for ; len(src) > 0; dst, src = dst[32:], src[20:] {
		d, m, q := half(src), half(src[2:]), src[4:20]
		for i, b := range q {
			dst[i] = float32(d*float32(b&15)) + m
			dst[i+16] = float32(d*float32(b>>4)) + m
		}
	}
}

// decodeQ5_0: d F16, 32 bits h, then 16 bytes with the low four bits of q as in Q4_0; bit i of h is the fifth bit of q[i].
// x[i] = d·(q[i]−16).
func decodeQ5_0(dst []float32, src []byte) {
	for ; len(src) > 0; dst, src = dst[32:], src[22:] {
		d, h, q := half(src), binary.LittleEndian.Uint32(src[2:]), src[6:22]
		for i, b := range q {
			dst[i] = d * float32(int(b&15)+int(h>>i&1)<<4-16)
			dst[i+16] = d * float32(int(b>>4)+int(h>>(i+16)&1)<<4-16)
		}
	}
}

// decodeQ5_1: d and m F16, then h and q as in Q5_0. x[i] = d·q[i] + m.
func decodeQ5_1(dst []float32, src []byte) {
	for ; len(src) > 0; dst, src = dst[32:], src[24:] {
		d, m, h, q := half(src), half(src[2:]), binary.LittleEndian.Uint32(src[4:]), src[8:24]
		for i, b := range q {
			dst[i] = float32(d*float32(int(b&15)+int(h>>i&1)<<4)) + m
			dst[i+16] = float32(d*float32(int(b>>4)+int(h>>(i+16)&1)<<4)) + m
		}
	}
}
