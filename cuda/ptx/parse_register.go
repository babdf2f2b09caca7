package ptx

import "strconv"

// maxRegisters bounds the registers of a kernel: far more than compilers use, few enough that a hostile count cannot
// exhaust memory.
const maxRegisters = 1 << 16

// open begins a scope of register names.
func (b *body) open() {
	b.scopes = append(b.scopes, map[string]int{})
}

// registers reads .reg .type name<count>; or .reg .type name, name;
func (b *body) registers() (Statement, error) {
	b.next()
	d := &Declaration{}
	var err error
	if d.Type, err = b.typ(); err != nil {
		return nil, err
	}
	if d.Name, err = b.word("the name of a register"); err != nil {
		return nil, err
	}
	if b.accept("<") {
		if d.Count, err = b.integer("a number of registers"); err != nil {
			return nil, err
		}
		if err := b.expect(">"); err != nil {
			return nil, err
		}
		for i := range min(d.Count, maxRegisters+1) {
			if err := b.declare(d.Name+strconv.Itoa(i), d.Type); err != nil {
				return nil, err
			}
		}
		return d, b.expect(";")
	}
	d.Names, d.Name = []string{d.Name}, ""
	for b.accept(",") {
		n, err := b.word("the name of a register")
		if err != nil {
			return nil, err
		}
		d.Names = append(d.Names, n)
	}
	for _, n := range d.Names {
		if err := b.declare(n, d.Type); err != nil {
			return nil, err
		}
	}
	return d, b.expect(";")
}

// declare adds one register to the innermost scope.
func (b *body) declare(name string, t Type) error {
	if len(b.k.Registers) >= maxRegisters {
		return b.fail(b.peek().line, "kernel %s: more than %d registers", b.k.Name, maxRegisters)
	}
	scope := b.scopes[len(b.scopes)-1]
	if _, ok := scope[name]; ok {
		return b.fail(b.peek().line, "register %s: declared twice", name)
	}
	scope[name] = len(b.k.Registers)
	b.k.Registers = append(b.k.Registers, Register{name, t})
	return nil
}

// register finds a register by its name, innermost scope first.
func (b *body) register(name string) (int, bool) {
	for i := len(b.scopes) - 1; i >= 0; i-- {
		if r, ok := b.scopes[i][name]; ok {
			return r, true
		}
	}
	return 0, false
}
