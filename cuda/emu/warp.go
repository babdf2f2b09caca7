package emu

import "tiebreak/cuda/ptx"

// warpState says what a warp is doing.
type warpState uint8

const (
	running warpState = iota
	waiting           // at a barrier
	ended
)

// warp is 32 threads that execute in lockstep.
type warp struct {
	block *block
	index int
	rows  []lanes  // the register file
	preds []uint32 // predicates, a mask of lanes each

	pc      int32
	current int32  // the op being executed
	join    int32  // where the current path meets the others
	active  uint32 // lanes on the current path
	live    uint32 // lanes that have not ended
	exists  uint32 // lanes that the block has
	stack   []route
	state   warpState
	at      arrival // the barrier it waits at
	turns   int     // backward branches taken
	steps   uint64  // instructions executed

	groups  [][]pendingCopy // committed cp.async groups, oldest first
	open    []pendingCopy   // the group being filled
	spare   [][]pendingCopy // memory of groups that are done
	addr    addresses       // of the memory instruction being executed
	piece   piece           // of memory that it touches
	scratch lanes           // a result before it is merged
}

// reset makes the warp begin the kernel for the threads 32·index… of a block.
func (w *warp) reset(b *block, index, threads int) {
	p := b.grid.prog
	w.block, w.index = b, index
	if w.rows == nil {
		w.make(p)
	}
	for _, r := range p.entry {
		w.rows[r] = lanes{}
	}
	clear(w.preds)
	w.pc, w.join, w.state, w.turns, w.steps = 0, noJoin, running, 0, 0
	w.stack, w.groups, w.open = w.stack[:0], w.groups[:0], w.open[:0]
	w.at = arrival{}
	w.exists = everyLane
	if left := threads - index*warpSize; left < warpSize {
		w.exists = 1<<left - 1
	}
	w.active, w.live = w.exists, w.exists
	for _, s := range p.special {
		w.fill(&w.rows[s.row], s.reg)
	}
}

// make makes the register file, with the constants in it.
func (w *warp) make(p *program) {
	w.rows = make([]lanes, p.registers)
	w.preds = make([]uint32, p.preds)
	for _, c := range p.initial {
		row := &w.rows[c.row]
		for i := range row {
			row[i] = c.value
		}
	}
}

// fill gives a row the values of a special register.
func (w *warp) fill(row *lanes, s ptx.Special) {
	for i := range row {
		row[i] = w.special(s, i)
	}
}

// special is the value of a special register in one lane.
func (w *warp) special(s ptx.Special, lane int) uint64 {
	g := w.block.grid
	switch {
	case s <= ptx.TidZ:
		return uint64(g.thread(w.index*warpSize + lane)[s-ptx.TidX])
	case s <= ptx.NtidZ:
		return uint64(g.blockDim[s-ptx.NtidX])
	case s <= ptx.CtaidZ:
		return uint64(w.block.id[s-ptx.CtaidX])
	case s <= ptx.NctaidZ:
		return uint64(g.gridDim[s-ptx.NctaidX])
	}
	switch s {
	case ptx.LaneID:
		return uint64(lane)
	case ptx.WarpID:
		return uint64(w.index)
	case ptx.NWarpID:
		return uint64(limits[g.prog.mod.ctx.drv.opts.ComputeCapability].warps)
	case ptx.LanemaskEQ:
		return 1 << lane
	case ptx.LanemaskLT:
		return 1<<lane - 1
	case ptx.LanemaskLE:
		return 2<<lane - 1
	case ptx.LanemaskGT:
		return uint64(everyLane) &^ (2<<lane - 1)
	case ptx.LanemaskGE:
		return uint64(everyLane) &^ (1<<lane - 1)
	case ptx.DynamicSharedSize:
		return uint64(g.dynamicShared)
	}
	return 0 // %smid: one multiprocessor is as good as another
}

// clock counts instructions of the warp.
func (w *warp) clock() uint64 { return w.steps }

// predicate reads a predicate as a mask of lanes.
func (w *warp) predicate(p int32, not bool) uint32 {
	if not {
		return ^w.preds[p]
	}
	return w.preds[p]
}

// setPredicate writes a predicate in the lanes of the mask.
func (w *warp) setPredicate(p int32, v, mask uint32) {
	if p != none {
		w.preds[p] = w.preds[p]&^mask | v&mask
	}
}

// run executes until the warp waits at a barrier, has ended, or something is wrong.
func (w *warp) run() {
	ops := w.block.grid.prog.ops
	executed := w.block.stats.executed
	observer := w.block.grid.observer
	w.meet()
	for w.state == running {
		pc := w.pc
		o := &ops[pc]
		mask := w.active
		if o.guard != none {
			mask &= w.predicate(o.guard, o.guardNot)
		}
		executed[pc]++
		w.steps++
		w.current = pc
		if observer != nil {
			w.observe(observer, o, mask)
		}
		w.pc = pc + 1
		if mask != 0 {
			o.run(w, o, mask)
			if w.block.fault != nil {
				return
			}
		}
		if w.pc == w.join || w.active == 0 {
			w.meet()
		}
	}
}
