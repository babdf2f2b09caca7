package emu

import "tiebreak/cuda/ptx"

// compileAtom compiles atomic operations, which give the old value, and reductions, which do not. Lanes of a warp take
// their turns in order; warps of different blocks in whatever order they come.
func compileAtom(c *compiler, in *ptx.Instruction, o *op) (err error) {
	operands := in.Operands
	o.d = none
	if in.Op == ptx.Atom {
		o.d = c.destination(operands[0])
		operands = operands[1:]
	}
	if o.mem, err = c.address(operands[0], in.Space, in.Type().Size(), 1); err != nil {
		return err
	}
	o.mem.write, o.mem.atomic = true, true
	f := atomicMeaning(in)
	o.run = func(w *warp, o *op, mask uint32) {
		w.block.grid.mem.atomic.Lock()
		defer w.block.grid.mem.atomic.Unlock()
		w.touch(o, o.mem, mask, func(p *piece) { w.update(o, p, f) })
	}
	return c.sources(o, operands[1:], in.Type())
}

// update applies an atomic operation lane by lane.
func (w *warp) update(o *op, p *piece, f scalar) {
	b, c := w.rows[o.a], w.rows[o.b]
	for m := p.mask; m != 0; m &= m - 1 {
		i := firstLane(m)
		at := p.data[w.addr[i]-p.start:]
		var old uint64
		if o.mem.size == 8 {
			old = le.Uint64(at)
			le.PutUint64(at, f(old, b[i], c[i]))
		} else {
			old = uint64(le.Uint32(at))
			le.PutUint32(at, uint32(f(old, b[i], c[i])))
		}
		if o.d != none {
			w.rows[o.d][i] = old
		}
	}
}

// atomicMeaning gives the new value from the old one and the operands.
func atomicMeaning(in *ptx.Instruction) scalar {
	t := in.Type()
	switch {
	case in.Has("add") && t == ptx.F32:
		return func(a, b, _ uint64) uint64 { return of32(f32(a) + f32(b)) }
	case in.Has("add") && t == ptx.F64:
		return func(a, b, _ uint64) uint64 { return of64(f64(a) + f64(b)) }
	case in.Has("add"):
		return narrow(t, func(a, b, _ uint64) uint64 { return a + b })
	case in.Has("min"):
		return minInteger(in)
	case in.Has("max"):
		return maxInteger(in)
	case in.Has("and"):
		return and(in)
	case in.Has("or"):
		return or(in)
	case in.Has("xor"):
		return xor(in)
	case in.Has("exch"):
		return func(_, b, _ uint64) uint64 { return b }
	case in.Has("inc"):
		return func(a, b, _ uint64) uint64 {
			if a >= b {
				return 0
			}
			return a + 1
		}
	case in.Has("dec"):
		return func(a, b, _ uint64) uint64 {
			if a == 0 || a > b {
				return b
			}
			return a - 1
		}
	}
	return func(a, b, c uint64) uint64 { // cas
		if a == b {
			return c
		}
		return a
	}
}
