package ptx

import "slices"

// Instruction is one instruction, decoded.
type Instruction struct {
	Line     int // of the PTX text
	Guard    Guard
	Op       Op
	Mods     []string // as written, without dots: global nc v4 u32
	Types    []Type   // the types among them, in order; destination first
	Space    Space
	Round    Round
	Compare  Compare
	Vector   int // elements of a vector access or 1
	Operands []Operand
	MinSM    int // least architecture that has this form
}

// Type is the first type of the instruction: that of the destination, or of all operands.
func (in *Instruction) Type() Type {
	if len(in.Types) == 0 {
		return NoType
	}
	return in.Types[0]
}

// Has reports whether the instruction carries that modifier, such as "ftz".
func (in *Instruction) Has(mod string) bool { return slices.Contains(in.Mods, mod) }

// Guard is the predicate under which an instruction runs.
type Guard struct {
	Register int // index into Kernel.Registers, or NoRegister
	Not      bool
}

// NoRegister stands for a register that is absent: no guard, or a sink written as _.
const NoRegister = -1

// OperandKind tells the operands apart.
type OperandKind uint8

// The kinds of operand.
const (
	RegisterOperand OperandKind = iota // Register
	IntegerOperand                     // Value: two's complement
	FloatOperand                       // Value: bits of a binary32 or binary64; Wide tells which
	SymbolOperand                      // Name: a variable's address, plus Value
	LabelOperand                       // Name
	SpecialOperand                     // Special
	VectorOperand                      // Elements in braces
	MemoryOperand                      // an address in brackets: Register or Name, plus Value
	PairOperand                        // Elements[0] | Elements[1]: a result and a predicate
)

// Operand is one operand of an instruction.
type Operand struct {
	Kind     OperandKind
	Register int // index into Kernel.Registers; NoRegister in a MemoryOperand whose base is a name, and for the sink _
	Not      bool
	Wide     bool
	Value    uint64
	Name     string
	Special  Special
	Elements []Operand
}

// Special is a special register.
type Special uint8

// The special registers; the components X, Y and Z of the first four follow each other.
const (
	TidX Special = iota
	TidY
	TidZ
	NtidX
	NtidY
	NtidZ
	CtaidX
	CtaidY
	CtaidZ
	NctaidX
	NctaidY
	NctaidZ
	LaneID
	WarpID
	NWarpID
	SMID
	Clock
	Clock64
	LanemaskEQ
	LanemaskLE
	LanemaskLT
	LanemaskGE
	LanemaskGT
	DynamicSharedSize
	WarpSize
)

var specialNames = [...]string{"%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z", "%ctaid.x", "%ctaid.y",
	"%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z", "%laneid", "%warpid", "%nwarpid", "%smid", "%clock", "%clock64",
	"%lanemask_eq", "%lanemask_le", "%lanemask_lt", "%lanemask_ge", "%lanemask_gt", "%dynamic_smem_size", "WARP_SZ"}

// String gives the register as PTX writes it: "%tid.x".
func (s Special) String() string { return specialNames[s] }

// specials finds a Special by its name.
var specials = func() map[string]Special {
	m := map[string]Special{}
	for i, n := range specialNames {
		m[n] = Special(i)
	}
	return m
}()
