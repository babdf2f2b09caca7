package ptx

// Writes lists the registers that the instruction writes, as indices into Kernel.Registers; the sink _ is left out.
func (in *Instruction) Writes() []int {
	if len(in.Operands) == 0 || !in.hasResult() {
		return nil
	}
	return in.Operands[0].registers(nil)
}

// Reads lists the registers that the instruction reads: its guard, its operands and the bases of its addresses. A register
// may occur more than once.
func (in *Instruction) Reads() []int {
	var out []int
	if in.Guard.Register != NoRegister {
		out = append(out, in.Guard.Register)
	}
	for i, o := range in.Operands {
		if i > 0 || !in.hasResult() {
			out = o.registers(out)
		}
	}
	return out
}

// hasResult reports whether the first operand is written.
func (in *Instruction) hasResult() bool {
	switch in.Op {
	case St, Red, Bra, Bar, Barrier, Ret, Exit, Trap, Cp, Prefetch, Membar, Fence, Nanosleep:
		return false
	}
	return true
}

// registers appends the registers that occur in an operand.
func (o *Operand) registers(out []int) []int {
	if (o.Kind == RegisterOperand || o.Kind == MemoryOperand) && o.Register != NoRegister {
		out = append(out, o.Register)
	}
	for i := range o.Elements {
		out = o.Elements[i].registers(out)
	}
	return out
}
