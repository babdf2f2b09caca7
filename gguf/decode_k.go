package gguf

// The K types have blocks of 256 elements: eight parts of 32 (Q4_K, Q5_K) or sixteen of 16 (Q6_K), each part with a small
// integer scale that is multiplied by the scale of the block.

// partScales unpacks eight scales and eight minima of 6 bits from 12 bytes. Parts 0 to 3 lie in the low six bits of bytes
// 0 to 3 (scales) and 4 to 7 (minima). Of parts 4 to 7 the low four bits are the halves of bytes 8 to 11, and the high two are
// the high two of bytes 0 to 7.
func partScales(b []byte) (scales, minima [8]float32) {
	for j := range 4 {
		scales[j] = float32(b[j] & 63)
		minima[j] = float32(b[j+4] & 63)
		scales[j+4] = float32(b[j+8]&15 | b[j]>>6<<4)
		minima[j+4] = float32(b[j+8]>>4 | b[j+4]>>6<<4)
	}
	return scales, minima
}

// decodeQ4_K: d and m F16, 12 bytes of part scales s and minima t, then 128 bytes: of each 32, the low halves are the q of
// one part and the high halves those of the next. x = (d·s)·q − m·t.
func decodeQ4_K(dst []float32, src []byte) {
	for ; len(src) > 0; dst, src = dst[256:], src[144:] {
		d, m, q := half(src), half(src[2:]), src[16:144]
		scales, minima := partScales(src[4:16])
		for part := range 8 {
			ds, mt := float32(d*scales[part]), float32(m*minima[part])
			shift := part % 2 * 4
			for i, b := range q[part/2*32:][:32] {
				dst[part*32+i] = float32(ds*float32(b>>shift&15)) - mt
			}
		}
	}
}

// decodeQ5_K: as Q4_K, with 32 bytes h before q; bit p of h[i] is the fifth bit of q[i] of part p.
func decodeQ5_K(dst []float32, src []byte) {
	for ; len(src) > 0; dst, src = dst[256:], src[176:] {
		d, m, h, q := half(src), half(src[2:]), src[16:48], src[48:176]
		scales, minima := partScales(src[4:16])
		for part := range 8 {
			ds, mt := float32(d*scales[part]), float32(m*minima[part])
			shift := part % 2 * 4
			for i, b := range q[part/2*32:][:32] {
				dst[part*32+i] = float32(ds*float32(b>>shift&15|h[i]>>part&1<<4)) - mt
			}
		}
	}
}

// decodeQ6_K: 128 bytes l, 64 bytes h, sixteen int8 part scales s, d F16. For each half of the block, with 64 bytes of l and 32
// of h: the four groups of 32 elements take their low four bits from l[0:32], l[32:64], then the high halves of the same,
// and their high two bits from bits 0, 2, 4, 6 of h. x = (d·s)·(q−32).
func decodeQ6_K(dst []float32, src []byte) {
	for ; len(src) > 0; dst, src = dst[256:], src[210:] {
		scales, d := src[192:208], half(src[208:])
		for group := range 8 {
			side, g := group/4, group%4
			l, h := src[side*64+g%2*32:][:32], src[128+side*32:][:32]
			for i := range 32 {
				q := int(l[i]>>(g/2*4)&15 | h[i]>>(2*g)&3<<4)
				ds := float32(d * float32(int8(scales[group*2+i/16])))
				dst[group*32+i] = ds * float32(q-32)
			}
		}
	}
}
