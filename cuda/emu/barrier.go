package emu

import (
	"math/bits"

	"tiebreak/cuda/driver"
	"tiebreak/cuda/ptx"
)

// arrival is a warp's place at a barrier of its block.
type arrival struct {
	id      uint64
	count   int // threads that the barrier waits for; 0 for all
	pc      int32
	nowait  bool // bar.arrive
	pending bool
}

const barriersPerBlock = 16

func compileBar(c *compiler, in *ptx.Instruction, o *op) error {
	if in.Has("warp") {
		o.run = runWarpBarrier
		return c.sources(o, in.Operands, ptx.B32)
	}
	o.run = runBarrier
	o.b = none
	return c.sources(o, in.Operands, ptx.B32)
}

// runBarrier makes the warp wait, or for bar.arrive only counts it. All lanes that have not ended must arrive together.
func runBarrier(w *warp, o *op, mask uint32) {
	b := w.block
	lane := firstLane(mask)
	if mask != w.live {
		b.report(w, o, lane, driver.LaunchFailed, "divergent barrier: lanes %#08x of the warp reach it, lanes %#08x do not",
			mask, w.live&^mask)
		return
	}
	a := arrival{id: w.rows[o.a][lane], pc: w.pc - 1, nowait: o.in.Has("arrive"), pending: true}
	if o.b != none {
		a.count = int(w.rows[o.b][lane])
	}
	if a.id >= barriersPerBlock || a.count%warpSize != 0 || a.count > len(b.warps)*warpSize {
		b.report(w, o, lane, driver.IllegalInstruction, "barrier %d for %d threads: want one of %d barriers and whole warps",
			a.id, a.count, barriersPerBlock)
		return
	}
	b.stats.barriers++
	if a.nowait {
		b.clocks.arrive(a.id, w.index)
		return
	}
	w.at, w.state = a, waiting
}

// runWarpBarrier orders the memory accesses of a warp's lanes among themselves.
func runWarpBarrier(w *warp, o *op, mask uint32) {
	if w.together(o, mask, o.a) {
		w.block.clocks.tick(w.index)
	}
}

// together checks that the lanes which an instruction's member mask names all execute it now.
func (w *warp) together(o *op, mask uint32, row int32) bool {
	for m := mask; m != 0; m &= m - 1 {
		lane := firstLane(m)
		members := uint32(w.rows[row][lane]) & w.live
		if members&^mask != 0 || members>>lane&1 == 0 {
			w.block.report(w, o, lane, driver.LaunchFailed,
				"divergent %v: the member mask %#08x names lanes %#08x that do not execute it with lanes %#08x",
				o.in.Op, uint32(w.rows[row][lane]), members&^mask, mask)
			return false
		}
	}
	return true
}

// release lets the warps go on whose barrier has all its threads. Threads that have ended are not waited for.
func (b *block) release() {
	for id := range uint64(barriersPerBlock) {
		first, arrived, live := b.atBarrier(id)
		if first == nil {
			continue
		}
		want := first.at.count
		if want == 0 {
			want = live
		}
		if arrived += b.clocks.waiting(id); arrived < want {
			continue
		}
		for i := range b.warps {
			w := &b.warps[i]
			if w.state == waiting && w.at.id == id {
				if w.at.pc != first.at.pc && want == live {
					b.differ(first, w)
					return
				}
				w.state = running
			}
		}
		b.clocks.join(b, id)
	}
}

// atBarrier finds the first warp that waits at a barrier, the number of threads there, and the number not yet ended.
func (b *block) atBarrier(id uint64) (first *warp, arrived, live int) {
	for i := range b.warps {
		w := &b.warps[i]
		if w.state == ended {
			continue
		}
		live += warpSize
		if w.state == waiting && w.at.id == id {
			arrived += warpSize
			if first == nil {
				first = w
			}
		}
	}
	return first, arrived, live
}

// differ reports two warps that meet at different barrier instructions: one of them is in the wrong place.
func (b *block) differ(first, w *warp) {
	ops := b.grid.prog.ops
	o, other := &ops[w.at.pc], &ops[first.at.pc]
	b.report(w, o, firstLane(w.live), driver.LaunchFailed,
		"divergent barrier: warp %d waits here while warp %d waits at PTX line %d (%s)", w.index, first.index, other.in.Line,
		b.grid.prog.source(other))
}

// deadlock reports the first warp that waits for threads that will not come.
func (b *block) deadlock() {
	for i := range b.warps {
		w := &b.warps[i]
		if w.state != waiting {
			continue
		}
		_, arrived, _ := b.atBarrier(w.at.id)
		b.report(w, &b.grid.prog.ops[w.at.pc], firstLane(w.live), driver.LaunchTimeout,
			"barrier %d is never passed: %d threads have arrived of %d, no other thread can run", w.at.id, arrived, w.at.count)
		return
	}
}

// count is the number of lanes in a mask.
func count(mask uint32) int { return bits.OnesCount32(mask) }
