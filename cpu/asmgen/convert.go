package main

// The functions of this file move blocks: rows x n elements, n a multiple of the lanes, with steps in bytes from row to
// row. Their frame is the same; block writes it and each function the body for one vector.

// block writes a function over blocks. It has the pointers named (the first is the destination), a step for each, and the
// extents. setup runs once; body handles the vector at BX elements·4 bytes into the rows of the pointers, whose
// registers it is given: R8, R9, R10 in the order of the names. Elements of a pointer of type *byte have 2 bytes: for
// those the offset is in DX.
func block(s *source, v vector, name, comment string, kinds []string, names []string, setup func(), body func(at []string)) {
	var list []param
	for i, n := range names {
		list = append(list, param{n, kinds[i]}, param{n + "Step", "int"})
	}
	arg := s.function(name+v.name, comment, append(list, params("rows", "int", "n", "int")...))
	bases, steps := []string{"R8", "R9", "R10"}, []string{"R11", "R12", "R13"}
	var at []string
	for i, n := range names {
		s.op("MOVQ", arg[n], bases[i])
		s.op("MOVQ", arg[n+"Step"], steps[i])
		index := "(BX*4)"
		if kinds[i] == "*byte" {
			index = "(BX*2)"
		}
		at = append(at, "("+bases[i]+")"+index)
	}
	s.op("MOVQ", arg["rows"], "CX")
	s.op("MOVQ", arg["n"], "DX")
	setup()
	row, loop := s.newLabel("row"), s.newLabel("loop")
	s.place(row)
	s.op("XORQ", "BX", "BX")
	s.place(loop)
	body(at)
	s.op("ADDQ", imm(v.lanes), "BX")
	s.op("CMPQ", "BX", "DX")
	s.op("JLT", loop)
	for i := range names {
		s.op("ADDQ", steps[i], bases[i])
	}
	s.op("DECQ", "CX")
	s.op("JNE", row)
	s.ret()
}

// writeConvert writes addition, rounding and widening of blocks.
func writeConvert(s *source, v vector) {
	const float, half = "*float32", "*byte"
	none := func() {}
	block(s, v, "addBlock", "computes dst += src.", []string{float, float}, []string{"dst", "src"}, none, func(at []string) {
		s.op("VMOVUPS", at[0], v.v(0))
		s.op("VADDPS", at[1], v.v(0), v.v(0))
		s.op("VMOVUPS", v.v(0), at[0])
	})
	block(s, v, "narrowBF16Block", "rounds to BF16, to nearest, ties to even; a NaN stays one.", []string{half, float},
		[]string{"dst", "src"}, func() { roundBF16Setup(s, v) }, func(at []string) {
			s.op("VMOVUPS", at[1], v.v(0))
			roundBF16(s, v, 0, 1)
			lowHalves(s, v, 1, at[0])
		})
	block(s, v, "narrowF16Block", "rounds to F16, to nearest, ties to even.", []string{half, float},
		[]string{"dst", "src"}, none, func(at []string) {
			s.op("VMOVUPS", at[1], v.v(0))
			s.op("VCVTPS2PH", imm(0), v.v(0), v.half(1))
			s.op(v.either("VMOVDQU32", "VMOVDQU"), v.half(1), at[0])
		})
	block(s, v, "widenBF16Block", "widens BF16.", []string{float, half}, []string{"dst", "src"}, none, func(at []string) {
		s.op("VPMOVZXWD", at[1], v.v(0))
		s.op("VPSLLD", imm(16), v.v(0), v.v(0))
		s.op("VMOVUPS", v.v(0), at[0])
	})
	block(s, v, "widenF16Block", "widens F16.", []string{float, half}, []string{"dst", "src"}, none, func(at []string) {
		s.op("VCVTPH2PS", at[1], v.v(0))
		s.op("VMOVUPS", v.v(0), at[0])
	})
	if v.wide() { // pairs of BF16 are of no use to AVX2
		block(s, v, "interleaveBlock", "joins two rows of halves to one of pairs.", []string{float, half, half},
			[]string{"dst", "even", "odd"}, none, func(at []string) {
				s.op("VPMOVZXWD", at[1], v.v(0))
				s.op("VPMOVZXWD", at[2], v.v(1))
				s.op("VPSLLD", imm(16), v.v(1), v.v(1))
				v.or(s, v.v(1), v.v(0), v.v(0))
				s.op("VMOVUPS", v.v(0), at[0])
			})
	}
	writeWidenPairs(s, v)
}

// Registers of constants of roundBF16.
const (
	regOne   = 12 // 1
	regBias  = 13 // 0x7fff
	regQuiet = 14 // 0x40, the bit that keeps a rounded NaN one
)

func roundBF16Setup(s *source, v vector) {
	v.fill(s, 1, regOne)
	v.fill(s, 0x7fff, regBias)
	v.fill(s, 0x40, regQuiet)
}

// roundBF16 rounds register x to BF16 in the lower halves of the lanes of dst: (bits + 0x7fff + lowest bit that stays) >> 16,
// and bits>>16 | 0x40 for a NaN. Registers 2 and 3 are overwritten.
func roundBF16(s *source, v vector, x, dst int) {
	s.op("VPSRLD", imm(16), v.v(x), v.v(2))
	v.and(s, v.v(regOne), v.v(2), v.v(dst))
	s.op("VPADDD", v.v(x), v.v(dst), v.v(dst))
	s.op("VPADDD", v.v(regBias), v.v(dst), v.v(dst))
	s.op("VPSRLD", imm(16), v.v(dst), v.v(dst))
	v.or(s, v.v(regQuiet), v.v(2), v.v(2))
	if v.wide() {
		s.op("VCMPPS", imm(3), v.v(x), v.v(x), "K1")
		s.op("VMOVDQA32", v.v(2), "K1", v.v(dst))
	} else {
		s.op("VCMPPS", imm(3), v.v(x), v.v(x), v.v(3))
		s.op("VBLENDVPS", v.v(3), v.v(2), v.v(dst), v.v(dst))
	}
}

// lowHalves stores the lower halves of the lanes of register r, whose upper halves are 0, one after the other.
func lowHalves(s *source, v vector, r int, at string) {
	if v.wide() {
		s.op("VPMOVDW", v.v(r), at)
		return
	}
	s.op("VPACKUSDW", v.v(r), v.v(r), v.v(r))
	s.op("VPERMQ", imm(0b1000), v.v(r), v.v(r))
	s.op("VMOVDQU", v.half(r), at)
}

// writeWidenPairs writes the functions that turn a panel of halves, two neighbours of K in each element, into one of
// float32: row i of n elements becomes rows 2i and 2i+1.
func writeWidenPairs(s *source, v vector) {
	for _, t := range []struct {
		name  string
		setup func()
		even  func(src, dst int) // the lower half of each lane as float32
		odd   func(src, dst int) // the upper half
	}{
		{"BF16", func() { v.fill(s, 0xffff0000, 15) },
			func(src, dst int) { s.op("VPSLLD", imm(16), v.v(src), v.v(dst)) },
			func(src, dst int) { v.and(s, v.v(15), v.v(src), v.v(dst)) }},
		{"F16", func() { v.fill(s, 0xffff, 15) },
			func(src, dst int) {
				if !v.wide() { // packing saturates what is wider than 16 bits
					v.and(s, v.v(15), v.v(src), v.v(dst))
					src = dst
				}
				widenLow(s, v, src, dst)
			},
			func(src, dst int) {
				s.op("VPSRLD", imm(16), v.v(src), v.v(dst))
				widenLow(s, v, dst, dst)
			}},
	} {
		arg := s.function("widenPairs"+t.name+v.name, "widens rows of n pairs to twice as many rows of float32; n is a multiple of the lanes.",
			params("dst", "*float32", "src", "*byte", "rows", "int", "n", "int"))
		s.op("MOVQ", arg["dst"], "R8")
		s.op("MOVQ", arg["src"], "R9")
		s.op("MOVQ", arg["rows"], "CX")
		s.op("MOVQ", arg["n"], "DX")
		t.setup()
		row, loop := s.newLabel("row"), s.newLabel("loop")
		s.place(row)
		s.op("LEAQ", "(R8)(DX*4)", "R10")
		s.op("MOVQ", "DX", "BX")
		s.place(loop)
		s.op("VMOVUPS", "(R9)", v.v(0))
		t.even(0, 1)
		t.odd(0, 2)
		s.op("VMOVUPS", v.v(1), "(R8)")
		s.op("VMOVUPS", v.v(2), "(R10)")
		for _, r := range []string{"R8", "R9", "R10"} {
			s.op("ADDQ", imm(v.bytes()), r)
		}
		s.op("SUBQ", imm(v.lanes), "BX")
		s.op("JNE", loop)
		s.op("MOVQ", "R10", "R8")
		s.op("DECQ", "CX")
		s.op("JNE", row)
		s.ret()
	}
}

// widenLow widens the F16 in the lower halves of the lanes of src; on AVX2 their upper halves are 0.
func widenLow(s *source, v vector, src, dst int) {
	if v.wide() {
		s.op("VPMOVDW", v.v(src), v.half(dst))
	} else {
		s.op("VPACKUSDW", v.v(src), v.v(src), v.v(dst))
		s.op("VPERMQ", imm(0b1000), v.v(dst), v.v(dst))
	}
	s.op("VCVTPH2PS", v.half(dst), v.v(dst))
}
