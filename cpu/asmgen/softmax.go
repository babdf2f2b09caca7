package main

import "math"

// writeSoftmax writes what attention does between and after its two products. Lanes are queries, rows are keys: a tile of
// scores is [keys][queries], and whatever concerns one query happens in one lane, key after key.
func writeSoftmax(s *source, v vector) {
	exp2Table(s)
	softmaxTile{v: v}.write(s)
	softmaxTile{v: v, masked: true}.write(s)
	if v.wide() {
		softmaxTile{v: v, pairs: true}.write(s)
		softmaxTile{v: v, masked: true, pairs: true}.write(s)
	}
	writeScaleTile(s, v)
}

// softmaxTile continues an online softmax (Milakov and Gimelshein 2018, arXiv:1805.02867) by a tile of n keys, for the
// queries of one vector. state holds, one vector each, the maximum so far, the sum so far and, as a result, the factor
// by which sums over earlier tiles must be multiplied. Exponents are of base 2: scale contains log2 e.
type softmaxTile struct {
	v      vector
	masked bool // key j counts only where range[0] ≤ j ≤ range[1], each a vector of int32
	pairs  bool // probabilities are rounded to BF16 and two rows become one of pairs; an odd last one is paired with 0
}

// Registers of softmaxTile beside those of roundBF16 (1 to 3 and 12 to 14).
const (
	regScore = 0
	regScale = 4
	regMost  = 5
	regSum   = 6
	regFirst = 7
	regLast  = 8
	regKey   = 9
	regInf   = 10
	regPair  = 11
)

func (t softmaxTile) write(s *source) {
	v := t.v
	name := "softmaxTile"
	list := []string{"scores", "*float32", "step", "int", "n", "int", "scale", "float32", "state", "*float32"}
	comment := "turns scores into probabilities"
	if t.pairs {
		name, comment = name+"Pairs", "turns scores into pairs of BF16 probabilities"
	}
	if t.masked {
		name, comment = name+"Masked", comment+", where keys are within the range"
		list = append(list, "keys", "*int32")
	}
	arg := s.function(name+v.name, comment+"; see softmaxKernel.", params(list...))
	s.op("MOVQ", arg["scores"], "R8")
	s.op("MOVQ", arg["step"], "R9")
	s.op("MOVQ", arg["n"], "CX")
	s.op("MOVQ", arg["state"], "R10")
	s.op("VBROADCASTSS", arg["scale"], v.v(regScale))
	s.op("VMOVUPS", "(R10)", v.v(regMost))
	t.scale(s, arg)
	t.newMaximum(s)
	t.exponentials(s)
	s.op("VMOVUPS", v.v(regSum), mem(v.bytes(), "R10"))
	s.ret()
}

// scale multiplies all scores, masks them, and finds their maximum.
func (t softmaxTile) scale(s *source, arg map[string]string) {
	v := t.v
	if t.masked {
		s.op("MOVQ", arg["keys"], "R11")
		s.op(v.either("VMOVDQU32", "VMOVDQU"), "(R11)", v.v(regFirst))
		s.op(v.either("VMOVDQU32", "VMOVDQU"), mem(v.bytes(), "R11"), v.v(regLast))
		v.fillFloat(s, float32(math.Inf(-1)), regInf)
		v.zero(s, v.v(regKey))
		v.fill(s, 1, regPair)
	}
	loop := s.newLabel("scale")
	s.op("MOVQ", "R8", "BX")
	s.op("MOVQ", "CX", "DX")
	s.place(loop)
	s.op("VMULPS", "(BX)", v.v(regScale), v.v(regScore))
	if t.masked {
		t.mask(s)
		s.op("VPADDD", v.v(regPair), v.v(regKey), v.v(regKey))
	}
	s.op("VMOVUPS", v.v(regScore), "(BX)")
	s.op("VMAXPS", v.v(regScore), v.v(regMost), v.v(regMost))
	s.op("ADDQ", "R9", "BX")
	s.op("DECQ", "DX")
	s.op("JNE", loop)
}

// mask replaces the scores of a key by -Inf where it is out of range.
func (t softmaxTile) mask(s *source) {
	v := t.v
	if v.wide() {
		s.op("VPCMPGTD", v.v(regKey), v.v(regFirst), "K1")
		s.op("VMOVAPS", v.v(regInf), "K1", v.v(regScore))
		s.op("VPCMPGTD", v.v(regLast), v.v(regKey), "K1")
		s.op("VMOVAPS", v.v(regInf), "K1", v.v(regScore))
		return
	}
	s.op("VPCMPGTD", v.v(regKey), v.v(regFirst), v.v(1))
	s.op("VPCMPGTD", v.v(regLast), v.v(regKey), v.v(2))
	s.op("VPOR", v.v(1), v.v(2), v.v(1))
	s.op("VBLENDVPS", v.v(1), v.v(regInf), v.v(regScore), v.v(regScore))
}

// newMaximum stores the new maximum and the factor for what came before it, and begins the new sum.
func (t softmaxTile) newMaximum(s *source) {
	v, e := t.v, exp2{t.v}
	s.op("VMOVUPS", "(R10)", v.v(regScore))
	s.op("VMOVUPS", v.v(regMost), "(R10)")
	s.op("VSUBPS", v.v(regMost), v.v(regScore), v.v(regScore))
	e.setup(s)
	e.emit(s, regScore, 1, 2)
	s.op("VMOVUPS", v.v(regScore), mem(2*v.bytes(), "R10"))
	s.op("VMULPS", mem(v.bytes(), "R10"), v.v(regScore), v.v(regSum))
}

// exponentials replaces scores by probabilities and adds these, before they are rounded.
func (t softmaxTile) exponentials(s *source) {
	v := t.v
	loop, end := s.newLabel("exp"), s.newLabel("end")
	s.op("MOVQ", "R8", "BX")
	if t.pairs {
		roundBF16Setup(s, v)
	}
	s.place(loop)
	if !t.pairs {
		t.exponential(s, regScore)
		s.op("VMOVUPS", v.v(regScore), "(BX)")
		s.op("ADDQ", "R9", "BX")
		s.op("DECQ", "CX")
		s.op("JNE", loop)
		return
	}
	odd := s.newLabel("odd")
	t.exponential(s, regScore)
	roundBF16(s, v, regScore, regPair)
	s.op("ADDQ", "R9", "BX")
	s.op("DECQ", "CX")
	s.op("JEQ", odd)
	t.exponential(s, regScore)
	roundBF16(s, v, regScore, 1)
	s.op("VPSLLD", imm(16), v.v(1), v.v(1))
	v.or(s, v.v(1), v.v(regPair), v.v(regPair))
	s.op("VMOVUPS", v.v(regPair), "(R8)")
	s.op("ADDQ", "R9", "R8")
	s.op("ADDQ", "R9", "BX")
	s.op("DECQ", "CX")
	s.op("JNE", loop)
	s.op("JMP", end)
	s.place(odd)
	s.op("VMOVUPS", v.v(regPair), "(R8)")
	s.place(end)
}

// exponential computes 2^(score − maximum) of the row at BX and adds it to the sum.
func (t softmaxTile) exponential(s *source, x int) {
	v := t.v
	s.op("VMOVUPS", "(BX)", v.v(x))
	s.op("VSUBPS", v.v(regMost), v.v(x), v.v(x))
	exp2{v}.emit(s, x, 1, 2)
	s.op("VADDPS", v.v(x), v.v(regSum), v.v(regSum))
}

// writeScaleTile writes the multiplication of a tile of sums, [rows][queries], by one factor a query. It does nothing if
// all factors are 1, as they are once the largest score has been met.
func writeScaleTile(s *source, v vector) {
	arg := s.function("scaleTile"+v.name, "multiplies rows of one vector by the factors; rows lie step bytes apart.",
		params("x", "*float32", "step", "int", "rows", "int", "factors", "*float32"))
	s.op("MOVQ", arg["factors"], "R10")
	s.op("VMOVUPS", "(R10)", v.v(0))
	v.fillFloat(s, 1, 1)
	end, loop := s.newLabel("end"), s.newLabel("loop")
	const notEqual = 4 // true for NaN as well
	if v.wide() {
		s.op("VCMPPS", imm(notEqual), v.v(0), v.v(1), "K1")
		s.op("KTESTW", "K1", "K1")
	} else {
		s.op("VCMPPS", imm(notEqual), v.v(0), v.v(1), v.v(2))
		s.op("VPTEST", v.v(2), v.v(2))
	}
	s.op("JEQ", end)
	s.op("MOVQ", arg["x"], "R8")
	s.op("MOVQ", arg["step"], "R9")
	s.op("MOVQ", arg["rows"], "CX")
	s.place(loop)
	s.op("VMULPS", "(R8)", v.v(0), v.v(1))
	s.op("VMOVUPS", v.v(1), "(R8)")
	s.op("ADDQ", "R9", "R8")
	s.op("DECQ", "CX")
	s.op("JNE", loop)
	s.place(end)
	s.ret()
}
