package engine

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tiebreak/kvcache"
)

// BenchmarkSchedule is what it costs to find out what 1,000 prompts of 400 tokens have in common, and to make passes of them,
// without computing any. The unit to compare with the speed of a device is tokens.
func BenchmarkSchedule(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for name, common := range map[string]int{"nothing in common": 0, "an instruction": 40, "pairs": 200} {
		var prompts [][]int32
		begin := make([]int32, common)
		for i := range 1000 {
			if i%2 == 0 && common > 100 {
				for k := range begin {
					begin[k] = int32(r.IntN(1000))
				}
			}
			p := slices.Clone(begin)
			for len(p) < 400 {
				p = append(p, int32(r.IntN(1000)))
			}
			prompts = append(prompts, p)
		}
		b.Run(name, func(b *testing.B) {
			lim := limits{1024, 50}
			for b.Loop() {
				s := schedule{runner: &runner{cache: kvcache.New(passPages(400, lim) + cachePages(lim))}, pass: lim}
				for _, g := range groups(requestsOf(prompts...), 1<<20) {
					for _, r := range g.requests {
						r.answer = func(int, []float32, error) {}
						s.waiting = append(s.waiting, r)
					}
				}
				for d := s.fill(); len(d.parts) > 0; d = s.fill() {
					for _, p := range d.parts {
						if p.ends {
							s.complete(p.task, []float32{1})
						}
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/400_000, "ns/token")
		})
	}
}
