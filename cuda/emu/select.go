package emu

import (
	"math"

	"tiebreak/cuda/ptx"
)

// compileSetp compiles comparisons: they give a predicate, and its complement where a pair is named, each combined with a
// third predicate if there is one.
func compileSetp(c *compiler, in *ptx.Instruction, o *op) error {
	t := in.Type()
	dst := in.Operands[0]
	if dst.Kind == ptx.PairOperand {
		o.pd2 = c.predicate(dst.Elements[1])
		dst = dst.Elements[0]
	}
	o.pd = c.predicate(dst)
	if err := c.sources(o, in.Operands[1:3], t); err != nil {
		return err
	}
	if len(in.Operands) == 4 {
		o.pa, o.paNot = c.predicate(in.Operands[3]), in.Operands[3].Not
	}
	o.test = fastTests[signature(in)]
	if o.test == nil {
		o.test = every(comparison(in))
	}
	o.run = runTest
	if o.pa != none {
		combine := combinations[in.Mods[1]]
		o.run = func(w *warp, o *op, mask uint32) {
			r, p := o.test(&w.rows[o.a], &w.rows[o.b]), w.predicate(o.pa, o.paNot)
			w.setPredicate(o.pd, combine(r, p), mask)
			w.setPredicate(o.pd2, combine(^r, p), mask)
		}
	}
	return nil
}

// combinations are the ways to combine the outcome with a third predicate.
var combinations = map[string]func(r, p uint32) uint32{
	"and": func(r, p uint32) uint32 { return r & p },
	"or":  func(r, p uint32) uint32 { return r | p },
	"xor": func(r, p uint32) uint32 { return r ^ p },
}

// relation is a comparison in one lane.
type relation func(a, b uint64) bool

// every applies a relation in all lanes; the result is a mask.
func every(f relation) func(a, b *lanes) uint32 {
	return func(a, b *lanes) uint32 {
		var m uint32
		for i := range a {
			if f(a[i], b[i]) {
				m |= 1 << i
			}
		}
		return m
	}
}

// comparison gives the meaning of setp.
func comparison(in *ptx.Instruction) relation {
	t, cmp := in.Type(), in.Compare
	switch {
	case t.Float():
		read := reader(t, in.Has("ftz"))
		return func(a, b uint64) bool { return compareFloat(cmp, read(a), read(b)) }
	case t.Signed():
		n := t.Size()
		return func(a, b uint64) bool { return ordered(cmp, signed(a, n), signed(b, n)) }
	}
	return func(a, b uint64) bool { return ordered(cmp, a, b) }
}

// ordered compares values that are never NaN.
func ordered[T int64 | uint64 | float64](cmp ptx.Compare, a, b T) bool {
	switch cmp {
	case ptx.EQ, ptx.EQU:
		return a == b
	case ptx.NE, ptx.NEU:
		return a != b
	case ptx.LT, ptx.LO, ptx.LTU:
		return a < b
	case ptx.LE, ptx.LS, ptx.LEU:
		return a <= b
	case ptx.GT, ptx.HI, ptx.GTU:
		return a > b
	case ptx.GE, ptx.HS, ptx.GEU:
		return a >= b
	}
	return cmp == ptx.NUM
}

// compareFloat is false for a NaN, but true in the comparisons that are named for it.
func compareFloat(cmp ptx.Compare, a, b float64) bool {
	if a != a || b != b {
		return cmp >= ptx.EQU && cmp <= ptx.GEU || cmp == ptx.NAN
	}
	return ordered(cmp, a, b)
}

// runTest writes predicates in the lanes of the mask.
func runTest(w *warp, o *op, mask uint32) {
	r := o.test(&w.rows[o.a], &w.rows[o.b])
	w.setPredicate(o.pd, r, mask)
	w.setPredicate(o.pd2, ^r, mask)
}

// compileTestp compiles tests of what kind of number a value is.
func compileTestp(c *compiler, in *ptx.Instruction, o *op) error {
	o.pd = c.predicate(in.Operands[0])
	if err := c.sources(o, in.Operands[1:], in.Type()); err != nil {
		return err
	}
	read := reader(in.Type(), false)
	least := map[ptx.Type]float64{ptx.F32: 0x1p-126, ptx.F64: 0x1p-1022}[in.Type()]
	kinds := map[string]func(v float64) bool{
		"finite":     func(v float64) bool { return v-v == 0 },
		"infinite":   func(v float64) bool { return math.IsInf(v, 0) },
		"number":     func(v float64) bool { return v == v },
		"notanumber": func(v float64) bool { return v != v },
		"normal":     func(v float64) bool { return v-v == 0 && math.Abs(v) >= least },
		"subnormal":  func(v float64) bool { return v != 0 && math.Abs(v) < least },
	}
	f := kinds[in.Mods[0]]
	o.test = every(func(a, _ uint64) bool { return f(read(a)) })
	o.run = runTest
	return nil
}

// compileSelp compiles d = p ? a : b.
func compileSelp(c *compiler, in *ptx.Instruction, o *op) error {
	o.d = c.destination(in.Operands[0])
	o.pa, o.paNot = c.predicate(in.Operands[3]), in.Operands[3].Not
	o.run = runSelect
	return c.sources(o, in.Operands[1:3], in.Type())
}

func runSelect(w *warp, o *op, mask uint32) {
	p := w.predicate(o.pa, o.paNot)
	d := &w.rows[o.d]
	t := w.rows[o.b]
	merge(&t, &w.rows[o.a], p)
	if mask == everyLane {
		*d = t
	} else {
		merge(d, &t, mask)
	}
}

// slct gives a where c is not negative, else b; a NaN counts as negative.
func slct(in *ptx.Instruction) scalar {
	if in.Types[1] == ptx.F32 {
		return func(a, b, c uint64) uint64 {
			if f32(c) >= 0 {
				return a
			}
			return b
		}
	}
	return func(a, b, c uint64) uint64 {
		if int32(c) >= 0 {
			return a
		}
		return b
	}
}

// compileLop3 compiles any function of three bits: bit i of the table is its value for the inputs i = 4a+2b+c.
func compileLop3(c *compiler, in *ptx.Instruction, o *op) error {
	table := in.Operands[4].Value
	o.d = c.destination(in.Operands[0])
	o.compute = lift(func(a, b, c uint64) uint64 {
		var r uint64
		for i := range uint64(8) {
			if table>>i&1 == 1 {
				r |= (a ^ (i>>2 - 1)) & (b ^ (i>>1&1 - 1)) & (c ^ (i&1 - 1))
			}
		}
		return r & math.MaxUint32
	})
	o.run = runCompute
	return c.sources(o, in.Operands[1:4], ptx.B32)
}

// compileBfi compiles the insertion of the low bits of a into b: from bit c on, as many as the fourth value says.
func compileBfi(c *compiler, in *ptx.Instruction, o *op) error {
	o.d = c.destination(in.Operands[0])
	if err := c.sources(o, in.Operands[1:4], in.Type()); err != nil {
		return err
	}
	n, err := c.source(in.Operands[4], ptx.B32)
	o.rowsA = []int32{n}
	width := widthMask(in.Type().Size())
	o.run = func(w *warp, o *op, mask uint32) {
		a, b, c, n := &w.rows[o.a], &w.rows[o.b], &w.rows[o.c], &w.rows[o.rowsA[0]]
		var t lanes
		for i := range t {
			field := ^(^uint64(0) << (n[i] & 255)) << (c[i] & 255) & width
			t[i] = b[i]&^field | a[i]<<(c[i]&255)&field
		}
		merge(&w.rows[o.d], &t, mask)
	}
	return err
}
