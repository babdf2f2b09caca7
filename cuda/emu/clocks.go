package emu

// Races are found with vector clocks (Lamport 1978; Flanagan and Freund 2009, "FastTrack"). Each warp has a clock that goes
// on at every barrier it passes. An access carries its thread and its warp's clock; a later access is ordered after it if
// the accessing warp has, through barriers, heard of a later clock of that warp. Lanes of one warp are ordered by
// bar.warp.sync alone, as the memory model says, although this emulator happens to run them in lockstep.

// clocks holds, for each warp, what it knows of every warp's clock.
type clocks struct {
	warps   int
	known   []uint32 // [warp][warp]
	arrived [barriersPerBlock]struct {
		threads int
		known   []uint32
	}
}

// reset starts all clocks at 1: clock 0 stands for "never".
func (c *clocks) reset(warps int) {
	c.warps = warps
	if len(c.known) != warps*warps {
		c.known = make([]uint32, warps*warps)
	}
	clear(c.known)
	for i := range warps {
		c.known[i*warps+i] = 1
	}
	for i := range c.arrived {
		c.arrived[i].threads = 0
		c.arrived[i].known = c.arrived[i].known[:0]
	}
}

// of is what warp w knows of all clocks.
func (c *clocks) of(w int) []uint32 { return c.known[w*c.warps : (w+1)*c.warps] }

// now is a warp's own clock.
func (c *clocks) now(w int) uint32 { return c.known[w*c.warps+w] }

// tick lets a warp's clock go on.
func (c *clocks) tick(w int) { c.known[w*c.warps+w]++ }

// waiting is the number of threads that have arrived at a barrier without waiting.
func (c *clocks) waiting(id uint64) int { return c.arrived[id].threads }

// arrive notes what a warp knew when it passed bar.arrive.
func (c *clocks) arrive(id uint64, w int) {
	a := &c.arrived[id]
	if len(a.known) == 0 {
		a.known = make([]uint32, c.warps)
	}
	merge32(a.known, c.of(w))
	a.threads += warpSize
	c.tick(w)
}

// join gives the warps just released from a barrier all that any of them, or any that arrived, knows.
func (c *clocks) join(b *block, id uint64) {
	all := make([]uint32, c.warps)
	a := &c.arrived[id]
	if len(a.known) > 0 {
		merge32(all, a.known)
	}
	a.threads, a.known = 0, nil
	for pass := range 2 {
		for i := range b.warps {
			w := &b.warps[i]
			if !w.at.pending || w.at.id != id {
				continue
			}
			if pass == 0 {
				merge32(all, c.of(i))
				continue
			}
			copy(c.of(i), all)
			c.tick(i)
			w.at.pending = false
		}
	}
}

// merge32 raises the clocks of one list to those of another.
func merge32(into, from []uint32) {
	for i, v := range from {
		into[i] = max(into[i], v)
	}
}
