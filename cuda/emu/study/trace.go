package study

import (
	"fmt"

	"tiebreak/cuda/driver"
	"tiebreak/cuda/emu"
	"tiebreak/cuda/ptx"
)

// Trace is everything that the warps of a small run did with memory, and when.
//
// Time is counted in instructions of a warp: all warps begin at 0, each instruction takes one unit, and a warp that has
// waited at a barrier goes on at the time of the last one that came there. So a trace shows the order that the program
// lays down, not how long a device takes.
type Trace struct {
	Run    *Run
	blocks []*blockTrace
	lines  map[string]*lineTraffic // of shared memory, by source line
	steps  int
}

// blockTrace is one block.
type blockTrace struct {
	id      [3]int
	warps   []*warpTrace
	arrived []int // when the last warp came to each barrier
}

// warpTrace is one warp.
type warpTrace struct {
	clock    int
	barriers int  // it has come to
	waiting  bool // at the last of them
	kinds    []stretch
	accesses []*moment
}

// stretch is successive instructions of one kind.
type stretch struct{ kind, from, to int }

// moment is one access to memory.
type moment struct {
	time    int
	source  string
	traffic Traffic
}

// The kinds of instructions that a time line tells apart.
const (
	kindOther = iota
	kindRead
	kindWrite
	kindShared
	kindMatrix
	kindWait
	kinds
)

// mostSteps bounds what is traced: a page of more instructions would be too large to look at.
const mostSteps = 400_000

// Trace runs the case under an observer. The error says so if the case is too large to be drawn.
func (c *Case) Trace() (*Trace, error) {
	t := &Trace{Run: &Run{Case: c}, lines: map[string]*lineTraffic{}}
	tracer := &tracer{t: t, of: c.Kernel.Name}
	d := emu.New(emu.Options{ComputeCapability: c.SM, Counters: true, Observer: tracer})
	var large tooLarge
	launches, err := c.observed(d, &large)
	if err != nil {
		return nil, err
	}
	if large {
		return nil, fmt.Errorf("study: %s for %v executes more than %d instructions: choose a smaller shape to draw", c.Kernel.Name, c.Shape, mostSteps)
	}
	t.Run.take(launches, d)
	return t, nil
}

// tooLarge is what a tracer panics with.
type tooLarge bool

// observed is execute for a driver whose observer may end the run early, which sets large.
func (c *Case) observed(d driver.Driver, large *tooLarge) (launches []Launch, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(tooLarge); !ok {
				panic(r)
			}
			*large = true
		}
	}()
	return c.execute(d)
}

// tracer fills a trace.
type tracer struct {
	t   *Trace
	of  string
	now *warpTrace // the warp that executes, and when it began its instruction
	at  int
}

// Step notes an instruction of the kernel.
func (r *tracer) Step(s *emu.Step) {
	r.now = nil
	if s.Kernel != r.of {
		return
	}
	if r.t.steps++; r.t.steps > mostSteps {
		panic(tooLarge(true))
	}
	b := r.block(s.Block)
	for len(b.warps) <= s.Warp {
		b.warps = append(b.warps, &warpTrace{})
	}
	w := b.warps[s.Warp]
	b.pass(w)
	r.now, r.at = w, w.clock
	w.note(kindOf(s.Instruction))
	w.clock++
	if isBarrier(s.Instruction) {
		b.arrive(w)
	}
}

// block finds the trace of a block; blocks run one after the other.
func (r *tracer) block(id [3]int) *blockTrace {
	if n := len(r.t.blocks); n > 0 && r.t.blocks[n-1].id == id {
		return r.t.blocks[n-1]
	}
	b := &blockTrace{id: id}
	r.t.blocks = append(r.t.blocks, b)
	return b
}

// pass moves a warp that has left a barrier on to the time of the last warp that came to it. All have come by then.
func (b *blockTrace) pass(w *warpTrace) {
	if !w.waiting {
		return
	}
	w.waiting = false
	last := b.arrived[w.barriers-1]
	w.kinds[len(w.kinds)-1].to, w.clock = last, last
}

// arrive notes that a warp has come to its next barrier.
func (b *blockTrace) arrive(w *warpTrace) {
	if w.barriers++; len(b.arrived) < w.barriers {
		b.arrived = append(b.arrived, 0)
	}
	b.arrived[w.barriers-1] = max(b.arrived[w.barriers-1], w.clock)
	w.waiting = true
}

// note adds one instruction at the warp's time.
func (w *warpTrace) note(kind int) {
	if n := len(w.kinds); n > 0 && w.kinds[n-1].kind == kind && w.kinds[n-1].to == w.clock && kind != kindWait {
		w.kinds[n-1].to++
		return
	}
	w.kinds = append(w.kinds, stretch{kind, w.clock, w.clock + 1})
}

// Access notes what the instruction of the latest step touches.
func (r *tracer) Access(a *emu.Access) {
	t, ok := trafficOf(a)
	if r.now == nil || !ok {
		return
	}
	r.now.accesses = append(r.now.accesses, &moment{r.at, a.Source, t})
	if t.Space == "shared" {
		r.t.line(a.Source).add(&t)
	}
}

// kindOf sorts an instruction.
func kindOf(in *ptx.Instruction) int {
	switch {
	case isBarrier(in):
		return kindWait
	case in.Op == ptx.Mma:
		return kindMatrix
	case in.Op == ptx.Ldmatrix || in.Space == ptx.Shared && in.Op != ptx.Cp && in.Op != ptx.Cvta:
		return kindShared
	case in.Op == ptx.Cp && len(in.Operands) > 1 || in.Op == ptx.Ld && in.Space == ptx.Global:
		return kindRead
	case in.Op == ptx.St && in.Space == ptx.Global:
		return kindWrite
	}
	return kindOther
}

func isBarrier(in *ptx.Instruction) bool {
	return (in.Op == ptx.Bar || in.Op == ptx.Barrier) && !in.Has("warp")
}

// Warps is the number of warps that ran.
func (t *Trace) Warps() (n int) {
	for _, b := range t.blocks {
		n += len(b.warps)
	}
	return n
}

// Accesses is the number of accesses of warps to global and shared memory.
func (t *Trace) Accesses() (n int) {
	for _, b := range t.blocks {
		for _, w := range b.warps {
			n += len(w.accesses)
		}
	}
	return n
}

// lineTraffic sums up the accesses to shared memory of one source line.
type lineTraffic struct {
	source                      string
	accesses, passes, conflicts int
	worst                       Traffic // the access with most conflicts
}

func (t *Trace) line(source string) *lineTraffic {
	l := t.lines[source]
	if l == nil {
		l = &lineTraffic{source: source}
		t.lines[source] = l
	}
	return l
}

func (l *lineTraffic) add(t *Traffic) {
	l.accesses++
	l.passes += t.Passes
	l.conflicts += t.Conflicts
	if l.accesses == 1 || t.Conflicts > l.worst.Conflicts {
		l.worst = *t
	}
}
