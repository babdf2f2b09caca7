package ptx

import (
	"strings"
)

// maxStatement is the most tokens of an instruction: enough for every form, few enough for a readable message.
const maxStatement = 96

// instruction reads one instruction with its guard, and finds its form.
func (b *body) instruction() (*Instruction, error) {
	start := b.pos
	in := &Instruction{Line: b.peek().line, Guard: Guard{Register: NoRegister}}
	if err := b.guard(in); err != nil {
		return nil, err
	}
	name, err := b.word("an instruction")
	if err != nil {
		return nil, err
	}
	mods := strings.Split(name, ".")
	op, known := ops[mods[0]]
	if !known {
		return nil, b.fail(in.Line, "instruction %s: unknown opcode %q", b.text(start), mods[0])
	}
	in.Op = op
	for !b.accept(";") {
		if len(in.Operands) > 0 {
			if err := b.expect(","); err != nil {
				return nil, err
			}
		}
		o, err := b.operand()
		if err != nil {
			return nil, err
		}
		in.Operands = append(in.Operands, o)
	}
	return in, b.decide(in, mods[1:], start)
}

// guard reads @p or @!p.
func (b *body) guard(in *Instruction) error {
	if !b.accept("@") {
		return nil
	}
	in.Guard.Not = b.accept("!")
	r, ok := b.register(b.peek().text)
	if !ok || b.k.Registers[r].Type != Pred {
		return b.wrong("a predicate register")
	}
	b.next()
	in.Guard.Register = r
	return nil
}

// decide finds the first form whose modifiers and operands fit.
func (b *body) decide(in *Instruction, mods []string, start int) error {
	known := false
	for i := range forms[in.Op] {
		f := &forms[in.Op][i]
		if !f.match(in, mods) {
			continue
		}
		known = true
		if !b.fit(f, in) {
			continue
		}
		if in.MinSM > b.mod.SM {
			return b.fail(in.Line, "instruction %s: needs sm_%d, the module's target is %s", b.text(start), in.MinSM, b.mod.Target)
		}
		b.noteLabels(in)
		return nil
	}
	if known {
		return b.fail(in.Line, "instruction %s: operands of the wrong kind, number or size", b.text(start))
	}
	return b.fail(in.Line, "instruction %s: unknown form of %v", b.text(start), in.Op)
}

// text is the instruction that begins at a token, on one line.
func (b *body) text(start int) string {
	var s strings.Builder
	for i, t := range b.toks[start:min(start+maxStatement, len(b.toks))] {
		if t.text == ";" || t.text == "" {
			break
		}
		if i > 0 && (t.word && b.toks[start+i-1].word || b.toks[start+i-1].text == ",") {
			s.WriteByte(' ')
		}
		s.WriteString(t.text)
	}
	return s.String()
}

// noteLabels remembers branch targets, to be checked at the end of the kernel.
func (b *body) noteLabels(in *Instruction) {
	for _, o := range in.Operands {
		if o.Kind == LabelOperand {
			b.used = append(b.used, labelUse{o.Name, in.Line})
		}
	}
}

// operand reads one operand, without knowing yet what the form asks for.
func (b *body) operand() (Operand, error) {
	switch {
	case b.accept("{"):
		return b.vector()
	case b.accept("["):
		return b.memory()
	case b.accept("!"):
		o, err := b.name()
		if err == nil && o.Kind != RegisterOperand {
			return o, b.wrong("a predicate register before this")
		}
		o.Not = true
		return o, err
	}
	o, err := b.name()
	if err != nil || !b.accept("|") {
		return o, err
	}
	second, err := b.name()
	return Operand{Kind: PairOperand, Elements: []Operand{o, second}}, err
}

// name reads a register, special register, constant, or the name of a variable or label.
func (b *body) name() (Operand, error) {
	t := b.peek()
	if !t.word || t.text[0] >= '0' && t.text[0] <= '9' {
		return b.number()
	}
	if t.text == "_" {
		b.next()
		return Operand{Kind: RegisterOperand, Register: NoRegister}, nil
	}
	if r, ok := b.register(t.text); ok {
		b.next()
		return Operand{Kind: RegisterOperand, Register: r}, nil
	}
	if s, ok := specials[t.text]; ok {
		b.next()
		return Operand{Kind: SpecialOperand, Special: s}, nil
	}
	if t.text[0] == '%' || t.text[0] == '.' {
		return Operand{}, b.fail(t.line, "register %s: not declared", t.text)
	}
	b.next()
	o := Operand{Kind: SymbolOperand, Name: t.text}
	return o, b.offset(&o)
}

// vector reads elements up to the closing brace.
func (b *body) vector() (Operand, error) {
	v := Operand{Kind: VectorOperand}
	for !b.accept("}") {
		if len(v.Elements) > 0 {
			if err := b.expect(","); err != nil {
				return v, err
			}
		}
		o, err := b.name()
		if err != nil {
			return v, err
		}
		v.Elements = append(v.Elements, o)
	}
	return v, nil
}

// memory reads an address up to the closing bracket.
func (b *body) memory() (Operand, error) {
	m := Operand{Kind: MemoryOperand, Register: NoRegister}
	o, err := b.name()
	if err != nil {
		return m, err
	}
	switch {
	case o.Kind == RegisterOperand && o.Register != NoRegister:
		m.Register = o.Register
		if err := b.offset(&m); err != nil {
			return m, err
		}
	case o.Kind == SymbolOperand || o.Kind == IntegerOperand:
		m.Name, m.Value = o.Name, o.Value
	default:
		b.pos--
		return m, b.wrong("an address")
	}
	return m, b.expect("]")
}

// offset reads + number or - number after a base.
func (b *body) offset(o *Operand) error {
	minus := b.peek().text == "-"
	if !minus && !b.accept("+") {
		return nil
	}
	n, err := b.number()
	if err == nil && n.Kind != IntegerOperand {
		b.pos--
		return b.wrong("an offset in bytes")
	}
	o.Value = n.Value
	return err
}
