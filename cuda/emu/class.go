package emu

import "tiebreak/cuda/ptx"

// Class groups instructions by the part of a multiprocessor that executes them.
type Class uint8

// The classes of instructions.
const (
	Integer Class = iota // integer and bit arithmetic, comparisons and selections of any type
	Float                // binary32 arithmetic
	Double               // binary64 arithmetic
	Half                 // 16-bit and packed 16-bit arithmetic
	Special              // approximations: ex2, lg2, rcp, rsqrt, sqrt, sin, cos, tanh, and division
	Convert              // cvt
	Move                 // mov and cvta
	Matrix               // mma
	Global               // loads, stores and asynchronous copies of global memory
	Shared               // loads and stores of shared memory, ldmatrix
	Other                // loads and stores of parameters, constants and local memory; waiting for copies
	Atomic               // atom and red
	Warp                 // shuffles, votes and the like
	Barrier              // barriers and fences
	Control              // branches and ends
	Classes              // their number
)

var classNames = [Classes]string{"integer", "float", "double", "half", "special", "convert", "move", "matrix", "global", "shared",
	"other", "atomic", "warp", "barrier", "control"}

// String gives the name in small letters.
func (c Class) String() string { return classNames[c] }

// classes lists the opcodes whose class does not depend on their type.
var classes = map[ptx.Op]Class{
	ptx.Ex2: Special, ptx.Lg2: Special, ptx.Rcp: Special, ptx.Sqrt: Special, ptx.Rsqrt: Special, ptx.Sin: Special, ptx.Cos: Special,
	ptx.Tanh: Special, ptx.Div: Special, ptx.Rem: Special, ptx.Cvt: Convert, ptx.Cvta: Move, ptx.Mov: Move, ptx.Mma: Matrix,
	ptx.Ldmatrix: Shared, ptx.Prefetch: Global, ptx.Atom: Atomic, ptx.Red: Atomic, ptx.Shfl: Warp, ptx.Vote: Warp,
	ptx.Match: Warp, ptx.Redux: Warp, ptx.Activemask: Warp, ptx.Bar: Barrier, ptx.Barrier: Barrier, ptx.Membar: Barrier,
	ptx.Fence: Barrier, ptx.Bra: Control, ptx.Ret: Control, ptx.Exit: Control, ptx.Trap: Control, ptx.Nanosleep: Control,
	ptx.Setp: Integer, ptx.Selp: Integer, ptx.Slct: Integer, ptx.Testp: Integer,
}

// classOf gives the class of an instruction.
func classOf(in *ptx.Instruction) Class {
	if c, ok := classes[in.Op]; ok {
		return c
	}
	switch in.Op {
	case ptx.Ld, ptx.St:
		switch in.Space {
		case ptx.Global, ptx.Generic:
			return Global
		case ptx.Shared:
			return Shared
		}
		return Other
	case ptx.Cp:
		if len(in.Operands) > 1 {
			return Global
		}
		return Other
	}
	switch in.Type() {
	case ptx.F32:
		return Float
	case ptx.F64:
		return Double
	case ptx.F16, ptx.F16x2, ptx.BF16, ptx.BF16x2:
		return Half
	}
	return Integer
}
