package main

// writeTranspose writes transpose8: dst[k,r] = src[r,k] for 8 rows r and n columns k of 4 bytes, n a multiple of 8. It packs
// weights and activations into the order in which kernels read them; an element is a float32, or two neighbouring halves
// that stay together.
//
// Rows r and r+4 share a register from the start, half and half, so that within each half the job is one of 4 x 4: two
// rounds of unpacking, and no exchange between halves.
func writeTranspose(s *source) {
	arg := s.function("transpose8", "copies 8 rows of n elements of 4 bytes to 8 columns. Steps from row to row are in bytes; n is a multiple of 8.",
		params("dst", "*byte", "dstStep", "int", "src", "*byte", "srcStep", "int", "n", "int"))
	for _, p := range [][2]string{{"dst", "DI"}, {"dstStep", "SI"}, {"src", "R8"}, {"srcStep", "R9"}, {"n", "CX"}} {
		s.op("MOVQ", arg[p[0]], p[1])
	}
	s.op("LEAQ", "(R8)(R9*4)", "R10") // rows 4 to 7
	s.op("LEAQ", "(R9)(R9*2)", "R11")
	loop := s.newLabel("loop")
	s.place(loop)
	for half := range 2 {
		quarter(s, 16*half)
	}
	s.op("ADDQ", imm(32), "R8")
	s.op("ADDQ", imm(32), "R10")
	s.op("SUBQ", imm(8), "CX")
	s.op("JNE", loop)
	s.ret()
}

// quarter transposes 4 columns, offset bytes into the rows, and moves DI to where the next 4 go.
func quarter(s *source, offset int) {
	for r, step := range []string{"", "(R9*1)", "(R9*2)", "(R11*1)"} {
		x, y := vectorName("X", r), vectorName("Y", r)
		s.op("VMOVUPS", mem(offset, "R8")+step, x)
		s.op("VINSERTF128", imm(1), mem(offset, "R10")+step, y, y)
	}
	s.op("VUNPCKLPS", "Y1", "Y0", "Y4") // r0k0 r1k0 r0k1 r1k1
	s.op("VUNPCKHPS", "Y1", "Y0", "Y5")
	s.op("VUNPCKLPS", "Y3", "Y2", "Y6")
	s.op("VUNPCKHPS", "Y3", "Y2", "Y7")
	for i, pair := range [][2]string{{"Y4", "Y6"}, {"Y5", "Y7"}} {
		for high, unpack := range []string{"VUNPCKLPD", "VUNPCKHPD"} {
			y := vectorName("Y", 8+2*i+high)
			s.op(unpack, pair[1], pair[0], y)
			s.op("VMOVUPS", y, "(DI)")
			s.op("ADDQ", "SI", "DI")
		}
	}
}
