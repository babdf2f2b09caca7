package emu

import "tiebreak/cuda/ptx"

// Observer watches kernels run, one block and one warp at a time: with an observer a launch uses one goroutine, so that its
// methods are called in a fixed order. It is for stepping through a kernel and for drawing what it does.
type Observer interface {
	// Step is called before a warp executes an instruction. The Step is valid during the call only.
	Step(s *Step)

	// Access is called for each access to memory, after the addresses are known and before it takes place. The Access is
	// valid during the call only.
	Access(a *Access)
}

// Step is a warp about to execute an instruction.
type Step struct {
	Module, Kernel string
	Block          [3]int
	Warp           int
	Index          int // of the instruction in the kernel
	Instruction    *ptx.Instruction
	Text           string
	Source         string // "gemm.cu:17", or ""
	Active         uint32 // lanes on this path
	Executing      uint32 // those among them for which the guard holds
	warp           *warp
}

// Access is a warp's access to memory.
type Access struct {
	Step
	Space     ptx.Space
	Write     bool
	Size      int // bytes of each lane
	Addresses [warpSize]uint64
}

// Registers lists the registers of the kernel, in the order of their declaration.
func (s *Step) Registers() []ptx.Register { return s.warp.block.grid.prog.kernel.Registers }

// Register gives the value of the i-th register in every lane: bits, zero-extended; 0 or 1 for a predicate.
func (s *Step) Register(i int) [warpSize]uint64 {
	p := s.warp.block.grid.prog
	if row := p.rows[i]; row != none {
		return s.warp.rows[row]
	}
	var out [warpSize]uint64
	for l := range out {
		out[l] = uint64(s.warp.preds[p.predRows[i]] >> l & 1)
	}
	return out
}

// Allocation gives the allocation that a global address lies in: its first address, its size and its name; ok is false if
// there is none.
func (s *Step) Allocation(addr uint64) (base uint64, bytes int, name string, ok bool) {
	a := s.warp.block.grid.mem.find(addr)
	if a == nil || a.freed {
		return 0, 0, "", false
	}
	return a.base, len(a.data), a.name, true
}

// step describes an instruction that a warp is about to execute.
func (w *warp) step(o *op, mask uint32) Step {
	p := w.block.grid.prog
	return Step{
		Module: p.mod.ptx.Name, Kernel: p.kernel.Name, Block: w.block.id, Warp: w.index, Index: int(w.current),
		Instruction: o.in, Text: p.kernel.Text(o.in), Source: p.source(o), Active: w.active, Executing: mask, warp: w,
	}
}

func (w *warp) observe(obs Observer, o *op, mask uint32) {
	s := w.step(o, mask)
	obs.Step(&s)
}

func (w *warp) observeAccess(o *op, a *access, mask uint32) {
	s := Access{Step: w.step(o, mask), Space: a.space, Write: a.write, Size: a.size, Addresses: w.addr}
	w.block.grid.observer.Access(&s)
}
