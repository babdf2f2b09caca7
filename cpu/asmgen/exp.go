package main

import (
	"fmt"
	"math"
)

// exp2Degree is the degree of the polynomial for 2^f on [-1/2, 1/2]; its error, 2e-9, drowns in the rounding of float32.
const exp2Degree = 6

// exp2Coefficients interpolates 2^f at the Chebyshev nodes of [-1/2, 1/2] and returns the coefficients of 1, f, f² …
func exp2Coefficients() []float32 {
	n := exp2Degree + 1
	nodes, diff := make([]float64, n), make([]float64, n)
	for i := range nodes {
		nodes[i] = 0.5 * math.Cos(math.Pi*(2*float64(i)+1)/(2*float64(n)))
		diff[i] = math.Exp2(nodes[i])
	}
	for k := 1; k < n; k++ { // Newton's divided differences
		for i := n - 1; i >= k; i-- {
			diff[i] = (diff[i] - diff[i-1]) / (nodes[i] - nodes[i-k])
		}
	}
	sum := make([]float64, n) // Newton's form multiplied out, from the inside
	for k := n - 1; k >= 0; k-- {
		for i := n - 1; i > 0; i-- {
			sum[i] = sum[i-1] - nodes[k]*sum[i]
		}
		sum[0] = diff[k] - nodes[k]*sum[0]
	}
	out := make([]float32, n)
	for i, c := range sum {
		out[i] = float32(c)
	}
	return out
}

// Constants of exp2 after the coefficients.
const (
	exp2Low  = exp2Degree + 1 + iota // below this 2^x is 0; it keeps -Inf out of the subtraction of n
	exp2High                         // above this 2^x is infinite
	exp2Bias                         // 127, as an integer
	exp2Constants
)

// exp2Table writes the constants as read-only data, each repeated to the width of a register.
func exp2Table(s *source) {
	var bits []uint32
	for _, c := range exp2Coefficients() {
		bits = append(bits, math.Float32bits(c))
	}
	bits = append(bits, math.Float32bits(-160), math.Float32bits(140), 127)
	s.asm.WriteString("\n// Coefficients of 2^f, the bounds of x, and the bias of an exponent.\n")
	for i, b := range bits {
		for lane := range 16 {
			fmt.Fprintf(&s.asm, "DATA exp2Table<>+%d(SB)/4, $%#08x\n", 64*i+4*lane, b)
		}
	}
	fmt.Fprintf(&s.asm, "GLOBL exp2Table<>(SB), RODATA|NOPTR, $%d\n", 64*exp2Constants)
}

// exp2 emits 2^x. On AVX-512 the constants live in registers 31 and below; on AVX2, which lacks the room, in memory.
type exp2 struct{ v vector }

func (e exp2) setup(s *source) {
	if e.v.wide() {
		for i := range exp2Constants {
			s.op("VMOVUPS", e.memory(i), e.constant(i))
		}
	}
}

func (e exp2) constant(i int) string {
	if e.v.wide() {
		return e.v.v(31 - i)
	}
	return e.memory(i)
}

func (e exp2) memory(i int) string { return fmt.Sprintf("exp2Table<>+%d(SB)", 64*i) }

// emit computes register x = 2^x; n and p are overwritten. A NaN stays one.
func (e exp2) emit(s *source, x, n, p int) {
	v := e.v
	clamp := func(op string, bound int) {
		// Where there is a NaN these instructions give the operand that comes first here: x passes.
		s.op("VMOVAPS", e.constant(bound), v.v(n))
		s.op(op, v.v(x), v.v(n), v.v(x))
	}
	clamp("VMAXPS", exp2Low)
	if !v.wide() {
		clamp("VMINPS", exp2High)
	}
	s.op(v.either("VRNDSCALEPS", "VROUNDPS"), imm(8), v.v(x), v.v(n)) // to nearest
	s.op("VSUBPS", v.v(n), v.v(x), v.v(x))                            // f, exact
	s.op("VMOVAPS", e.constant(exp2Degree), v.v(p))
	for i := exp2Degree - 1; i >= 0; i-- {
		s.op("VFMADD213PS", e.constant(i), v.v(x), v.v(p))
	}
	if v.wide() {
		s.op("VSCALEFPS", v.v(n), v.v(p), v.v(x)) // p·2^n, gradual or infinite beyond the range
		return
	}
	// 2^n may lie outside the range of float32 where p·2^n does not: two factors, 2^(n>>1) and 2^(n-(n>>1)).
	s.op("VCVTPS2DQ", v.v(n), v.v(n))
	s.op("VPSRAD", imm(1), v.v(n), v.v(x))
	s.op("VPSUBD", v.v(x), v.v(n), v.v(n))
	for _, half := range []int{x, n} {
		s.op("VPADDD", e.constant(exp2Bias), v.v(half), v.v(half))
		s.op("VPSLLD", imm(23), v.v(half), v.v(half))
		s.op("VMULPS", v.v(half), v.v(p), v.v(p))
	}
	s.op("VMOVAPS", v.v(p), v.v(x))
}
