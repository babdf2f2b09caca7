package emu

import (
	"tiebreak/cuda/driver"
	"tiebreak/cuda/ptx"
)

// check looks at one piece of a warp's access with the eyes of Options.Checks; false after a fault.
func (w *warp) check(o *op, a *access, p *piece) bool {
	switch p.space {
	case ptx.Shared:
		return w.checkShared(o, a, p)
	case ptx.Global:
		return w.checkGlobal(o, a, p)
	}
	return true
}

// checkGlobal reports reads of bytes that nothing has written, and notes writes.
func (w *warp) checkGlobal(o *op, a *access, p *piece) bool {
	v := p.alloc.valid
	if v.all.Load() {
		return true
	}
	for m := p.mask; m != 0; m &= m - 1 {
		i := firstLane(m)
		off := int(w.addr[i] - p.start)
		if (!a.write || a.atomic) && !v.written(off, a.size) {
			w.block.report(w, o, i, driver.LaunchFailed, "uninitialised read of %d bytes at %#x: byte %d of the %s", a.size,
				w.addr[i], off, p.alloc.describe())
			return false
		}
		if a.write {
			v.set(off, a.size)
		}
	}
	return true
}

// checkShared reports uninitialised reads of and races in shared memory.
func (w *warp) checkShared(o *op, a *access, p *piece) bool {
	b := w.block
	for m := p.mask; m != 0; m &= m - 1 {
		i := firstLane(m)
		s := granules(w, i, w.addr[i]-p.start, a.size)
		s.racing = a.size > 1 && !a.atomic
		var f finding
		if !a.write || a.atomic {
			f = b.cells.readBy(&b.clocks, s)
		}
		if a.write && f.hazard == noHazard {
			f = b.cells.writtenBy(&b.clocks, s, a.pending)
		}
		if f.hazard != noHazard {
			w.reportHazard(o, a, i, f)
			return false
		}
	}
	return true
}

// granules is the span of a lane's access.
func granules(w *warp, lane int, off uint64, size int) span {
	first := int(off) / granule
	return span{warp: w.index, lane: lane, first: first, n: (int(off)+size-1)/granule - first + 1}
}

func (w *warp) reportHazard(o *op, a *access, lane int, f finding) {
	name := hazardNames[f.hazard]
	at := f.at * granule
	if f.hazard == uninitialised {
		w.block.report(w, o, lane, driver.LaunchFailed, "%s of %d bytes at %#x in shared memory%s: byte %d was never written", name,
			a.size, w.addr[lane]&^windowMask, w.block.grid.prog.variableAt(at), at)
		return
	}
	t := w.block.grid.thread(f.other)
	missing := "no barrier between them"
	if f.other/warpSize == w.index {
		missing = "the same warp without bar.warp.sync between them"
	}
	w.block.report(w, o, lane, driver.LaunchFailed, "%s by thread (%d,%d,%d), %s: %d bytes at %#x in shared memory%s", name, t[0],
		t[1], t[2], missing, a.size, w.addr[lane]&^windowMask, w.block.grid.prog.variableAt(at))
}

// variableAt names the shared variable that a byte belongs to, in brackets after a space; "" if there is none.
func (p *program) variableAt(at int) string {
	best, name := -1, ""
	for n, off := range p.sharedAt {
		if off <= at && off > best {
			best, name = off, n
		}
	}
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}
