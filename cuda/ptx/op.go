package ptx

// Op is the first word of an instruction.
type Op uint8

// The opcodes, in the order of the alphabet, which is that of formTable.
const (
	Abs Op = iota
	Activemask
	Add
	And
	Atom
	Bar
	Barrier
	Bfe
	Bfi
	Bfind
	Bra
	Brev
	Clz
	Cos
	Cp
	Cvt
	Cvta
	Div
	Ex2
	Exit
	Fence
	Fma
	Ld
	Ldmatrix
	Lg2
	Lop3
	Mad
	Match
	Max
	Membar
	Min
	Mma
	Mov
	Mul
	Nanosleep
	Neg
	Not
	Or
	Popc
	Prefetch
	Prmt
	Rcp
	Red
	Redux
	Rem
	Ret
	Rsqrt
	Selp
	Setp
	Shf
	Shfl
	Shl
	Shr
	Sin
	Slct
	Sqrt
	St
	Sub
	Tanh
	Testp
	Trap
	Vote
	Xor
)

var opNames = [...]string{
	"abs", "activemask", "add", "and", "atom", "bar", "barrier", "bfe", "bfi", "bfind", "bra", "brev",
	"clz", "cos", "cp", "cvt", "cvta", "div", "ex2", "exit", "fence", "fma", "ld", "ldmatrix",
	"lg2", "lop3", "mad", "match", "max", "membar", "min", "mma", "mov", "mul", "nanosleep", "neg",
	"not", "or", "popc", "prefetch", "prmt", "rcp", "red", "redux", "rem", "ret", "rsqrt", "selp",
	"setp", "shf", "shfl", "shl", "shr", "sin", "slct", "sqrt", "st", "sub", "tanh", "testp",
	"trap", "vote", "xor",
}

// String gives the opcode as PTX writes it: "mad".
func (o Op) String() string { return opNames[o] }

// ops finds an Op by its name.
var ops = func() map[string]Op {
	m := map[string]Op{}
	for i, n := range opNames {
		m[n] = Op(i)
	}
	return m
}()
