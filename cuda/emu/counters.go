package emu

import (
	"sort"
	"sync"

	"tiebreak/cuda/ptx"
)

// Counters says how much of each costly thing launches of a kernel did. All counts are of warp instructions and sums over
// blocks, so they do not depend on the order in which blocks ran; only control flow that follows the outcome of atomic
// operations between blocks could change them.
type Counters struct {
	Launches     int64
	Blocks       int64
	Instructions [Classes]int64 // by Class
	MMAFlops     int64          // 2·m·n·k of each mma
	Barriers     int64          // warps that arrived at a barrier of their block

	// The rest is counted with Options.Counters alone.

	ReadSectors     int64 // 32-byte sectors of global memory that loads touch, once for each warp instruction
	ReadBytes       int64 // bytes that lanes loaded from global memory
	WriteSectors    int64
	WriteBytes      int64
	SharedAccesses  int64 // passes over shared memory that would do if no two lanes met in a bank
	SharedConflicts int64 // further passes, because they did
}

// Total is the number of instructions of all classes.
func (c *Counters) Total() int64 {
	var n int64
	for _, v := range c.Instructions {
		n += v
	}
	return n
}

// Line is how often one instruction of a kernel was executed by a warp.
type Line struct {
	PTX    int    // line of the PTX text
	Source string // "gemm.cu:17", or "" if not known
	Text   string
	Count  int64
}

// KernelCounters are the counters of all launches of one kernel since the last reset.
type KernelCounters struct {
	Module, Kernel string
	Counters
	Lines []Line // every instruction, in the order of the text
}

// stats is what one worker counts.
type stats struct {
	executed  []int64 // by op
	barriers  int64
	read      traffic
	written   traffic
	shared    int64
	conflicts int64
}

// traffic is global memory moved.
type traffic struct{ sectors, bytes int64 }

// add sums up the counts of another worker.
func (s *stats) add(o *stats) {
	for i, n := range o.executed {
		s.executed[i] += n
	}
	s.barriers += o.barriers
	s.read.sectors += o.read.sectors
	s.read.bytes += o.read.bytes
	s.written.sectors += o.written.sectors
	s.written.bytes += o.written.bytes
	s.shared += o.shared
	s.conflicts += o.conflicts
}

// counterBook keeps the counters of all kernels of a driver.
type counterBook struct {
	mu      sync.Mutex
	kernels map[string]*bookEntry
}

type bookEntry struct {
	prog *program
	Counters
	executed []int64
}

// add books one launch.
func (c *counterBook) add(p *program, blocks int, s stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := p.mod.ptx.Name + "\x00" + p.kernel.Name
	e := c.kernels[key]
	if e == nil || len(e.executed) != len(p.ops) {
		e = &bookEntry{prog: p, executed: make([]int64, len(p.ops))}
		if c.kernels == nil {
			c.kernels = map[string]*bookEntry{}
		}
		c.kernels[key] = e
	}
	e.Launches++
	e.Blocks += int64(blocks)
	e.Barriers += s.barriers
	e.ReadSectors += s.read.sectors
	e.ReadBytes += s.read.bytes
	e.WriteSectors += s.written.sectors
	e.WriteBytes += s.written.bytes
	e.SharedAccesses += s.shared
	e.SharedConflicts += s.conflicts
	for i, n := range s.executed {
		e.executed[i] += n
		e.Instructions[p.ops[i].class] += n
		e.MMAFlops += n * flops(p.ops[i].in)
	}
}

// flops is the work of one mma.
func flops(in *ptx.Instruction) int64 {
	switch {
	case in.Op != ptx.Mma:
		return 0
	case in.Has("m16n8k16"):
		return 2 * 16 * 8 * 16
	}
	return 2 * 16 * 8 * 8
}

// Counters gives the counters of every kernel launched since the last ResetCounters on any device, by module and kernel.
func (d *Driver) Counters() []KernelCounters {
	d.count.mu.Lock()
	defer d.count.mu.Unlock()
	var out []KernelCounters
	for _, e := range d.count.kernels {
		k := KernelCounters{Module: e.prog.mod.ptx.Name, Kernel: e.prog.kernel.Name, Counters: e.Counters}
		for i, n := range e.executed[:len(e.executed)-1] {
			o := &e.prog.ops[i]
			k.Lines = append(k.Lines, Line{o.in.Line, e.prog.source(o), e.prog.kernel.Text(o.in), n})
		}
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Module != out[j].Module {
			return out[i].Module < out[j].Module
		}
		return out[i].Kernel < out[j].Kernel
	})
	return out
}

// ResetCounters forgets all counters.
func (d *Driver) ResetCounters() {
	d.count.mu.Lock()
	defer d.count.mu.Unlock()
	d.count.kernels = nil
}
