package emu

// shadow is the state of a block's shared memory, kept for each granule of two bytes: who wrote it last, and when each warp
// last read it. Two threads that write the two bytes of one granule are not told apart, so accesses of single bytes are
// checked for initialisation only.
type shadow struct {
	wrote []uint32 // writer's clock, whether an asynchronous copy is under way, and thread; 0: never written
	read  []uint32 // [warp][granule] clock, whether several lanes read, and lane
	n     int
}

const (
	granule    = 2
	threadBits = 10
	threadMask = 1<<threadBits - 1
	pendingBit = 1 << threadBits
	wroteClock = threadBits + 1
	laneMask   = warpSize - 1
	severalBit = warpSize
	readClock  = 6
	maxWarps   = maxThreads / warpSize
	noHazard   = hazard(0)
)

// hazard is what is wrong with an access to shared memory.
type hazard uint8

const (
	uninitialised hazard = iota + 1
	notWaitedFor
	readAfterWrite
	writeAfterWrite
	writeAfterRead
)

var hazardNames = [...]string{"", "uninitialised read", "read of data whose cp.async has not been waited for",
	"race: read after a write", "race: write after a write", "race: write after a read"}

func newShadow(bytes int) *shadow {
	n := (bytes + granule - 1) / granule
	return &shadow{wrote: make([]uint32, n), n: n}
}

// reset forgets all accesses.
func (s *shadow) reset(warps int) {
	clear(s.wrote)
	if len(s.read) != s.n*warps {
		s.read = make([]uint32, s.n*warps)
	}
	clear(s.read)
}

// finding is a hazard, with the thread that made the earlier access.
type finding struct {
	hazard hazard
	other  int // thread; -1 if not known
	at     int // granule
}

// span is an access of one lane to n granules from the first one on.
type span struct {
	warp, lane int
	first, n   int
	racing     bool // check for races too
}

// readBy checks and notes a read.
func (s *shadow) readBy(c *clocks, a span) finding {
	known, now := c.of(a.warp), c.now(a.warp)
	thread := uint32(a.warp*warpSize + a.lane)
	row := s.read[a.warp*s.n:][:s.n]
	mark := now<<readClock | uint32(a.lane)
	last := uint32(0)
	for g := a.first; g < a.first+a.n; g++ {
		if e := s.wrote[g]; e != last {
			if h := judge(e, thread, known, now); h != noHazard && (a.racing || h == uninitialised) {
				return finding{h, int(e & threadMask), g}
			}
			last = e
		} else if e == 0 {
			return finding{uninitialised, -1, g}
		}
		if r := row[g]; r>>readClock == now && r&laneMask != mark&laneMask {
			row[g] = r | severalBit
		} else {
			row[g] = mark | r&severalBit*bit(r>>readClock == now)
		}
	}
	return finding{}
}

// judge says whether a thread may read what entry e tells of.
func judge(e, thread uint32, known []uint32, now uint32) hazard {
	if e == 0 {
		return uninitialised
	}
	if e&pendingBit != 0 {
		return notWaitedFor
	}
	if !after(e>>wroteClock, e&threadMask, thread, known, now) {
		return readAfterWrite
	}
	return noHazard
}

// after reports whether a thread that knows these clocks comes after an access by another thread at a clock.
func after(clock, other, thread uint32, known []uint32, now uint32) bool {
	switch {
	case other == thread:
		return true
	case other/warpSize == thread/warpSize:
		return now > clock
	}
	return known[other/warpSize] >= clock
}

// writtenBy checks and notes a write; pending says that an asynchronous copy will do it.
func (s *shadow) writtenBy(c *clocks, a span, pending bool) finding {
	known, now := c.of(a.warp), c.now(a.warp)
	thread := uint32(a.warp*warpSize + a.lane)
	mark := now<<wroteClock | thread
	if pending {
		mark |= pendingBit
	}
	for g := a.first; g < a.first+a.n; g++ {
		if e := s.wrote[g]; a.racing && e != 0 && !after(e>>wroteClock, e&threadMask, thread, known, now) {
			return finding{writeAfterWrite, int(e & threadMask), g}
		}
		s.wrote[g] = mark
	}
	if a.racing {
		return s.readers(c, a)
	}
	return finding{}
}

// readers finds a read that the write of a span does not come after.
func (s *shadow) readers(c *clocks, a span) finding {
	known, now := c.of(a.warp), c.now(a.warp)
	for v := range c.warps {
		row := s.read[v*s.n:][a.first : a.first+a.n]
		for i, r := range row {
			if r == 0 {
				continue
			}
			clock, lane := r>>readClock, int(r&laneMask)
			if v != a.warp && known[v] < clock || v == a.warp && now == clock && (r&severalBit != 0 || lane != a.lane) {
				return finding{writeAfterRead, v*warpSize + lane, a.first + i}
			}
		}
	}
	return finding{}
}

// landed notes that an asynchronous copy has been waited for.
func (s *shadow) landed(c *clocks, a span) {
	mark := c.now(a.warp)<<wroteClock | uint32(a.warp*warpSize+a.lane)
	for g := a.first; g < a.first+a.n; g++ {
		s.wrote[g] = mark
	}
}
