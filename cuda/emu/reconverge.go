package emu

import "tiebreak/cuda/ptx"

// flow is the control flow of a kernel: nodes are ops, and one more that stands for the end.
type flow struct {
	after, before [][]int32
	end           int32
}

// postDominators finds, for each op, the first op that every path from it to the end of the kernel passes after it, or
// noJoin. Cooper, Harvey and Kennedy 2001, "A simple, fast dominance algorithm", on the reversed graph.
func postDominators(ops []op) []int32 {
	f := newFlow(ops)
	order := postorder(f.before, f.end)
	rank := make([]int32, len(f.after)) // place in the order; 0 for ops from which the end cannot be reached
	for i, v := range order {
		rank[v] = int32(i) + 1
	}
	idom := make([]int32, len(f.after))
	for i := range idom {
		idom[i] = noJoin
	}
	idom[f.end] = f.end
	for changed := true; changed; {
		changed = false
		for i := len(order) - 2; i >= 0; i-- { // the end itself is the last of the order
			v := order[i]
			if d := f.nearest(v, idom, rank); d != idom[v] {
				idom[v], changed = d, true
			}
		}
	}
	for i := range ops {
		if idom[i] == f.end {
			idom[i] = noJoin
		}
	}
	return idom[:len(ops)]
}

func newFlow(ops []op) flow {
	n := len(ops)
	f := flow{make([][]int32, n+1), make([][]int32, n+1), int32(n)}
	for i := range ops {
		f.after[i] = successors(ops, i)
		for _, s := range f.after[i] {
			f.before[s] = append(f.before[s], int32(i))
		}
	}
	return f
}

// nearest is where the paths from all successors of a node meet, as far as is known by now.
func (f *flow) nearest(v int32, idom, rank []int32) int32 {
	best := int32(noJoin)
	for _, s := range f.after[v] {
		switch {
		case idom[s] == noJoin:
		case best == noJoin:
			best = s
		default:
			best = intersect(idom, rank, best, s)
		}
	}
	return best
}

// successors lists where control goes after an op; len(ops) stands for the end.
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

// postorder lists the nodes that edges lead to from a root, children before parents.
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
