package emu

import (
	"fmt"

	"tiebreak/cuda/ptx"
)

// compiler turns one kernel into a program.
type compiler struct {
	prog   *program
	kernel *ptx.Kernel
	consts map[uint64]int32
	specs  map[ptx.Special]int32
	syms   map[string]uint64 // addresses of variables, offsets of parameters
	labels map[string]int32
}

// compile makes the program of one kernel. The module's own variables have addresses already.
func compile(m *module, k *ptx.Kernel) (*program, error) {
	c := &compiler{
		prog:   &program{kernel: k, mod: m, variables: map[string]ptx.Space{}, sharedAt: map[string]int{}},
		kernel: k,
		consts: map[uint64]int32{},
		specs:  map[ptx.Special]int32{},
		syms:   map[string]uint64{},
		labels: map[string]int32{},
	}
	c.layout()
	c.predicates()
	c.outline()
	c.branches()
	c.registers()
	for i := range c.prog.ops {
		o := &c.prog.ops[i]
		if err := c.instruction(o.in, o); err != nil {
			return nil, err
		}
	}
	return c.prog, nil
}

// predicates numbers the predicate registers.
func (c *compiler) predicates() {
	p := c.prog
	p.predRows = make([]int32, len(c.kernel.Registers))
	for i, r := range c.kernel.Registers {
		p.predRows[i] = none
		if r.Type == ptx.Pred {
			p.predRows[i] = int32(p.preds)
			p.preds++
		}
	}
}

// registers gives the other registers rows. An observer may ask for any register at any time: with one, none is shared.
func (c *compiler) registers() {
	p := c.prog
	p.rows, p.registers, p.entry = assignRows(c.kernel, p.ops)
	if p.mod.ctx.drv.opts.Observer == nil {
		return
	}
	for i, r := range c.kernel.Registers {
		if r.Type != ptx.Pred {
			p.rows[i] = c.row()
			p.entry = append(p.entry, p.rows[i])
		}
	}
}

// row adds a row to the register file.
func (c *compiler) row() int32 {
	c.prog.registers++
	return int32(c.prog.registers - 1)
}

// layout places parameters, shared and local variables.
func (c *compiler) layout() {
	p := c.prog
	for name, v := range p.mod.symbols {
		c.define(v.variable, name, v.address)
	}
	for _, v := range c.kernel.Params {
		p.params = place(p.params, v)
		c.define(v, v.Name, uint64(p.params))
		p.params += v.Size()
	}
	var dynamic []*ptx.Variable
	for _, v := range append(p.mod.ptx.Variables(), bodyVariables(c.kernel)...) {
		switch {
		case v.Space == ptx.Shared && v.Count == 0:
			dynamic = append(dynamic, v)
		case v.Space == ptx.Shared:
			p.shared = place(p.shared, v)
			c.define(v, v.Name, uint64(p.shared))
			p.shared += v.Size()
		case v.Space == ptx.Local:
			p.local = place(p.local, v)
			c.define(v, v.Name, uint64(p.local))
			p.local += v.Size()
		}
	}
	p.dynamic = p.shared
	for _, v := range dynamic {
		p.dynamic = max(p.dynamic, place(p.shared, v))
	}
	for _, v := range dynamic {
		c.define(v, v.Name, uint64(p.dynamic))
	}
}

func (c *compiler) define(v *ptx.Variable, name string, address uint64) {
	c.syms[name] = address
	c.prog.variables[name] = v.Space
	if v.Space == ptx.Shared {
		c.prog.sharedAt[name] = int(address)
	}
}

// place rounds an offset up to a variable's alignment.
func place(off int, v *ptx.Variable) int { return (off + v.Align - 1) &^ (v.Align - 1) }

// bodyVariables lists the variables declared in a kernel.
func bodyVariables(k *ptx.Kernel) []*ptx.Variable {
	var out []*ptx.Variable
	for _, st := range k.Body {
		if v, ok := st.(*ptx.Variable); ok {
			out = append(out, v)
		}
	}
	return out
}

// outline makes an op of each instruction, with guard and source line but not compiled yet, and notes where labels point.
func (c *compiler) outline() {
	var loc ptx.Loc
	for _, st := range c.kernel.Body {
		switch st := st.(type) {
		case *ptx.Label:
			c.labels[st.Name] = int32(len(c.prog.ops))
		case *ptx.Loc:
			loc = *st
		case *ptx.Instruction:
			o := op{in: st, guard: none, pd: none, pd2: none, pa: none, file: loc.File, line: loc.Line}
			if st.Guard.Register != ptx.NoRegister {
				o.guard, o.guardNot = c.prog.predRows[st.Guard.Register], st.Guard.Not
			}
			c.prog.ops = append(c.prog.ops, o)
		}
	}
	// A body may end without ret; running off its end means the same.
	end := &ptx.Instruction{Op: ptx.Ret, Line: c.kernel.Line, Guard: ptx.Guard{Register: ptx.NoRegister}}
	c.prog.ops = append(c.prog.ops, op{in: end, guard: none, pd: none, pd2: none, pa: none})
}

// instruction compiles one instruction.
func (c *compiler) instruction(in *ptx.Instruction, o *op) error {
	f := compilers[in.Op]
	if f == nil {
		return c.refuse(in)
	}
	o.class = classOf(in)
	return f(c, in, o)
}

// refuse is the error of an instruction that the parser knows and the emulator does not.
func (c *compiler) refuse(in *ptx.Instruction) error {
	return &ptx.Error{File: c.prog.mod.ptx.Name, Line: in.Line,
		Problem: fmt.Sprintf("instruction %s: this form is not emulated", c.kernel.Text(in))}
}

// constant is the row that holds one value in all lanes.
func (c *compiler) constant(v uint64) int32 {
	if r, ok := c.consts[v]; ok {
		return r
	}
	r := c.row()
	c.consts[v] = r
	c.prog.initial = append(c.prog.initial, initial{r, v})
	return r
}

// source is the row that an operand of a type is read from.
func (c *compiler) source(o ptx.Operand, t ptx.Type) (int32, error) {
	switch o.Kind {
	case ptx.RegisterOperand:
		return c.prog.rows[o.Register], nil
	case ptx.IntegerOperand:
		return c.constant(o.Value & widthMask(t.Size())), nil
	case ptx.FloatOperand:
		return c.constant(floatBits(o, t)), nil
	case ptx.SpecialOperand:
		return c.special(o.Special), nil
	case ptx.SymbolOperand:
		a, err := c.symbol(o.Name)
		return c.constant(a + o.Value), err
	}
	return 0, fmt.Errorf("emu: kernel %s: operand of kind %d where a value was expected", c.kernel.Name, o.Kind)
}

// symbol is the address of a variable.
func (c *compiler) symbol(name string) (uint64, error) {
	a, ok := c.syms[name]
	if !ok {
		return 0, fmt.Errorf("emu: kernel %s: variable %s is not declared", c.kernel.Name, name)
	}
	return a, nil
}

// special is the row that holds a special register.
func (c *compiler) special(s ptx.Special) int32 {
	if s == ptx.WarpSize {
		return c.constant(warpSize)
	}
	if r, ok := c.specs[s]; ok {
		return r
	}
	r := c.row()
	c.specs[s] = r
	c.prog.special = append(c.prog.special, specialRow{r, s})
	return r
}

// destination is the row that a register operand is written to; what is written to the sink _ is never read.
func (c *compiler) destination(o ptx.Operand) int32 {
	if o.Register == ptx.NoRegister {
		return c.row()
	}
	return c.prog.rows[o.Register]
}

// predicate is the index of a predicate operand; none for the sink.
func (c *compiler) predicate(o ptx.Operand) int32 {
	if o.Register == ptx.NoRegister {
		return none
	}
	return c.prog.predRows[o.Register]
}

// sources compiles the operands from the i-th on, all of one type, into the rows a, b and c.
func (c *compiler) sources(o *op, operands []ptx.Operand, t ptx.Type) error {
	for i, dst := range []*int32{&o.a, &o.b, &o.c}[:len(operands)] {
		r, err := c.source(operands[i], t)
		if err != nil {
			return err
		}
		*dst = r
	}
	return nil
}

// vector lists the rows of a vector operand, or the one row of a scalar.
func (c *compiler) vector(o ptx.Operand, t ptx.Type, written bool) ([]int32, error) {
	elements := o.Elements
	if o.Kind != ptx.VectorOperand {
		elements = []ptx.Operand{o}
	}
	rows := make([]int32, len(elements))
	for i, e := range elements {
		if written {
			rows[i] = c.destination(e)
			continue
		}
		r, err := c.source(e, t)
		if err != nil {
			return nil, err
		}
		rows[i] = r
	}
	return rows, nil
}

// widthMask has the low bits of a value of that many bytes.
func widthMask(size int) uint64 {
	if size >= 8 {
		return ^uint64(0)
	}
	return 1<<(8*size) - 1
}
