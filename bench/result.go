package bench

import (
	"slices"
	"time"
)

// Result is one benchmark. Its JSON is what `tiebreak bench --json` prints.
type Result struct {
	Benchmark string `json:"benchmark"`
	Model     string `json:"model,omitempty"`
	Version   string `json:"version"`
	Device    string `json:"device"`
	Processor string `json:"processor"`
	Detail    string `json:"detail"` // instruction set, or driver
	DType     string `json:"dtype"`  // of the arithmetic
	Threads   int    `json:"threads,omitempty"`

	Tokens     int     `json:"tokens,omitempty"` // of one prompt; generated, for decode
	Prompts    int     `json:"prompts,omitempty"`
	MeanTokens float64 `json:"mean_tokens,omitempty"` // of the prompts, where they differ

	Seconds  Spread  `json:"seconds"`
	TokensPS float64 `json:"tokens_per_second,omitempty"`
	RowsPS   float64 `json:"rows_per_second,omitempty"`
	Speed
	CPUShare float64 `json:"cpu_share,omitempty"`
	LoadS    float64 `json:"load_seconds,omitempty"` // until the model was ready

	MaxRSSMiB  int     `json:"max_rss_mib,omitempty"`
	PlanMiB    float64 `json:"plan_mib,omitempty"`    // weights, keys and values, and workspace, as planned
	WeightsMiB float64 `json:"weights_mib,omitempty"` // of it
	KVMiB      float64 `json:"kv_mib,omitempty"`      // of it

	Cases []Case `json:"cases,omitempty"`
}

// Speed is work done in a second, and the bound of it. Arithmetic bounds the benchmarks that give GFLOPS, memory those that
// give GBPS. Fractions are absent where the backend cannot measure its bounds.
type Speed struct {
	GFLOPS       float64 `json:"gflops,omitempty"`
	GBPS         float64 `json:"gbps,omitempty"`
	PeakGFLOPS   float64 `json:"peak_gflops,omitempty"`
	PeakGBPS     float64 `json:"peak_gbps,omitempty"`
	PeakFraction float64 `json:"peak_fraction,omitempty"`
	CPUFraction  float64 `json:"cpu_peak_fraction,omitempty"`
}

// Case is one operation at one shape.
type Case struct {
	Name    string `json:"name"`
	Shape   string `json:"shape"`
	Seconds Spread `json:"seconds"`
	Speed
	CPUShare float64 `json:"cpu_share,omitempty"`
}

// Spread says how repetitions fell out, in seconds.
type Spread struct {
	Median      float64 `json:"median"`
	Min         float64 `json:"min"`
	Max         float64 `json:"max"`
	Repetitions int     `json:"repetitions"`
}

// sample is one repetition.
type sample struct {
	wall, cpu time.Duration // cpu: of all threads, 0 where the system does not say
}

// series is the repetitions of one piece of work.
type series []sample

// median is the sample with the median wall-clock time, the slower one of two.
func (s series) median() sample {
	sorted := slices.SortedFunc(slices.Values(s), func(a, b sample) int { return int(a.wall - b.wall) })
	return sorted[len(sorted)/2]
}

func (s series) spread() Spread {
	least, most := s[0].wall, s[0].wall
	for _, x := range s {
		least, most = min(least, x.wall), max(most, x.wall)
	}
	return Spread{s.median().wall.Seconds(), least.Seconds(), most.Seconds(), len(s)}
}

// share is the processor time of the median repetition as a fraction of what the threads could have had.
func (s series) share(threads int) float64 {
	m := s.median()
	if threads == 0 || m.wall == 0 {
		return 0
	}
	return m.cpu.Seconds() / (m.wall.Seconds() * float64(threads))
}

// arithmetic is the speed of work that arithmetic bounds. peak is 0 where it is not known.
func (s series) arithmetic(flops, peak float64, threads int) Speed {
	m := s.median()
	out := Speed{GFLOPS: flops / m.wall.Seconds() / 1e9}
	if peak > 0 {
		out.PeakGFLOPS, out.PeakFraction = peak/1e9, flops/m.wall.Seconds()/peak
		if m.cpu > 0 {
			out.CPUFraction = flops / m.cpu.Seconds() / (peak / float64(threads))
		}
	}
	return out
}

// traffic is the speed of work that memory bounds.
func (s series) traffic(bytes, peak float64) Speed {
	out := Speed{GBPS: bytes / s.median().wall.Seconds() / 1e9}
	if peak > 0 {
		out.PeakGBPS, out.PeakFraction = peak/1e9, 1e9*out.GBPS/peak
	}
	return out
}
