package emu

import (
	"math/bits"

	"tiebreak/cuda/ptx"
)

// branches turns labels into indices of ops, and tells each branch where the lanes that it divides meet again.
func (c *compiler) branches() {
	ops := c.prog.ops
	for i := range ops {
		if ops[i].in.Op == ptx.Bra {
			ops[i].target = c.labels[ops[i].in.Operands[0].Name]
		}
	}
	joins := postDominators(ops)
	for i := range ops {
		ops[i].join = joins[i]
	}
}

func compileBra(_ *compiler, _ *ptx.Instruction, o *op) error {
	o.run = runBranch
	return nil
}

func compileExit(_ *compiler, _ *ptx.Instruction, o *op) error {
	o.run = runExit
	return nil
}

// route is a set of lanes that waits for its turn: it goes on at pc until it reaches join.
type route struct {
	pc, join int32
	mask     uint32
}

// runBranch takes the lanes in mask to the target. If others stay behind the warp divides: these wait on the stack, and
// under them all lanes together at the place where they meet. A loop that lanes leave one after the other needs one entry
// for the meeting place, not one for each turn: it is there already when its join is the one the warp is heading for.
func runBranch(w *warp, o *op, mask uint32) {
	if o.target < w.pc {
		w.turns++
		if w.turns > w.block.grid.loopLimit {
			w.hang(o)
			return
		}
	}
	behind := w.active &^ mask
	if behind == 0 {
		w.pc = o.target
		return
	}
	if o.join != w.join {
		w.stack = append(w.stack, route{o.join, w.join, w.active})
	}
	w.stack = append(w.stack, route{w.pc, o.join, behind})
	w.pc, w.join, w.active = o.target, o.join, mask
}

// runExit ends the lanes in mask.
func runExit(w *warp, _ *op, mask uint32) {
	w.live &^= mask
	w.active &^= mask
}

// meet takes up the next path where the lanes of this one have reached their join or have all ended.
func (w *warp) meet() {
	for w.pc == w.join || w.active == 0 {
		if len(w.stack) == 0 {
			if w.active == 0 {
				w.state = ended
			}
			return
		}
		top := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		w.pc, w.join, w.active = top.pc, top.join, top.mask&w.live
	}
}

// firstLane is the number of the lowest lane in a mask that is not 0.
func firstLane(mask uint32) int { return bits.TrailingZeros32(mask) & (warpSize - 1) }
