package emu

import (
	"tiebreak/cuda/driver"
	"tiebreak/cuda/ptx"
)

// compileShfl compiles the exchange of registers between lanes.
func compileShfl(c *compiler, in *ptx.Instruction, o *op) (err error) {
	dst := in.Operands[0]
	if dst.Kind == ptx.PairOperand {
		o.pd = c.predicate(dst.Elements[1])
		dst = dst.Elements[0]
	}
	o.d = c.destination(dst)
	if err := c.sources(o, in.Operands[1:4], ptx.B32); err != nil {
		return err
	}
	members, err := c.source(in.Operands[4], ptx.B32)
	o.rowsA = []int32{members}
	from, idx := shuffles[in.Mods[1]], in.Has("idx")
	o.run = func(w *warp, o *op, mask uint32) {
		if w.together(o, mask, o.rowsA[0]) {
			w.shuffle(o, mask, from, idx)
		}
	}
	return err
}

// shuffles gives, for each mode, the lane that a lane reads from and whether that is within bounds. The clamp c holds the
// last lane in bits 0…4 and the mask of the segment in bits 8…12.
var shuffles = map[string]func(lane, b, last, first int) (int, bool){
	"up":   func(lane, b, last, _ int) (int, bool) { return lane - b, lane-b >= last },
	"down": func(lane, b, last, _ int) (int, bool) { return lane + b, lane+b <= last },
	"bfly": func(lane, b, last, _ int) (int, bool) { return lane ^ b, lane^b <= last },
	"idx":  func(_, b, last, first int) (int, bool) { return first | b, first|b <= last },
}

// shuffle moves the registers; idx says that lanes outside the segment cannot be named.
func (w *warp) shuffle(o *op, mask uint32, from func(lane, b, last, first int) (int, bool), idx bool) {
	a, b, c := w.rows[o.a], &w.rows[o.b], &w.rows[o.c]
	var out lanes
	var valid uint32
	for m := mask; m != 0; m &= m - 1 {
		i := firstLane(m)
		segment := int(c[i] >> 8 & 31)
		clamp := int(c[i] & 31)
		last := i&segment | clamp&^segment
		index := int(b[i] & 31)
		if idx {
			index &^= segment
		}
		j, ok := from(i, index, last, i&segment)
		if !ok {
			j = i
		} else {
			valid |= 1 << i
		}
		if mask>>j&1 == 0 {
			w.block.report(w, o, i, driver.LaunchFailed, "shuffle reads lane %d, which does not take part", j)
			return
		}
		out[i] = a[j]
	}
	w.setPredicate(o.pd, valid, mask)
	merge(&w.rows[o.d], &out, mask)
}

// compileVote compiles votes over the lanes that the member mask names.
func compileVote(c *compiler, in *ptx.Instruction, o *op) (err error) {
	if in.Type() == ptx.Pred {
		o.pd = c.predicate(in.Operands[0])
	} else {
		o.d = c.destination(in.Operands[0])
	}
	o.pa, o.paNot = c.predicate(in.Operands[1]), in.Operands[1].Not
	o.a, err = c.source(in.Operands[2], ptx.B32)
	mode := in.Mods[1]
	o.run = func(w *warp, o *op, mask uint32) {
		if !w.together(o, mask, o.a) {
			return
		}
		yes := w.predicate(o.pa, o.paNot) & mask
		if mode == "ballot" {
			w.broadcast(o.d, uint64(yes), mask)
			return
		}
		var v uint32
		if mode == "any" && yes != 0 || mode == "all" && yes == mask || mode == "uni" && (yes == 0 || yes == mask) {
			v = everyLane
		}
		w.setPredicate(o.pd, v, mask)
	}
	return err
}

// broadcast gives the lanes of the mask one value.
func (w *warp) broadcast(row int32, v uint64, mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		w.rows[row][firstLane(m)] = v
	}
}

// compileMatch compiles match: which lanes hold the value of this one, or whether all hold the same.
func compileMatch(c *compiler, in *ptx.Instruction, o *op) (err error) {
	dst := in.Operands[0]
	if dst.Kind == ptx.PairOperand {
		o.pd = c.predicate(dst.Elements[1])
		dst = dst.Elements[0]
	}
	o.d = c.destination(dst)
	if o.a, err = c.source(in.Operands[1], in.Type()); err != nil {
		return err
	}
	o.b, err = c.source(in.Operands[2], ptx.B32)
	all := in.Has("all")
	o.run = func(w *warp, o *op, mask uint32) {
		if !w.together(o, mask, o.b) {
			return
		}
		v := w.rows[o.a]
		for m := mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			same := equalLanes(&v, v[i], mask)
			if all && same != mask {
				same = 0
			}
			w.rows[o.d][i] = uint64(same)
			w.setPredicate(o.pd, everyLane*min(same, 1), 1<<i)
		}
	}
	return err
}

func equalLanes(v *lanes, value uint64, mask uint32) (same uint32) {
	for m := mask; m != 0; m &= m - 1 {
		if i := firstLane(m); v[i] == value {
			same |= 1 << i
		}
	}
	return same
}

// compileRedux compiles the reduction of a register over the lanes of the member mask.
func compileRedux(c *compiler, in *ptx.Instruction, o *op) (err error) {
	o.d = c.destination(in.Operands[0])
	if o.a, err = c.source(in.Operands[1], in.Type()); err != nil {
		return err
	}
	o.b, err = c.source(in.Operands[2], ptx.B32)
	f := atomicMeaning(in)
	o.run = func(w *warp, o *op, mask uint32) {
		if !w.together(o, mask, o.b) {
			return
		}
		v := &w.rows[o.a]
		all := v[firstLane(mask)]
		for m := mask & (mask - 1); m != 0; m &= m - 1 {
			all = f(all, v[firstLane(m)], 0)
		}
		w.broadcast(o.d, all, mask)
	}
	return err
}

// compileActivemask compiles the question which lanes execute this.
func compileActivemask(c *compiler, in *ptx.Instruction, o *op) error {
	o.d = c.destination(in.Operands[0])
	o.run = func(w *warp, o *op, mask uint32) { w.broadcast(o.d, uint64(mask), mask) }
	return nil
}
