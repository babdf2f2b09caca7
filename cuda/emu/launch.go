package emu

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"tiebreak/cuda/driver"
)

// grid is one launch: a kernel and what all of its blocks share.
type grid struct {
	prog          *program
	mem           *memory
	params        []byte
	gridDim       [3]int
	blockDim      [3]int
	threads       int // of a block
	dynamicShared int
	checks        Checks
	counting      bool
	loopLimit     int
	observer      Observer
}

// sharedBytes is the shared memory of a block.
func (g *grid) sharedBytes() int { return g.prog.dynamic + g.dynamicShared }

// thread gives the three coordinates of a thread in its block.
func (g *grid) thread(n int) [3]int {
	return [3]int{n % g.blockDim[0], n / g.blockDim[0] % g.blockDim[1], n / (g.blockDim[0] * g.blockDim[1])}
}

// launch checks the request and runs the kernel to its end.
func (f *function) launch(l driver.Launch) error {
	if wrong := f.check(l); wrong != "" {
		return f.launchError(l, driver.InvalidValue, wrong)
	}
	opts := f.mod.ctx.drv.opts
	gd, bd := l.Grid.Full(), l.Block.Full()
	g := &grid{
		prog: f.prog, mem: f.mod.ctx.mem, params: append([]byte(nil), l.Params...),
		gridDim: [3]int{gd.X, gd.Y, gd.Z}, blockDim: [3]int{bd.X, bd.Y, bd.Z}, threads: bd.Count(), dynamicShared: l.Shared,
		checks: opts.Checks, counting: opts.Counters, loopLimit: opts.LoopLimit, observer: opts.Observer,
	}
	st, fault := g.run(gd.Count(), opts.Workers)
	f.mod.ctx.drv.count.add(f.prog, gd.Count(), st)
	if fault == nil {
		return nil
	}
	err := f.launchError(l, fault.Code, fault.String())
	f.mod.ctx.fail(err)
	return err
}

// check finds what is wrong with a launch; "" if nothing.
func (f *function) check(l driver.Launch) string {
	d := l.Block.Full()
	switch {
	case f.mod.unloaded:
		return "the kernel's module is unloaded"
	case min(l.Grid.X, l.Grid.Y, l.Grid.Z, l.Block.X, l.Block.Y, l.Block.Z) < 0:
		return "want no negative extents"
	case l.Grid.Y > 65535 || l.Grid.Z > 65535 || d.Z > 64:
		return "want at most 65535 blocks in y and z, and 64 threads in z"
	case d.Count() > f.maxThreads():
		return fmt.Sprintf("got %d threads a block, want at most %d", d.Count(), f.maxThreads())
	case l.Shared < 0 || l.Shared > f.maxDynamic:
		return fmt.Sprintf("got %d bytes of dynamic shared memory, want at most %d; Function.SetMaxDynamicShared allows more",
			l.Shared, f.maxDynamic)
	case len(l.Params) != f.prog.params:
		return fmt.Sprintf("got %d bytes of parameters, want %d", len(l.Params), f.prog.params)
	}
	return ""
}

func (f *function) launchError(l driver.Launch, code driver.Code, detail string) error {
	return &driver.Error{Call: "cuLaunchKernel", Device: f.mod.ctx.name, Kernel: f.prog.kernel.Name, Grid: l.Grid,
		Block: l.Block, Code: code, Detail: detail}
}

// run executes all blocks. Blocks begin in order; where several fail, the one that comes first in the grid is reported,
// whatever the number of workers.
func (g *grid) run(blocks, workers int) (stats, *Fault) {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if g.observer != nil {
		workers = 1
	}
	workers = min(workers, blocks)
	var next, failed atomic.Int64
	failed.Store(int64(blocks))
	var mu sync.Mutex
	var first *Fault
	total := stats{executed: make([]int64, len(g.prog.ops))}
	work := func() {
		b := takeBlock(g)
		for {
			n := next.Add(1) - 1
			if n >= failed.Load() {
				break
			}
			if f := b.execute(int(n)); f != nil {
				mu.Lock()
				if n < failed.Load() {
					failed.Store(n)
					first = f
				}
				mu.Unlock()
			}
		}
		mu.Lock()
		total.add(&b.stats)
		mu.Unlock()
		b.leave()
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return total, first
}
