package ptx

// fit reports whether the operands of an instruction are those of a form, and finishes those whose kind the form decides:
// names that are labels.
func (b *body) fit(f *form, in *Instruction) bool {
	given := in.Operands
	for _, want := range f.operands {
		if len(given) == 0 {
			if want.optional {
				continue
			}
			return false
		}
		if !b.fits(want, in, &given[0]) {
			return false
		}
		given = given[1:]
	}
	return len(given) == 0
}

// fits checks one operand.
func (b *body) fits(want operandForm, in *Instruction, o *Operand) bool {
	switch want.kind {
	case "label":
		if o.Kind == SymbolOperand && o.Value == 0 {
			o.Kind = LabelOperand
		}
		return o.Kind == LabelOperand
	case "imm":
		return o.Kind == IntegerOperand
	case "mem":
		return o.Kind == MemoryOperand && b.address(o)
	case "pdst", "pred":
		return b.predicate(o) && (want.kind == "pred" || !o.Not)
	case "dst/p", "pdst/p":
		if o.Kind != PairOperand {
			want.kind = want.kind[:len(want.kind)-2]
			return b.fits(want, in, o)
		}
		first := want
		first.kind = want.kind[:len(want.kind)-2]
		return b.fits(first, in, &o.Elements[0]) && b.predicate(&o.Elements[1]) && !o.Elements[1].Not
	}
	size, atLeast := want.width(in)
	return b.data(want, in, o, dataSize{size, atLeast})
}

// dataSize is what the size of an operand must match.
type dataSize struct {
	bytes   int
	atLeast bool
}

// data checks an operand that is no predicate, label or address.
func (b *body) data(want operandForm, in *Instruction, o *Operand, size dataSize) bool {
	if o.Not {
		return false
	}
	switch want.kind {
	case "dst":
		return b.written(o, size)
	case "val":
		return b.read(o, size)
	case "vdst":
		return b.elements(o, in.Vector, size, b.written)
	case "vval":
		return b.elements(o, in.Vector, size, b.read)
	case "D":
		return b.elements(o, want.count, size, b.written)
	case "S":
		return b.elements(o, want.count, size, b.read)
	case "dpack":
		return b.packed(o, size, b.written)
	}
	return o.Kind == SpecialOperand || o.Kind == SymbolOperand && size.bytes >= 4 || b.packed(o, size, b.read)
}

// written accepts a register, or the sink _.
func (b *body) written(o *Operand, size dataSize) bool {
	return o.Kind == RegisterOperand && !o.Not && (o.Register == NoRegister || b.sized(o.Register, size))
}

// read accepts a register or a constant.
func (b *body) read(o *Operand, size dataSize) bool {
	switch o.Kind {
	case RegisterOperand:
		return !o.Not && o.Register != NoRegister && b.sized(o.Register, size)
	case IntegerOperand:
		return true
	case FloatOperand:
		return size.bytes >= 4
	}
	return false
}

// sized checks a register's size; a predicate has none.
func (b *body) sized(r int, size dataSize) bool {
	n := b.k.Registers[r].Type.Size()
	return n == size.bytes || n > size.bytes && size.atLeast
}

// elements accepts a vector of n elements, or for n = 1 a single operand.
func (b *body) elements(o *Operand, n int, size dataSize, ok func(*Operand, dataSize) bool) bool {
	if o.Kind != VectorOperand {
		return n == 1 && ok(o, size)
	}
	for i := range o.Elements {
		if !ok(&o.Elements[i], size) {
			return false
		}
	}
	return len(o.Elements) == n
}

// packed accepts one operand of the size, or a vector of equal parts that add up to it.
func (b *body) packed(o *Operand, size dataSize, ok func(*Operand, dataSize) bool) bool {
	if o.Kind != VectorOperand {
		return ok(o, size)
	}
	n := len(o.Elements)
	return (n == 2 || n == 4) && size.bytes/n >= 2 && b.elements(o, n, dataSize{bytes: size.bytes / n}, ok)
}

func (b *body) predicate(o *Operand) bool {
	return o.Kind == RegisterOperand && (o.Register == NoRegister || b.k.Registers[o.Register].Type == Pred)
}

// address accepts a base register of 32 or 64 bits, or none.
func (b *body) address(o *Operand) bool {
	return o.Register == NoRegister || b.k.Registers[o.Register].Type.Size() >= 4
}
