package emu

import (
	"math/bits"

	"tiebreak/cuda/ptx"
)

// compiled branch targets: labels become indices of ops, and each branch learns where the lanes it divides meet again.
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

// postDominators finds, for each op, the first op that every path from it to the end of the kernel passes after it, or
// noJoin. Cooper, Harvey and Kennedy 2001, "A simple, fast dominance algorithm", on the reversed graph.
func postDominators(ops []op) []int32 {
	n := len(ops)
	exit := int32(n) // a place after the last op that ends reach
	after := make([][]int32, n+1)
	before := make([][]int32, n+1)
	for i := range ops {
		after[i] = successors(ops, i)
		for _, s := range after[i] {
			before[s] = append(before[s], int32(i))
		}
	}
	order := postorder(before, exit)
	rank := make([]int32, n+1) // place in the order; 0 for ops that cannot end
	for i, v := range order {
		rank[v] = int32(i) + 1
	}
	idom := make([]int32, n+1)
	for i := range idom {
		idom[i] = noJoin
	}
	idom[exit] = exit
	for changed := true; changed; {
		changed = false
		for i := len(order) - 1; i >= 0; i-- {
			v := order[i]
			if v == exit {
				continue
			}
			best := int32(noJoin)
			for _, s := range after[v] {
				if idom[s] == noJoin {
					continue
				}
				if best == noJoin {
					best = s
				} else {
					best = intersect(idom, rank, best, s)
				}
			}
			if best != idom[v] {
				idom[v], changed = best, true
			}
		}
	}
	for i := range n {
		if idom[i] == exit {
			idom[i] = noJoin
		}
	}
	return idom[:n]
}

// successors lists where control goes after an op; n stands for the end.
func successors(ops []op, i int) []int32 {
	o := &ops[i]
	next := int32(i + 1)
	switch {
	case o.in.Op == ptx.Bra && o.guard == none:
		return []int32{o.target}
	case o.in.Op == ptx.Bra && o.target != next:
		return []int32{next, o.target}
	case ends(o) && o.guard == none:
		return []int32{int32(len(ops))}
	}
	return []int32{next}
}

func ends(o *op) bool { return o.in.Op == ptx.Ret || o.in.Op == ptx.Exit || o.in.Op == ptx.Trap }

// postorder numbers the nodes that reach the root, children before parents.
func postorder(edges [][]int32, root int32) []int32 {
	type frame struct {
		v    int32
		next int
	}
	seen := make([]bool, len(edges))
	seen[root] = true
	stack := []frame{{v: root}}
	var order []int32
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		if f.next == len(edges[f.v]) {
			order = append(order, f.v)
			stack = stack[:len(stack)-1]
			continue
		}
		child := edges[f.v][f.next]
		f.next++
		if !seen[child] {
			seen[child] = true
			stack = append(stack, frame{v: child})
		}
	}
	return order
}

// intersect walks up the tree from two nodes to where they meet.
func intersect(idom, rank []int32, a, b int32) int32 {
	for a != b {
		for rank[a] < rank[b] {
			a = idom[a]
		}
		for rank[b] < rank[a] {
			b = idom[b]
		}
	}
	return a
}

// firstLane is the number of the lowest lane in a mask that is not 0.
func firstLane(mask uint32) int { return bits.TrailingZeros32(mask) & (warpSize - 1) }
