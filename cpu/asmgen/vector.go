package main

import (
	"fmt"
	"math"
)

// vector is a width of vector registers, with the shape of the tiles that its kernels compute.
type vector struct {
	name  string // of the instruction set, as it ends function names
	reg   string // prefix of registers
	lanes int    // float32 values in a register
	rows  []int  // heights of tiles, the highest first
	vecs  int    // width of the widest tile, in registers
}

var (
	// With 32 registers, 8 x 3 accumulators leave 3 for a row of B and 5 for broadcasts of A. A step of K takes 24
	// multiply-adds, which is 24 cycles on a core with one 512-bit unit, against 3 loads and 8 broadcasts.
	avx512 = vector{name: "AVX512", reg: "Z", lanes: 16, rows: []int{8, 4, 2, 1}, vecs: 3}

	// With 16 registers, 6 x 2 accumulators leave 2 for B and 2 for A.
	avx2 = vector{name: "AVX2", reg: "Y", lanes: 8, rows: []int{6, 4, 2, 1}, vecs: 2}
)

func vectorName(prefix string, i int) string { return fmt.Sprintf("%s%d", prefix, i) }

// v is vector register i.
func (v vector) v(i int) string { return vectorName(v.reg, i) }

// half is the register of half the width that lies in register i.
func (v vector) half(i int) string {
	if v.wide() {
		return vectorName("Y", i)
	}
	return vectorName("X", i)
}

// bytes is the size of a register.
func (v vector) bytes() int { return 4 * v.lanes }

// wide reports whether this is AVX-512, which spells some instructions otherwise.
func (v vector) wide() bool { return v.lanes == 16 }

// either is the spelling for AVX-512 or that for AVX2.
func (v vector) either(wide, narrow string) string {
	if v.wide() {
		return wide
	}
	return narrow
}

// zero clears a register.
func (v vector) zero(s *source, r string) { s.op(v.either("VPXORD", "VXORPS"), r, r, r) }

// and, or and xor work on bits: b op a → dst.
func (v vector) and(s *source, a, b, dst string) { s.op(v.either("VPANDD", "VPAND"), a, b, dst) }
func (v vector) or(s *source, a, b, dst string)  { s.op(v.either("VPORD", "VPOR"), a, b, dst) }

// fill sets all lanes of register i to a pattern; it uses AX.
func (v vector) fill(s *source, pattern uint32, i int) {
	s.op("MOVL", imm32(pattern), "AX")
	s.op("VMOVD", "AX", vectorName("X", i))
	s.op("VPBROADCASTD", vectorName("X", i), v.v(i))
}

// fillFloat sets all lanes of register i to a number.
func (v vector) fillFloat(s *source, f float32, i int) { v.fill(s, math.Float32bits(f), i) }
