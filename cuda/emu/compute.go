package emu

import (
	"math"
	"strings"

	"tiebreak/cuda/ptx"
)

// scalar is the meaning of an instruction in one lane: operands and result are bits, zero-extended. These functions are the
// definition; the functions of fast.go replace the commonest by loops over a warp that do the same.
type scalar func(a, b, c uint64) uint64

// meaning gives the scalar function of an instruction.
type meaning func(in *ptx.Instruction) scalar

// computes compiles instructions that compute one register from up to three values.
func computes(m meaning) func(*compiler, *ptx.Instruction, *op) error {
	return func(c *compiler, in *ptx.Instruction, o *op) error {
		f := m(in)
		o.d, o.reads = c.destination(in.Operands[0]), len(in.Operands)-1
		for i, dst := range []*int32{&o.a, &o.b, &o.c} {
			if i >= o.reads { // what is not given reads as 0
				*dst = c.constant(0)
				continue
			}
			r, err := c.source(in.Operands[i+1], sourceType(in, i))
			if err != nil {
				return err
			}
			*dst = r
		}
		o.run, o.compute = runCompute, fast[signature(in)]
		if o.compute == nil {
			o.compute = lift(f)
		}
		if c.prog.mod.ctx.drv.opts.watchesNaN() && makesNaN(in) {
			o.run = runWatched
		}
		return nil
	}
}

// sourceType is the type of the i-th value that an instruction reads.
func sourceType(in *ptx.Instruction, i int) ptx.Type {
	switch {
	case in.Op == ptx.Cvt, in.Op == ptx.Slct && i == 2:
		return in.Types[1]
	case (in.Op == ptx.Shl || in.Op == ptx.Shr) && i == 1, in.Op == ptx.Bfe && i > 0, in.Op == ptx.Bfi && i > 1:
		return ptx.B32
	case in.Op == ptx.Mad && in.Has("wide") && i == 2:
		return wide(in.Type())
	}
	return in.Type()
}

// wide is the integer type of twice the size.
func wide(t ptx.Type) ptx.Type {
	return map[ptx.Type]ptx.Type{ptx.U16: ptx.U32, ptx.S16: ptx.S32, ptx.U32: ptx.U64, ptx.S32: ptx.S64}[t]
}

// signature is opcode and modifiers, as in the text.
func signature(in *ptx.Instruction) string {
	return strings.Join(append([]string{in.Op.String()}, in.Mods...), ".")
}

// lift applies a scalar function in every lane.
func lift(f scalar) func(d, a, b, c *lanes) {
	return func(d, a, b, c *lanes) {
		for i := range d {
			d[i] = f(a[i], b[i], c[i])
		}
	}
}

// runCompute computes all lanes, and keeps those in the mask.
func runCompute(w *warp, o *op, mask uint32) {
	r := w.rows
	if mask == everyLane {
		o.compute(&r[o.d], &r[o.a], &r[o.b], &r[o.c])
		return
	}
	t := &w.scratch // a variable here would be allocated anew each time, because compute may keep it
	o.compute(t, &r[o.a], &r[o.b], &r[o.c])
	merge(&r[o.d], t, mask)
}

// merge copies the lanes in the mask.
func merge(d, from *lanes, mask uint32) {
	for ; mask != 0; mask &= mask - 1 {
		i := firstLane(mask)
		d[i] = from[i]
	}
}

// f32 and f64 read bits as a number; of32 and of64 are their inverses.
func f32(v uint64) float32  { return math.Float32frombits(uint32(v)) }
func f64(v uint64) float64  { return math.Float64frombits(v) }
func of32(f float32) uint64 { return uint64(math.Float32bits(f)) }
func of64(f float64) uint64 { return math.Float64bits(f) }

// signed widens the low bits of a value, size bytes of them, keeping the sign.
func signed(v uint64, size int) int64 {
	s := 64 - 8*size
	return int64(v<<s) >> s
}

// floatBits is a floating-point constant in the precision of a type.
func floatBits(o ptx.Operand, t ptx.Type) uint64 {
	if o.Wide && t.Size() == 4 {
		return of32(float32(f64(o.Value)))
	}
	if !o.Wide && t.Size() == 8 {
		return of64(float64(f32(o.Value)))
	}
	return o.Value
}
