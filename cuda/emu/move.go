package emu

import "tiebreak/cuda/ptx"

// compileMov compiles copies of registers, constants, special registers and addresses, the packing of registers into a
// wider one, and the taking apart of one.
func compileMov(c *compiler, in *ptx.Instruction, o *op) error {
	dst, src := in.Operands[0], in.Operands[1]
	if in.Type() == ptx.Pred {
		return c.movPredicate(dst, src, o)
	}
	size := in.Type().Size()
	switch {
	case dst.Kind == ptx.VectorOperand:
		return c.unpack(dst, src, size, o)
	case src.Kind == ptx.VectorOperand:
		return c.pack(dst, src, size, o)
	case src.Kind == ptx.SpecialOperand && (src.Special == ptx.Clock || src.Special == ptx.Clock64):
		o.d, o.run = c.destination(dst), runClock
		return nil
	}
	o.d, o.run = c.destination(dst), runMove
	return c.sources(o, []ptx.Operand{src}, in.Type())
}

func (c *compiler) movPredicate(dst, src ptx.Operand, o *op) error {
	o.pd, o.run = c.predicate(dst), runMovePredicate
	if src.Kind == ptx.IntegerOperand {
		o.run = runSetPredicate
		o.paNot = src.Value != 0
		return nil
	}
	o.pa, o.paNot = c.predicate(src), src.Not
	return nil
}

// runSetPredicate gives the lanes a constant.
func runSetPredicate(w *warp, o *op, mask uint32) {
	var v uint32
	if o.paNot {
		v = everyLane
	}
	w.setPredicate(o.pd, v, mask)
}

func runMovePredicate(w *warp, o *op, mask uint32) {
	w.setPredicate(o.pd, w.predicate(o.pa, o.paNot), mask)
}

func runMove(w *warp, o *op, mask uint32) {
	if mask == everyLane {
		w.rows[o.d] = w.rows[o.a]
		return
	}
	merge(&w.rows[o.d], &w.rows[o.a], mask)
}

// runClock gives the number of instructions that the warp has executed, as the only clock there is.
func runClock(w *warp, o *op, mask uint32) {
	for ; mask != 0; mask &= mask - 1 {
		w.rows[o.d][firstLane(mask)] = w.clock() & widthMask(o.in.Type().Size())
	}
}

// unpack takes a register apart, its low bits first.
func (c *compiler) unpack(dst, src ptx.Operand, size int, o *op) (err error) {
	if o.a, err = c.source(src, ptx.B64); err != nil {
		return err
	}
	part := size / len(dst.Elements)
	for _, e := range dst.Elements {
		o.rowsD = append(o.rowsD, c.destination(e))
	}
	o.imm = 8 * part
	o.run = func(w *warp, o *op, mask uint32) {
		v := w.rows[o.a] // a copy: the source may be among the destinations
		low := widthMask(part)
		for j, d := range o.rowsD {
			row, shift := &w.rows[d], uint(j*o.imm)
			for m := mask; m != 0; m &= m - 1 {
				i := firstLane(m)
				row[i] = v[i] >> shift & low
			}
		}
	}
	return nil
}

// pack puts registers together, the first into the low bits.
func (c *compiler) pack(dst, src ptx.Operand, size int, o *op) (err error) {
	part := size / len(src.Elements)
	t := map[int]ptx.Type{2: ptx.B16, 4: ptx.B32}[part]
	if o.rowsA, err = c.vector(src, t, false); err != nil {
		return err
	}
	o.d, o.imm = c.destination(dst), 8*part
	o.run = func(w *warp, o *op, mask uint32) {
		var v lanes
		for j, a := range o.rowsA {
			row, shift := &w.rows[a], uint(j*o.imm)
			for i := range v {
				v[i] |= row[i] << shift
			}
		}
		merge(&w.rows[o.d], &v, mask)
	}
	return nil
}

// compilePredicateLogic compiles and, or, xor and not of predicates; of anything else it leaves the work to f.
func compilePredicateLogic(m meaning) func(*compiler, *ptx.Instruction, *op) error {
	return func(c *compiler, in *ptx.Instruction, o *op) error {
		if in.Type() != ptx.Pred {
			return computes(m)(c, in, o)
		}
		o.pd = c.predicate(in.Operands[0])
		a := in.Operands[1]
		o.pa, o.paNot = c.predicate(a), a.Not
		b, bNot := int32(none), false
		if len(in.Operands) == 3 {
			b, bNot = c.predicate(in.Operands[2]), in.Operands[2].Not
		}
		what := in.Op
		o.run = func(w *warp, o *op, mask uint32) {
			v := w.predicate(o.pa, o.paNot)
			switch what {
			case ptx.Not:
				v = ^v
			case ptx.And:
				v &= w.predicate(b, bNot)
			case ptx.Or:
				v |= w.predicate(b, bNot)
			case ptx.Xor:
				v ^= w.predicate(b, bNot)
			}
			w.setPredicate(o.pd, v, mask)
		}
		return nil
	}
}
