package ptx

// Module is one PTX file.
type Module struct {
	Name    string // of the file, for messages
	Version string // of the language: "8.4"
	Target  string // the least architecture: "sm_75"
	SM      int    // the number in Target: 75
	Items   []Item // declarations in the order of the text
}

// Item is a declaration of a module: *Variable, *Kernel, *SourceFile or *Section.
type Item interface{ item() }

// Kernels lists the entry points in the order of the text.
func (m *Module) Kernels() []*Kernel { return collect[*Kernel](m.Items) }

// Variables lists the variables declared outside kernels.
func (m *Module) Variables() []*Variable { return collect[*Variable](m.Items) }

// SourceFile is the path of the source file with that index; "" if the module does not name it.
func (m *Module) SourceFile(index int) string {
	for _, f := range collect[*SourceFile](m.Items) {
		if f.Index == index {
			return f.Path
		}
	}
	return ""
}

// collect picks the items of one kind.
func collect[T Item](items []Item) []T {
	var out []T
	for _, it := range items {
		if v, ok := it.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

// Variable is a named piece of memory: of the module, of a kernel, or a parameter.
type Variable struct {
	Line    int
	Linkage string // "visible", "extern", "weak" or ""
	Space   Space
	Align   int  // bytes; at least the size of the type
	aligned bool // the text gives the alignment
	Type    Type
	Name    string
	Array   bool
	Count   int      // elements: 1 for a scalar; 0 for an array without a size, which is dynamic shared memory
	Init    []uint64 // bits of the first elements; the rest are zero
	HasInit bool
}

// Size is the number of bytes; 0 for dynamic shared memory.
func (v *Variable) Size() int { return v.Count * v.Type.Size() }

// Kernel is an entry point.
type Kernel struct {
	Line       int
	Linkage    string
	Name       string
	Params     []*Variable
	MaxThreads [3]int // .maxntid; zero if not given
	MinBlocks  int    // .minnctapersm; 0 if not given
	MaxRegs    int    // .maxnreg; 0 if not given
	Body       []Statement
	Registers  []Register // all registers of the body; operands name them by index
}

// Register is one declared register.
type Register struct {
	Name string // with its percent sign
	Type Type
}

// SourceFile names a file that .loc statements refer to.
type SourceFile struct {
	Index int
	Path  string
}

// Section is debugging data that this package carries along without reading it.
type Section struct {
	Name string
	Text []string // tokens, "\n" for an end of line
}

func (*Variable) item()   {}
func (*Kernel) item()     {}
func (*SourceFile) item() {}
func (*Section) item()    {}

// Statement is a part of a kernel's body: *Instruction, *Label, *Loc, *Pragma, *Declaration, *Variable, *Open, *Close.
type Statement interface{ statement() }

// Label is a place that branches go to.
type Label struct {
	Line int
	Name string
}

// Loc says which source line the instructions after it come from.
type Loc struct {
	File, Line, Column int
	Inlined            []string // tokens after the comma, about inlining; carried along
}

// Pragma is a hint to the compiler.
type Pragma struct{ Text string }

// Declaration declares registers: Count of them as Name0, Name1, …, or the Names given.
type Declaration struct {
	Type  Type
	Name  string
	Count int
	Names []string
}

// Open begins a block in which declarations are local.
type Open struct{}

// Close ends that block.
type Close struct{}

func (*Instruction) statement() {}
func (*Label) statement()       {}
func (*Loc) statement()         {}
func (*Pragma) statement()      {}
func (*Declaration) statement() {}
func (*Variable) statement()    {}
func (*Open) statement()        {}
func (*Close) statement()       {}
