package emu

import (
	"tiebreak/cuda/driver"
	"tiebreak/cuda/ptx"
)

// pendingCopy is an asynchronous copy to shared memory that has not been waited for. It is done when it must be, in
// wait_group, so that a kernel that reads too early sees what hardware may show it: old data.
type pendingCopy struct {
	lane int
	dst  int    // offset in shared memory
	src  []byte // what is copied; the rest of size is zeroed
	size int
}

// maxGroups bounds the operand of wait_group, which may be any constant.
const maxGroups = 1 << 20

// compileCp compiles cp.async. Groups are kept for a warp, not for each thread: where a divided warp commits, waiting
// completes no less than it would on hardware.
func compileCp(c *compiler, in *ptx.Instruction, o *op) (err error) {
	switch in.Mods[1] {
	case "commit_group":
		o.run = runCommit
		return nil
	case "wait_group":
		o.run, o.imm = runWait, int(min(in.Operands[0].Value, maxGroups))
		return nil
	case "wait_all":
		o.run = runWaitAll
		return nil
	}
	size := int(in.Operands[2].Value)
	if size != 16 && (in.Has("cg") || size != 4 && size != 8) {
		return c.refuse(in)
	}
	if o.mem, err = c.address(in.Operands[0], ptx.Shared, size, 1); err != nil {
		return err
	}
	o.mem.write, o.mem.pending = true, true
	from, err := c.address(in.Operands[1], ptx.Global, size, 1)
	if err != nil {
		return err
	}
	o.c = c.constant(uint64(size))
	if len(in.Operands) == 4 {
		if o.c, err = c.source(in.Operands[3], ptx.B32); err != nil {
			return err
		}
	}
	o.imm = size
	o.run = func(w *warp, o *op, mask uint32) { w.copyAsync(o, from, mask) }
	return nil
}

// copyAsync queues the copies of the lanes in the mask.
func (w *warp) copyAsync(o *op, from *access, mask uint32) {
	var reading uint32
	for m := mask; m != 0; m &= m - 1 {
		i := firstLane(m)
		n := w.rows[o.c][i]
		if n > uint64(o.imm) {
			w.block.report(w, o, i, driver.IllegalInstruction, "cp.async of %d bytes from %d: want no more", o.imm, n)
			return
		}
		if n > 0 {
			reading |= 1 << i
		}
	}
	var src [warpSize][]byte
	if reading != 0 && !w.touch(o, from, reading, func(p *piece) {
		for m := p.mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			src[i] = p.data[w.addr[i]-p.start:][:w.rows[o.c][i]]
		}
	}) {
		return
	}
	w.touch(o, o.mem, mask, func(p *piece) {
		for m := p.mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			w.open = append(w.open, pendingCopy{i, int(w.addr[i]), src[i], o.imm})
		}
	})
}

func runCommit(w *warp, _ *op, _ uint32) {
	w.groups = append(w.groups, w.open)
	w.open = nil
	if n := len(w.spare); n > 0 {
		w.open, w.spare = w.spare[n-1], w.spare[:n-1]
	}
}

// runWait completes all groups but the youngest ones.
func runWait(w *warp, o *op, _ uint32) {
	n := max(0, len(w.groups)-o.imm)
	for _, g := range w.groups[:n] {
		w.land(g)
		w.spare = append(w.spare, g[:0])
	}
	w.groups = append(w.groups[:0], w.groups[n:]...)
}

func runWaitAll(w *warp, _ *op, _ uint32) {
	for _, g := range w.groups {
		w.land(g)
	}
	w.land(w.open)
	w.groups, w.open = w.groups[:0], w.open[:0]
}

// land does the copies of a group.
func (w *warp) land(g []pendingCopy) {
	b := w.block
	for _, c := range g {
		dst := b.shared[c.dst : c.dst+c.size]
		clear(dst[copy(dst, c.src):])
		if b.cells != nil {
			b.cells.landed(&b.clocks, granules(w, c.lane, uint64(c.dst), c.size))
		}
	}
}
