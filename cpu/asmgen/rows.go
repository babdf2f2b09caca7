package main

import "math"

// The functions of this file treat one row of n float32, n a multiple of the lanes. Sums and maxima are kept in four
// registers, vector i in register i mod 4; these are combined as (0+1)+(2+3) and stored, and the caller combines lanes.

// row writes a function over one row. Pointers are named first, then numbers of type float32; both get their operands in
// at: pointers as address at the running element, numbers as a register that holds the number in all lanes (4 and up).
func row(s *source, v vector, name, comment string, pointers, numbers []string, body rowBody) {
	var list []param
	for _, p := range pointers {
		list = append(list, param{p, "*float32"})
	}
	list = append(list, param{"n", "int"})
	for _, f := range numbers {
		list = append(list, param{f, "float32"})
	}
	if body.result {
		list = append(list, param{"result", "*float32"})
	}
	arg := s.function(name+v.name, comment, list)
	at := map[string]string{}
	for i, p := range pointers {
		reg := []string{"R8", "R9", "R10"}[i]
		s.op("MOVQ", arg[p], reg)
		at[p] = "(" + reg + ")(BX*4)"
	}
	for i, f := range numbers {
		at[f] = v.v(4 + i)
		s.op("VBROADCASTSS", arg[f], at[f])
	}
	s.op("MOVQ", arg["n"], "CX")
	s.op("XORQ", "BX", "BX")
	if body.setup != nil {
		body.setup()
	}
	eachVector(s, v, func(acc int) { body.vector(at, acc) })
	if body.result {
		body.combine(v.v(1), v.v(0))
		body.combine(v.v(3), v.v(2))
		body.combine(v.v(2), v.v(0))
		s.op("MOVQ", arg["result"], "R8")
		s.op("VMOVUPS", v.v(0), "(R8)")
	}
	s.ret()
}

// rowBody is what a function does for one vector.
type rowBody struct {
	setup   func()                              // before the first vector; clears the accumulators 0 to 3 if there are any
	vector  func(at map[string]string, acc int) // with accumulator acc; registers 8 to 11 are free
	result  bool                                // whether the accumulators are combined and stored
	combine func(from, into string)             // two accumulators
}

// eachVector runs body for vectors 0 to n-1, with i mod 4: a loop of four, which the end of the row may leave midway.
func eachVector(s *source, v vector, body func(acc int)) {
	loop, end := s.newLabel("loop"), s.newLabel("end")
	s.place(loop)
	for acc := range 4 {
		s.op("CMPQ", "BX", "CX")
		s.op("JGE", end)
		body(acc)
		s.op("ADDQ", imm(v.lanes), "BX")
	}
	s.op("JMP", loop)
	s.place(end)
}

// writeRows writes the row functions of normalisation, rotation and log-softmax.
func writeRows(s *source, v vector) {
	exp2Table(s)
	clearSums := func() {
		for i := range 4 {
			v.zero(s, v.v(i))
		}
	}
	add := func(from, into string) { s.op("VADDPS", from, into, into) }
	row(s, v, "squares", "sums x².", []string{"x"}, nil, rowBody{setup: clearSums, result: true, combine: add,
		vector: func(at map[string]string, acc int) {
			s.op("VMOVUPS", at["x"], v.v(8))
			s.op("VFMADD231PS", v.v(8), v.v(8), v.v(acc))
		}})
	row(s, v, "addSquares", "computes x += add and sums x².", []string{"x", "add"}, nil, rowBody{setup: clearSums, result: true, combine: add,
		vector: func(at map[string]string, acc int) {
			s.op("VMOVUPS", at["x"], v.v(8))
			s.op("VADDPS", at["add"], v.v(8), v.v(8))
			s.op("VMOVUPS", v.v(8), at["x"])
			s.op("VFMADD231PS", v.v(8), v.v(8), v.v(acc))
		}})
	row(s, v, "scale", "computes dst = x · scale · w.", []string{"dst", "x", "w"}, []string{"scale"}, rowBody{
		vector: func(at map[string]string, _ int) {
			s.op("VMULPS", at["x"], at["scale"], v.v(8))
			s.op("VMULPS", at["w"], v.v(8), v.v(8))
			s.op("VMOVUPS", v.v(8), at["dst"])
		}})
	row(s, v, "subtract", "computes dst = (x − a) − b.", []string{"dst", "x"}, []string{"a", "b"}, rowBody{
		vector: func(at map[string]string, _ int) {
			s.op("VMOVUPS", at["x"], v.v(8))
			s.op("VSUBPS", at["a"], v.v(8), v.v(8))
			s.op("VSUBPS", at["b"], v.v(8), v.v(8))
			s.op("VMOVUPS", v.v(8), at["dst"])
		}})
	row(s, v, "largest", "finds the maximum of x.", []string{"x"}, nil, rowBody{result: true,
		setup: func() {
			for i := range 4 {
				v.fillFloat(s, float32(math.Inf(-1)), i)
			}
		},
		vector:  func(at map[string]string, acc int) { s.op("VMAXPS", at["x"], v.v(acc), v.v(acc)) },
		combine: func(from, into string) { s.op("VMAXPS", from, into, into) }})
	e := exp2{v}
	row(s, v, "sumExp", "sums exp(x − most).", []string{"x"}, []string{"most", "log2e"}, rowBody{result: true, combine: add,
		setup: func() { clearSums(); e.setup(s) },
		vector: func(at map[string]string, acc int) {
			s.op("VMOVUPS", at["x"], v.v(8))
			s.op("VSUBPS", at["most"], v.v(8), v.v(8))
			s.op("VMULPS", at["log2e"], v.v(8), v.v(8))
			e.emit(s, 8, 9, 10)
			s.op("VADDPS", v.v(8), v.v(acc), v.v(acc))
		}})
	row(s, v, "rotate", "turns the pairs (a[i], b[i]) by the angles with these cosines and sines; n elements.",
		[]string{"a", "b", "cosSin"}, nil, rowBody{
			// The sines follow the n cosines; CX holds n.
			setup: func() { s.op("LEAQ", "(R10)(CX*4)", "R11") },
			vector: func(at map[string]string, _ int) {
				sin := "(R11)(BX*4)"
				s.op("VMOVUPS", at["a"], v.v(8))
				s.op("VMOVUPS", at["b"], v.v(9))
				s.op("VMULPS", sin, v.v(9), v.v(10))
				s.op("VMULPS", sin, v.v(8), v.v(11))
				s.op("VFMSUB132PS", at["cosSin"], v.v(10), v.v(8))
				s.op("VFMADD132PS", at["cosSin"], v.v(11), v.v(9))
				s.op("VMOVUPS", v.v(8), at["a"])
				s.op("VMOVUPS", v.v(9), at["b"])
			}})
	writeGate(s, v)
}

// writeGate writes gate = silu(gate) · up, with silu(z) = z / (1 + 2^(−z·log2 e)).
func writeGate(s *source, v vector) {
	e := exp2{v}
	const minusLog2e, one = 12, 13
	block(s, v, "gateBlock", "computes gate = silu(gate) · up.", []string{"*float32", "*float32"}, []string{"gate", "up"},
		func() {
			e.setup(s)
			v.fillFloat(s, -math.Log2E, minusLog2e)
			v.fillFloat(s, 1, one)
		},
		func(at []string) {
			s.op("VMOVUPS", at[0], v.v(0))
			s.op("VMULPS", v.v(minusLog2e), v.v(0), v.v(1))
			e.emit(s, 1, 2, 3)
			s.op("VADDPS", v.v(one), v.v(1), v.v(1))
			s.op("VDIVPS", v.v(1), v.v(0), v.v(0))
			s.op("VMULPS", at[1], v.v(0), v.v(0))
			s.op("VMOVUPS", v.v(0), at[0])
		})
}
