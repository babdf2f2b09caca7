package engine

import (
	"fmt"

	"tiebreak/kvcache"
)

// Stats counts what an engine has done since it was opened, on all devices that have a model of their own.
type Stats struct {
	Asked     int64 // tokens of all prompts, as if each were alone
	Computed  int64 // tokens that went through the model
	Preempted int64 // prompts that gave their pages up and were begun again

	Pages kvcache.Stats
}

// Reused is the number of tokens that were asked for and did not have to be computed.
func (s Stats) Reused() int64 { return s.Asked - s.Computed }

// String lists the counts on one line.
func (s Stats) String() string {
	return fmt.Sprintf("%d tokens asked for, %d computed, %d reused (%.1f%%), %d prompts preempted; of %d pages at most %d held at once, %d now kept for reuse, %d evicted, %d copied",
		s.Asked, s.Computed, s.Reused(), 100*float64(s.Reused())/float64(max(1, s.Asked)), s.Preempted, s.Pages.Pages, s.Pages.MostHeld, s.Pages.Idle, s.Pages.Evicted, s.Pages.Copied)
}

// Stats gives the counts. It must not be called while the engine runs.
func (e *Engine) Stats() Stats {
	var sum Stats
	for _, r := range e.runners {
		s, p := r.stats, r.cache.Stats()
		sum.Asked, sum.Computed, sum.Preempted = sum.Asked+s.Asked, sum.Computed+s.Computed, sum.Preempted+s.Preempted
		sum.Pages = sum.Pages.Plus(p)
	}
	return sum
}
