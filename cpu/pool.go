package cpu

import (
	"runtime"
	"sync/atomic"
)

// job is an operation cut into pieces that may be done in any order, by any worker. A job writes nothing that depends on
// who does which piece.
type job interface {
	run(worker, index int)
}

// pool hands the pieces of one job at a time to a fixed set of goroutines, the caller among them.
//
// All state that workers race for is one word, ticket: the number of pieces in the upper half, the next index in the lower.
// A worker takes a piece by adding 1. If what it got is below the number of pieces, it holds an unfinished piece of the
// current job, so that p.job cannot change under it; if not, it has touched nothing. Therefore no lock is needed, a late
// worker does no harm, and do need not wait for workers that never woke up.
//
// Idle workers look at the ticket for a while, since the operations of a forward pass follow each other within
// microseconds, and then sleep on a channel.
type pool struct {
	threads int
	job     job
	ticket  atomic.Uint64
	done    atomic.Int64
	closed  atomic.Bool
	workers []sleeper
}

// sleeper is where one worker waits. The padding keeps the flags of two workers in different cache lines.
type sleeper struct {
	asleep atomic.Bool
	wake   chan struct{}
	_      [112]byte
}

// spins is how often an idle worker looks for work before it sleeps: some 100 µs, longer than the serial stretches
// between two operations and short against a model's load.
const spins = 1000

func newPool(threads int) *pool {
	p := &pool{threads: threads, workers: make([]sleeper, threads-1)}
	for i := range p.workers {
		p.workers[i].wake = make(chan struct{}, 1)
		go p.serve(i + 1)
	}
	return p
}

// do runs j.run for each index below n and returns when all have returned.
func (p *pool) do(j job, n int) {
	if p.threads == 1 || n <= 1 {
		for i := range n {
			j.run(0, i)
		}
		return
	}
	p.job = j
	p.done.Store(0)
	p.ticket.Store(uint64(n) << 32)
	for i := range p.workers {
		p.workers[i].rouse()
	}
	p.take(0)
	for p.done.Load() < int64(n) {
		runtime.Gosched()
	}
	p.job = nil
}

// take does pieces until none is left.
func (p *pool) take(worker int) {
	for available(p.ticket.Load()) {
		t := p.ticket.Add(1) - 1
		if !available(t) {
			return
		}
		p.job.run(worker, int(uint32(t)))
		p.done.Add(1)
	}
}

func available(ticket uint64) bool { return uint32(ticket) < uint32(ticket>>32) }

func (p *pool) serve(worker int) {
	s := &p.workers[worker-1]
	for !p.closed.Load() {
		if p.await() {
			p.take(worker)
			continue
		}
		s.asleep.Store(true)
		// Look once more: what came before the flag could be seen did not rouse this worker.
		if (available(p.ticket.Load()) || p.closed.Load()) && s.asleep.CompareAndSwap(true, false) {
			continue
		}
		<-s.wake
	}
}

// await looks for work for a while and reports whether there is some.
func (p *pool) await() bool {
	for range spins {
		if available(p.ticket.Load()) {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// rouse wakes the worker if it sleeps, or is about to.
func (s *sleeper) rouse() {
	if s.asleep.CompareAndSwap(true, false) {
		s.wake <- struct{}{}
	}
}

func (p *pool) close() {
	p.closed.Store(true)
	for i := range p.workers {
		p.workers[i].rouse()
	}
}
