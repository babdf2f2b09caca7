package emu

import (
	"math/bits"
	"slices"

	"tiebreak/cuda/ptx"
)

// Compilers give each value a PTX register of its own, thousands in a large kernel, of which some hundred are in use at any
// place. Rows of lanes are shared among registers that are never in use together, so that a warp's rows stay in the
// processor's cache: live ranges by data flow over basic blocks, then a linear scan (Poletto and Sarkar 1999, "Linear scan
// register allocation"). A range reaches from the first to the last op at which the register is in use, in the order of the
// text. That is right for divided warps too: a lane's writes do not touch other lanes, so each lane may be looked at alone.

// assignRows gives each register that is no predicate a row; entry lists the rows of registers that may be read before they
// are written, which must hold the same in every run.
func assignRows(k *ptx.Kernel, ops []op) (rows []int32, count int, entry []int32) {
	ranges, atEntry := liveRanges(k, ops)
	order := make([]int, 0, len(ranges))
	rows = make([]int32, len(ranges))
	for r := range ranges {
		rows[r] = none
		if k.Registers[r].Type != ptx.Pred && ranges[r].used() {
			order = append(order, r)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(ranges[a].first - ranges[b].first) })
	var active []int // registers that have rows now
	var free []int32
	for _, r := range order {
		keep := active[:0]
		for _, a := range active {
			if ranges[a].last < ranges[r].first {
				free = append(free, rows[a])
			} else {
				keep = append(keep, a)
			}
		}
		active = append(keep, r)
		if n := len(free); n > 0 {
			rows[r], free = free[n-1], free[:n-1]
		} else {
			rows[r] = int32(count)
			count++
		}
		if atEntry.has(r) {
			entry = append(entry, rows[r])
		}
	}
	return rows, count, entry
}

// liveRange is the part of the text in which a register is in use.
type liveRange struct{ first, last int32 }

func (l liveRange) used() bool { return l.first <= l.last }

func (l *liveRange) extend(at int32) { l.first, l.last = min(l.first, at), max(l.last, at) }

// set is a set of registers.
type set []uint64

func (s set) has(r int) bool { return s[r/64]>>(r%64)&1 == 1 }
func (s set) add(r int)      { s[r/64] |= 1 << (r % 64) }

// basicBlock is a run of ops that control enters at the top alone.
type basicBlock struct {
	first, last int32 // ops, last included
	next        []int // blocks that may follow
	uses        set   // read before the block writes them
	kills       set   // written whatever the guards
	in          set   // in use at the top
}

// liveRanges finds where each register is in use, and which are before the first op.
func liveRanges(k *ptx.Kernel, ops []op) ([]liveRange, set) {
	words := (len(k.Registers) + 63) / 64
	blocks := basicBlocks(ops, words)
	for changed := true; changed; {
		changed = false
		for i := len(blocks) - 1; i >= 0; i-- {
			b := &blocks[i]
			for w := range words {
				var out uint64
				for _, n := range b.next {
					out |= blocks[n].in[w]
				}
				if in := b.uses[w] | out&^b.kills[w]; in != b.in[w] {
					b.in[w], changed = in, true
				}
			}
		}
	}
	ranges := make([]liveRange, len(k.Registers))
	for r := range ranges {
		ranges[r] = liveRange{int32(len(ops)), -1}
	}
	for i := range blocks {
		b := &blocks[i]
		each(b.in, func(r int) { ranges[r].extend(b.first) })
		for _, n := range b.next {
			each(blocks[n].in, func(r int) { ranges[r].extend(b.last) })
		}
	}
	for i := range ops {
		for _, r := range append(ops[i].in.Reads(), ops[i].in.Writes()...) {
			ranges[r].extend(int32(i))
		}
	}
	return ranges, blocks[0].in
}

// each calls f for the members of a set.
func each(s set, f func(r int)) {
	for w, v := range s {
		for ; v != 0; v &= v - 1 {
			f(64*w + bits.TrailingZeros64(v))
		}
	}
}

// basicBlocks divides the ops, and notes what each block reads and writes.
func basicBlocks(ops []op, words int) []basicBlock {
	leader := make([]bool, len(ops)+1)
	leader[0] = true
	for i := range ops {
		if ops[i].in.Op == ptx.Bra || ends(&ops[i]) {
			leader[i+1] = true
			if ops[i].in.Op == ptx.Bra {
				leader[ops[i].target] = true
			}
		}
	}
	var blocks []basicBlock
	number := make([]int, len(ops)+1)
	number[len(ops)] = -1
	for i := range ops {
		if leader[i] {
			blocks = append(blocks, basicBlock{first: int32(i), uses: make(set, words), kills: make(set, words), in: make(set, words)})
		}
		b := &blocks[len(blocks)-1]
		number[i], b.last = len(blocks)-1, int32(i)
		b.note(&ops[i])
	}
	for i := range blocks {
		b := &blocks[i]
		for _, s := range successors(ops, int(b.last)) {
			if n := number[s]; n >= 0 {
				b.next = append(b.next, n)
			}
		}
	}
	return blocks
}

// note adds one op to a block. A guarded write leaves the old value in some lanes, so it does not end its life.
func (b *basicBlock) note(o *op) {
	for _, r := range o.in.Reads() {
		if !b.kills.has(r) {
			b.uses.add(r)
		}
	}
	for _, r := range o.in.Writes() {
		if o.guard == none {
			b.kills.add(r)
		} else if !b.kills.has(r) {
			b.uses.add(r)
		}
	}
}
