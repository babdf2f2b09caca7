//go:build cuda && cgo && linux && amd64

package libcuda

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gorgonia.org/cu"

	"tiebreak/cuda/driver"
)

// The watchdog. A stream notes what is queued on it and, behind every group of groupSize pieces of work, records an event:
// a mark. Marks serve three ends:
//
//   - Waiting polls. While it waits, each mark that is reached counts as progress; without any on the whole context for
//     Config.Patience the device is given up. So a long queue is no fault and one endless kernel is.
//   - A fault or a hang is somewhere in the oldest group whose mark has not been reached, at most groupSize suspects.
//   - The driver's own queue holds about a thousand entries and then blocks inside the call. Work beyond maxMarks groups
//     waits here first, where the watchdog sees it.
//
// A mark costs one event record and one query per group: an eighth of the launches.
const (
	groupSize = 8
	maxMarks  = 64 // 512 pieces of work
)

// work is something queued on a stream.
type work struct {
	name        string // of the kernel, or of the call
	kernel      bool
	grid, block driver.Dim
}

// mark is an event behind a group of work.
type mark struct {
	event cu.Event
	group []work
}

// queue is what is not known to be finished on a stream.
type queue struct {
	marks []mark // oldest first
	open  []work // behind the last mark
	spare []mark // reached; their events and lists are used again
}

// add notes work that has been queued; true when the group is full and wants a mark.
func (q *queue) add(w work) bool {
	q.open = append(q.open, w)
	return len(q.open) >= groupSize
}

// close puts a mark behind the open group.
func (q *queue) close(m mark) {
	m.group, q.open = q.open, m.group[:0]
	q.marks = append(q.marks, m)
}

// reached forgets the oldest group.
func (q *queue) reached() {
	q.spare = append(q.spare, q.marks[0])
	q.marks = slices.Delete(q.marks, 0, 1)
}

// empty forgets all: the stream has been seen idle.
func (q *queue) empty() {
	q.spare = append(q.spare, q.marks...)
	q.marks, q.open = q.marks[:0], q.open[:0]
}

// suspects is the oldest group that is not known to be finished.
func (q *queue) suspects() []work {
	if len(q.marks) > 0 {
		return q.marks[0].group
	}
	return q.open
}

// note records work that has been queued, puts a mark behind each full group and forgets the groups that are finished.
func (s *stream) note(w work) error {
	if s.capture != nil {
		*s.capture = append(*s.capture, w)
		return nil
	}
	if s.queue.add(w) {
		if err := s.mark(); err != nil {
			return err
		}
		s.reap()
	}
	if s.c.library.blocking {
		return s.Synchronize()
	}
	return nil
}

// mark records an event behind the open group.
func (s *stream) mark() error {
	var m mark
	if n := len(s.queue.spare); n > 0 {
		m, s.queue.spare = s.queue.spare[n-1], s.queue.spare[:n-1]
	} else if err := s.c.do("cuEventCreate", func() (err error) { m.event, err = cu.MakeEvent(cu.DisableTiming); return err }); err != nil {
		return err
	}
	if err := s.c.do("cuEventRecord", func() error { return m.event.Record(s.handle) }); err != nil {
		return err
	}
	s.queue.close(m)
	return nil
}

// reap forgets the groups whose mark has been reached and says whether there were any. A failing query is left to the next
// call that can report it.
func (s *stream) reap() bool {
	moved := false
	for len(s.queue.marks) > 0 && s.c.raw(s.queue.marks[0].event.Query) == 0 {
		s.queue.reached()
		moved = true
	}
	return moved
}

// reap forgets finished work on all streams.
func (c *context) reap() bool {
	moved := false
	for _, s := range c.streams {
		moved = s.reap() || moved
	}
	return moved
}

// room waits until the driver's queue can take more without blocking.
func (s *stream) room() error {
	if s.capture != nil || len(s.queue.marks) < maxMarks {
		return nil
	}
	return s.c.await("cuEventQuery", func() error {
		if len(s.queue.marks) < maxMarks { // between two queries, await reaps
			return nil
		}
		if err := s.queue.marks[0].event.Query(); err != nil {
			return err
		}
		s.queue.reached()
		return nil
	})
}

// await polls until the query succeeds or fails, or the device has made no progress for the library's patience.
func (c *context) await(call string, query func() error) error {
	if c.broken != nil {
		return c.broken
	}
	now := c.library.clock.now
	start := now()
	for last, polls := start, 0; ; polls++ {
		code := c.raw(query)
		if code != driver.NotReady {
			return c.outcome(call, code, "")
		}
		t := now()
		switch {
		case c.reap():
			last = t
		case t.Sub(last) > c.library.patience:
			return c.giveUp(call)
		}
		c.library.clock.pause(polls, t.Sub(start))
	}
}

// pause is the time between two polls. Short waits are polled without a rest; longer ones at a sixteenth of the time
// waited, so that waiting is at most that much too long, and every millisecond at least.
func (k clock) pause(polls int, waited time.Duration) {
	const busy = 50 // polls: some 20 microseconds
	if polls >= busy {
		k.sleep(min(max(waited/16, 10*time.Microsecond), time.Millisecond))
	}
}

// giveUp breaks a context whose device makes no progress.
func (c *context) giveUp(call string) error {
	e := &driver.Error{Call: call, Device: c.name, Code: driver.LaunchTimeout,
		Detail: fmt.Sprintf("no progress for %v: the device is given up", c.library.patience)}
	c.blame(e)
	c.broken, c.hung = e, true
	return e
}

// blame adds to a fault what may have caused it: the oldest work that is not known to be finished, and what else could be.
func (c *context) blame(e *driver.Error) {
	var all []work
	for _, s := range c.streams {
		all = append(all, s.queue.suspects()...)
	}
	if i := slices.IndexFunc(all, func(w work) bool { return w.kernel }); i >= 0 && e.Kernel == "" {
		e.Kernel, e.Grid, e.Block = all[i].name, all[i].grid, all[i].block
	}
	if len(all) > 1 {
		e.Detail = join(e.Detail, "it is one of "+list(all)+"; CUDA_LAUNCH_BLOCKING=1 in the environment shows which")
	}
}

// list names work, repeats counted.
func list(all []work) string {
	var names []string
	for i := 0; i < len(all); {
		n := i
		for n < len(all) && all[n].name == all[i].name {
			n++
		}
		name := all[i].name
		if n-i > 1 {
			name = fmt.Sprintf("%s x%d", name, n-i)
		}
		names = append(names, name)
		i = n
	}
	return strings.Join(names, ", ")
}
