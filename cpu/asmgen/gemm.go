package main

import "fmt"

// multiply is the instruction at the heart of a kernel.
type multiply struct {
	name string // as it begins function names
	unit string // what one element of 4 bytes holds
	emit func(s *source, v vector, a, b, acc int)
}

var (
	// fma multiplies one float32 of A by one of B.
	fma = multiply{"gemmF32", "one float32", func(s *source, v vector, a, b, acc int) {
		s.op("VFMADD231PS", v.v(a), v.v(b), v.v(acc))
	}}
	// dot multiplies two BF16 of A, neighbours in K, by two of B and adds both products.
	dot = multiply{"gemmBF16", "two BF16, neighbours in K", func(s *source, v vector, a, b, acc int) {
		s.raw(fmt.Sprintf("VDPBF16PS Z%d, Z%d, Z%d", a, b, acc), evexDotBF16(acc, b, a))
	}}
)

// writeGemm writes the kernels of all tile shapes and the table that finds them.
//
// A kernel computes a tile of r x (n·lanes) outputs, C (+)= Σ_k A[k,·]ᵀ · B[k,·], where a step of k is one element of
// 4 bytes. All outputs stay in registers over all of k, and each is one accumulator to which products are added in order
// of k, so that its bits do not depend on the shape of the tile.
func writeGemm(s *source, v vector, m multiply) {
	table := fmt.Sprintf("\nvar %s%sKernels = [][]gemmKernel{\n", m.name, v.name)
	for _, rows := range v.rows {
		table += "\t{"
		for vecs := 1; vecs <= v.vecs; vecs++ {
			name := fmt.Sprintf("%s%s%dx%d", m.name, v.name, rows, vecs*v.lanes)
			writeTile(s, v, m, name, rows, vecs)
			table += name
			if vecs < v.vecs {
				table += ", "
			}
		}
		table += "},\n"
	}
	s.decls.WriteString(table + "}\n")
}

// writeTile writes one kernel. Accumulators come first, then a row of B, then two registers for A in turn.
func writeTile(s *source, v vector, m multiply, name string, rows, vecs int) {
	arg := s.function(name, fmt.Sprintf("computes a tile of %d x %d; see gemmKernel. An element of A and B is %s.",
		rows, vecs*v.lanes, m.unit), gemmParams)
	acc := func(r, n int) int { return r*vecs + n }
	bReg := func(n int) int { return rows*vecs + n }
	aReg := func(r int) int { return rows*vecs + vecs + r%2 }

	for _, p := range [][2]string{{"c", "DI"}, {"cStep", "SI"}, {"a", "R8"}, {"aStep", "R9"}, {"b", "R10"}, {"bStep", "R11"}, {"k", "CX"}} {
		s.op("MOVQ", arg[p[0]], p[1])
	}
	zero, loop := s.newLabel("zero"), s.newLabel("loop")
	s.op("CMPB", arg["add"], imm(0))
	s.op("JEQ", zero)
	eachC(s, v, rows, vecs, func(at string, r, n int) { s.op("VMOVUPS", at, v.v(acc(r, n))) })
	s.op("JMP", loop)
	s.place(zero)
	for i := range rows * vecs {
		v.zero(s, v.v(i))
	}
	s.place(loop)
	for n := range vecs {
		s.op("VMOVUPS", mem(n*v.bytes(), "R10"), v.v(bReg(n)))
	}
	for r := range rows {
		s.op("VBROADCASTSS", mem(4*r, "R8"), v.v(aReg(r)))
		for n := range vecs {
			m.emit(s, v, aReg(r), bReg(n), acc(r, n))
		}
	}
	s.op("ADDQ", "R9", "R8")
	s.op("ADDQ", "R11", "R10")
	s.op("DECQ", "CX")
	s.op("JNE", loop)
	eachC(s, v, rows, vecs, func(at string, r, n int) { s.op("VMOVUPS", v.v(acc(r, n)), at) })
	s.ret()
}

var gemmParams = params("c", "*float32", "cStep", "int", "a", "*byte", "aStep", "int", "b", "*byte", "bStep", "int",
	"k", "int", "add", "bool")

// eachC visits the registers of C in memory; DX runs over its rows.
func eachC(s *source, v vector, rows, vecs int, visit func(at string, r, n int)) {
	s.op("MOVQ", "DI", "DX")
	for r := range rows {
		for n := range vecs {
			visit(mem(n*v.bytes(), "DX"), r, n)
		}
		if r < rows-1 {
			s.op("ADDQ", "SI", "DX")
		}
	}
}

// evexDotBF16 encodes VDPBF16PS zmm_acc, zmm_b, zmm_a: EVEX.512.F3.0F38.W0 52 /r (Intel, Instruction Set Extensions
// Programming Reference). Bits of register numbers are stored inverted, except in ModRM.
func evexDotBF16(acc, b, a int) []byte {
	not := func(reg, bit int) byte { return byte(^reg>>bit) & 1 }
	p0 := not(acc, 3)<<7 | not(a, 4)<<6 | not(a, 3)<<5 | not(acc, 4)<<4 | 0b010 // R X B R' 0 map 0F38
	p1 := byte(^b&15)<<3 | 1<<2 | 0b10                                          // W=0 vvvv 1 pp=F3
	p2 := byte(0b10)<<5 | not(b, 4)<<3                                          // z=0 L'L=512 b=0 V' aaa=0
	return []byte{0x62, p0, p1, p2, 0x52, 0b11<<6 | byte(acc&7)<<3 | byte(a&7)}
}
