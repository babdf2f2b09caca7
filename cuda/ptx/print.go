package ptx

import (
	"fmt"
	"strconv"
	"strings"
)

// String prints the module as PTX text. Parsing that text gives the same module again, but for line numbers.
func (m *Module) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".version %s\n.target %s\n.address_size 64\n", m.Version, m.Target)
	for _, it := range m.Items {
		switch it := it.(type) {
		case *Variable:
			b.WriteString(linkage(it.Linkage) + it.String() + ";\n")
		case *Kernel:
			it.print(&b)
		case *SourceFile:
			fmt.Fprintf(&b, ".file %d %q\n", it.Index, it.Path)
		case *Section:
			fmt.Fprintf(&b, ".section %s\n{\n%s\n}\n", it.Name, joinTokens(it.Text))
		}
	}
	return b.String()
}

// joinTokens puts spaces between tokens, but not around ends of line.
func joinTokens(text []string) string {
	return strings.ReplaceAll(strings.Join(text, " "), " \n ", "\n")
}

func linkage(l string) string {
	if l == "" {
		return ""
	}
	return "." + l + " "
}

// String prints the declaration without linkage and semicolon.
func (v *Variable) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".%v ", v.Space)
	if v.aligned {
		fmt.Fprintf(&b, ".align %d ", v.Align)
	}
	fmt.Fprintf(&b, ".%v %s", v.Type, v.Name)
	if v.Array && v.Count == 0 {
		b.WriteString("[]")
	} else if v.Array {
		fmt.Fprintf(&b, "[%d]", v.Count)
	}
	if v.HasInit {
		values := make([]string, len(v.Init))
		for i, bits := range v.Init {
			values[i] = strconv.FormatUint(bits, 10)
			if v.Type == F32 {
				values[i] = fmt.Sprintf("0f%08X", uint32(bits))
			} else if v.Type == F64 {
				values[i] = fmt.Sprintf("0d%016X", bits)
			}
		}
		if v.Array {
			b.WriteString(" = {" + strings.Join(values, ", ") + "}")
		} else {
			b.WriteString(" = " + values[0])
		}
	}
	return b.String()
}

// print writes a kernel.
func (k *Kernel) print(b *strings.Builder) {
	params := make([]string, len(k.Params))
	for i, p := range k.Params {
		params[i] = "\n\t" + p.String()
	}
	fmt.Fprintf(b, "%s.entry %s(%s\n)\n", linkage(k.Linkage), k.Name, strings.Join(params, ","))
	if t := k.MaxThreads; t != [3]int{} {
		fmt.Fprintf(b, ".maxntid %d, %d, %d\n", t[0], t[1], t[2])
	}
	if k.MinBlocks > 0 {
		fmt.Fprintf(b, ".minnctapersm %d\n", k.MinBlocks)
	}
	if k.MaxRegs > 0 {
		fmt.Fprintf(b, ".maxnreg %d\n", k.MaxRegs)
	}
	b.WriteString("{\n")
	for _, st := range k.Body {
		b.WriteString(k.statement(st) + "\n")
	}
	b.WriteString("}\n")
}

// statement prints one part of the body.
func (k *Kernel) statement(st Statement) string {
	switch st := st.(type) {
	case *Instruction:
		return "\t" + k.Text(st) + ";"
	case *Label:
		return st.Name + ":"
	case *Loc:
		s := fmt.Sprintf("\t.loc %d %d %d", st.File, st.Line, st.Column)
		if len(st.Inlined) > 0 {
			s += ", " + strings.Join(st.Inlined, " ")
		}
		return s
	case *Pragma:
		return "\t.pragma \"" + st.Text + "\";"
	case *Declaration:
		return "\t" + st.String() + ";"
	case *Variable:
		return "\t" + st.String() + ";"
	case *Open:
		return "{"
	}
	return "}"
}

// String prints the declaration without its semicolon.
func (d *Declaration) String() string {
	if d.Name != "" {
		return fmt.Sprintf(".reg .%v %s<%d>", d.Type, d.Name, d.Count)
	}
	return fmt.Sprintf(".reg .%v %s", d.Type, strings.Join(d.Names, ", "))
}

// Text prints an instruction of the kernel without its semicolon.
func (k *Kernel) Text(in *Instruction) string {
	var b strings.Builder
	if in.Guard.Register != NoRegister {
		b.WriteByte('@')
		if in.Guard.Not {
			b.WriteByte('!')
		}
		b.WriteString(k.Registers[in.Guard.Register].Name + " ")
	}
	b.WriteString(in.Op.String())
	for _, m := range in.Mods {
		b.WriteString("." + m)
	}
	for i, o := range in.Operands {
		if i == 0 {
			b.WriteByte(' ')
		} else {
			b.WriteString(", ")
		}
		b.WriteString(k.operand(o))
	}
	return b.String()
}

// operand prints one operand.
func (k *Kernel) operand(o Operand) string {
	switch o.Kind {
	case RegisterOperand:
		if o.Not {
			return "!" + k.register(o.Register)
		}
		return k.register(o.Register)
	case IntegerOperand:
		return strconv.FormatInt(int64(o.Value), 10)
	case FloatOperand:
		if o.Wide {
			return fmt.Sprintf("0d%016X", o.Value)
		}
		return fmt.Sprintf("0f%08X", o.Value)
	case SpecialOperand:
		return o.Special.String()
	case VectorOperand:
		return "{" + k.operands(o.Elements, ", ") + "}"
	case PairOperand:
		return k.operands(o.Elements, "|")
	case MemoryOperand:
		return "[" + k.address(o) + "]"
	}
	return o.Name + offset(o.Value)
}

func (k *Kernel) operands(os []Operand, sep string) string {
	parts := make([]string, len(os))
	for i, o := range os {
		parts[i] = k.operand(o)
	}
	return strings.Join(parts, sep)
}

func (k *Kernel) address(o Operand) string {
	if o.Register != NoRegister {
		return k.register(o.Register) + offset(o.Value)
	}
	if o.Name == "" {
		return strconv.FormatInt(int64(o.Value), 10)
	}
	return o.Name + offset(o.Value)
}

func (k *Kernel) register(r int) string {
	if r == NoRegister {
		return "_"
	}
	return k.Registers[r].Name
}

// offset prints what is added to a base; nothing for 0.
func offset(v uint64) string {
	if v == 0 {
		return ""
	}
	return "+" + strconv.FormatInt(int64(v), 10)
}
