package ptx

// Type is the fundamental type of an operand.
type Type uint8

// The types of PTX. NoType is the zero value.
const (
	NoType Type = iota
	B8
	B16
	B32
	B64
	U8
	U16
	U32
	U64
	S8
	S16
	S32
	S64
	F16
	F16x2
	BF16
	BF16x2
	F32
	F64
	Pred
)

// kind groups types by how their bits are read.
type kind uint8

const (
	bitsKind kind = iota
	unsignedKind
	signedKind
	floatKind
	predKind
)

// types lists name, size in bytes and kind of each Type. A predicate has no size in memory.
var types = [...]struct {
	name string
	size int
	kind kind
}{
	NoType: {"", 0, bitsKind},
	B8:     {"b8", 1, bitsKind}, B16: {"b16", 2, bitsKind}, B32: {"b32", 4, bitsKind}, B64: {"b64", 8, bitsKind},
	U8: {"u8", 1, unsignedKind}, U16: {"u16", 2, unsignedKind}, U32: {"u32", 4, unsignedKind}, U64: {"u64", 8, unsignedKind},
	S8: {"s8", 1, signedKind}, S16: {"s16", 2, signedKind}, S32: {"s32", 4, signedKind}, S64: {"s64", 8, signedKind},
	F16: {"f16", 2, floatKind}, F16x2: {"f16x2", 4, floatKind}, BF16: {"bf16", 2, floatKind}, BF16x2: {"bf16x2", 4, floatKind},
	F32: {"f32", 4, floatKind}, F64: {"f64", 8, floatKind}, Pred: {"pred", 0, predKind},
}

// String gives the name without its dot: "f32".
func (t Type) String() string { return types[t].name }

// Size is the number of bytes in memory; 0 for Pred and NoType.
func (t Type) Size() int { return types[t].size }

// Signed reports whether the type is a signed integer.
func (t Type) Signed() bool { return types[t].kind == signedKind }

// Float reports whether the type is a floating-point one, packed pairs included.
func (t Type) Float() bool { return types[t].kind == floatKind }

// typeNames finds a Type by its name.
var typeNames = func() map[string]Type {
	m := map[string]Type{}
	for i := B8; int(i) < len(types); i++ {
		m[types[i].name] = i
	}
	return m
}()

// Space is a state space: where a variable lives.
type Space uint8

// The state spaces. Generic is the zero value: an address that may lie in global, shared or local memory.
const (
	Generic Space = iota
	Global
	Shared
	Local
	Const
	Param
)

var spaceNames = [...]string{"generic", "global", "shared", "local", "const", "param"}

// String gives the name without its dot: "shared".
func (s Space) String() string { return spaceNames[s] }

// spaces finds a Space by its name in the text; Generic has none.
var spaces = map[string]Space{"global": Global, "shared": Shared, "local": Local, "const": Const, "param": Param}

// Round is a rounding mode of arithmetic or conversion.
type Round uint8

// The rounding modes: to nearest even, towards zero, down, up; the same four to an integer.
const (
	NoRound Round = iota
	RN
	RZ
	RM
	RP
	RNI
	RZI
	RMI
	RPI
)

var rounds = map[string]Round{"rn": RN, "rz": RZ, "rm": RM, "rp": RP, "rni": RNI, "rzi": RZI, "rmi": RMI, "rpi": RPI}

// Compare is the comparison of setp.
type Compare uint8

// The comparisons. Those that end in U are true where an operand is NaN; LO, LS, HI and HS are the unsigned orders.
const (
	NoCompare Compare = iota
	EQ
	NE
	LT
	LE
	GT
	GE
	LO
	LS
	HI
	HS
	EQU
	NEU
	LTU
	LEU
	GTU
	GEU
	NUM
	NAN
)

var compares = map[string]Compare{"eq": EQ, "ne": NE, "lt": LT, "le": LE, "gt": GT, "ge": GE, "lo": LO, "ls": LS, "hi": HI,
	"hs": HS, "equ": EQU, "neu": NEU, "ltu": LTU, "leu": LEU, "gtu": GTU, "geu": GEU, "num": NUM, "nan": NAN}
