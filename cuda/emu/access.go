package emu

import (
	"fmt"

	"tiebreak/cuda/driver"
	"tiebreak/cuda/ptx"
)

// Generic addresses: global memory lies where it is, shared and local memory in windows above it.
const (
	sharedWindow = 1 << 60
	localWindow  = 1 << 61
	windowMask   = sharedWindow | localWindow
)

// access is what a memory instruction reads or writes.
type access struct {
	space   ptx.Space
	base    int32  // row of the address
	offset  uint64 // added to it
	wrap    uint64 // mask of an address: 32 bits where the base register has as many
	size    int    // bytes a lane touches
	part    int    // bytes of one element
	write   bool
	atomic  bool
	pending bool // an asynchronous copy, done later
}

// addresses is the address of each lane.
type addresses [warpSize]uint64

// address compiles a memory operand.
func (c *compiler) address(o ptx.Operand, space ptx.Space, part, elements int) (*access, error) {
	a := &access{space: space, offset: o.Value, wrap: ^uint64(0), part: part, size: part * elements}
	switch {
	case o.Register != ptx.NoRegister:
		a.base = c.prog.rows[o.Register]
		if c.kernel.Registers[o.Register].Type.Size() == 4 {
			a.wrap = 1<<32 - 1
		}
		return a, nil
	case o.Name == "":
		a.base = c.constant(0)
		return a, nil
	}
	at, err := c.symbol(o.Name)
	if err != nil {
		return nil, err
	}
	if is := c.prog.variables[o.Name]; is != space {
		return nil, fmt.Errorf("emu: kernel %s: variable %s lies in %v memory, the access is to %v", c.kernel.Name, o.Name, is, space)
	}
	a.base = c.constant(at)
	return a, nil
}

// locate computes the addresses of the lanes in the mask and checks their alignment; false after a fault.
func (w *warp) locate(o *op, a *access, mask uint32) bool {
	row := &w.rows[a.base]
	var all uint64
	if mask == everyLane {
		for i := range row {
			v := (row[i] + a.offset) & a.wrap
			w.addr[i] = v
			all |= v
		}
	} else {
		for m := mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			v := (row[i] + a.offset) & a.wrap
			w.addr[i] = v
			all |= v
		}
	}
	if all&uint64(a.size-1) == 0 {
		return true
	}
	for m := mask; m != 0; m &= m - 1 {
		if i := firstLane(m); w.addr[i]&uint64(a.size-1) != 0 {
			w.block.report(w, o, i, driver.MisalignedAddress, "misaligned %s of %d bytes at %#x in %v memory", a.verb(), a.size,
				w.addr[i], a.space)
			return false
		}
	}
	return true
}

func (a *access) verb() string {
	switch {
	case a.atomic:
		return "atomic access"
	case a.write:
		return "write"
	}
	return "read"
}

// piece is a part of a warp's access that lies in one piece of memory.
type piece struct {
	data  []byte
	start uint64      // address of data[0]
	alloc *allocation // in global memory
	space ptx.Space
	mask  uint32 // the lanes in it
}

// next finds the memory of the first lane left and all lanes that share it; false after a fault.
func (w *warp) next(o *op, a *access, left uint32, p *piece) bool {
	lane := firstLane(left)
	addr := w.addr[lane]
	p.space, p.alloc, p.start = a.space, nil, 0
	if p.space == ptx.Generic {
		p.space, p.start = window(addr)
	}
	switch p.space {
	case ptx.Shared:
		p.data = w.block.shared
	case ptx.Local:
		n := w.block.grid.prog.local
		thread := w.index*warpSize + lane
		p.data = w.block.local[thread*n : (thread+1)*n]
		left = 1 << lane
	case ptx.Const:
		p.data = w.block.grid.prog.mod.constants
	case ptx.Param:
		p.data = w.block.grid.params
	default:
		al := w.block.grid.mem.find(addr)
		if al == nil || al.freed || !al.contains(addr, a.size) {
			w.block.report(w, o, lane, driver.IllegalAddress, "out of bounds %s of %s", a.verb(),
				w.block.grid.mem.outside(addr, a.size))
			return false
		}
		p.alloc, p.data, p.start = al, al.data, al.base
	}
	if p.mask = inside(&w.addr, left, p.start, len(p.data), a.size); p.mask>>lane&1 == 0 {
		w.block.report(w, o, lane, driver.IllegalAddress, "out of bounds %s of %d bytes at %#x in %v memory, which has %d bytes",
			a.verb(), a.size, addr, p.space, len(p.data))
		return false
	}
	return true
}

// window says which memory a generic address lies in, and where that memory begins.
func window(addr uint64) (ptx.Space, uint64) {
	switch addr & windowMask {
	case sharedWindow:
		return ptx.Shared, sharedWindow
	case localWindow:
		return ptx.Local, localWindow
	}
	return ptx.Global, 0
}

// inside picks the lanes whose size bytes lie in memory of n bytes that begins at start.
func inside(addr *addresses, lanes uint32, start uint64, n, size int) uint32 {
	if n < size {
		return 0
	}
	last := uint64(n - size)
	if lanes == everyLane {
		ok := true
		for i := range addr {
			ok = ok && addr[i]-start <= last
		}
		if ok {
			return everyLane
		}
	}
	var in uint32
	for m := lanes; m != 0; m &= m - 1 {
		if i := firstLane(m); addr[i]-start <= last {
			in |= 1 << i
		}
	}
	return in
}

// touch runs f on each piece of memory that the lanes in the mask access, checked and counted; false after a fault.
func (w *warp) touch(o *op, a *access, mask uint32, f func(p *piece)) bool {
	if !w.locate(o, a, mask) {
		return false
	}
	if w.block.grid.counting {
		w.count(o, a, mask)
	}
	if w.block.grid.observer != nil {
		w.observeAccess(o, a, mask)
	}
	p := &w.piece
	for left := mask; left != 0; left &^= p.mask {
		if !w.next(o, a, left, p) {
			return false
		}
		if w.block.cells != nil && !w.check(o, a, p) {
			return false
		}
		f(p)
	}
	return true
}
