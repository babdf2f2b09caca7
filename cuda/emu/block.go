package emu

// block is a block of threads that is being run, with its shared memory. A worker uses one block value for all the blocks
// it runs.
type block struct {
	grid   *grid
	number int    // place in the grid's order
	id     [3]int // %ctaid
	warps  []warp
	shared []byte
	cells  *shadow // state of shared memory; nil without checks
	local  []byte
	clocks clocks
	stats  stats
	fault  *Fault
}

// takeBlock gives a block for a worker: one that an earlier launch of the same shape has left, or a new one.
func takeBlock(g *grid) *block {
	b, ok := g.prog.idle.Get().(*block)
	if !ok || len(b.warps) != (g.threads+warpSize-1)/warpSize || len(b.shared) != g.sharedBytes() ||
		len(b.local) != g.prog.local*g.threads {
		return newBlock(g)
	}
	b.grid = g
	b.stats = stats{executed: b.stats.executed}
	clear(b.stats.executed)
	return b
}

// leave keeps a block for later launches.
func (b *block) leave() {
	p := b.grid.prog
	b.grid = nil
	p.idle.Put(b)
}

func newBlock(g *grid) *block {
	b := &block{grid: g, warps: make([]warp, (g.threads+warpSize-1)/warpSize)}
	b.shared = make([]byte, g.sharedBytes())
	b.local = make([]byte, g.prog.local*g.threads)
	b.stats.executed = make([]int64, len(g.prog.ops))
	if g.checks == Full {
		b.cells = newShadow(len(b.shared))
	}
	return b
}

// execute runs one block of the grid to its end, or to the first fault.
func (b *block) execute(number int) *Fault {
	b.reset(number)
	for {
		progress, left := false, false
		for i := range b.warps {
			w := &b.warps[i]
			if w.state != running {
				left = left || w.state == waiting
				continue
			}
			progress = true
			w.run()
			if b.fault != nil {
				return b.fault
			}
			left = left || w.state != ended
		}
		if !left {
			return nil
		}
		if b.release(); b.fault != nil {
			return b.fault
		}
		if !progress && !b.anyRunning() {
			b.deadlock()
			return b.fault
		}
	}
}

// reset prepares for another block.
func (b *block) reset(number int) {
	g := b.grid
	b.number, b.fault = number, nil
	b.id = [3]int{number % g.gridDim[0], number / g.gridDim[0] % g.gridDim[1], number / (g.gridDim[0] * g.gridDim[1])}
	clear(b.shared)
	clear(b.local)
	b.clocks.reset(len(b.warps))
	if b.cells != nil {
		b.cells.reset(len(b.warps))
	}
	for i := range b.warps {
		b.warps[i].reset(b, i, g.threads)
	}
}

func (b *block) anyRunning() bool {
	for i := range b.warps {
		if b.warps[i].state == running {
			return true
		}
	}
	return false
}
