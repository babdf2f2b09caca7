package bench

import (
	"context"
	"errors"
	"time"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// Limits is what a backend offers that can measure the bounds of the machine with its own code, on its own threads. Package
// cpu's does.
type Limits interface {
	// Peak measures once the floating-point operations per second of products whose operands have a type and lie in the
	// nearest cache.
	Peak(operands tensor.DType) float64
	// ReadSpeed measures the bytes per second that can be read from memory.
	ReadSpeed() (float64, error)
	// Threads is the number of goroutines that compute.
	Threads() int
}

// Runner measures on one backend.
type Runner struct {
	Backend     backend.Backend
	Reference   backend.Backend // defines what is correct; a different one, such as cpu's plain Go
	Repetitions int             // 1 or more; the first run of anything comes before and is not counted
	Version     string          // of the program, for the result
}

// New makes a runner with the usual number of repetitions.
func New(be, reference backend.Backend, version string) *Runner {
	return &Runner{Backend: be, Reference: reference, Repetitions: 5, Version: version}
}

// result is the part of a Result that all benchmarks share.
func (r *Runner) result(benchmark string, compute tensor.DType) Result {
	d := r.Backend.Device()
	return Result{Benchmark: benchmark, Version: r.Version, Device: d.ID, Processor: d.Name, Detail: d.Detail,
		DType: compute.String(), Threads: r.threads()}
}

// threads is the number of threads that compute, 0 where that means nothing.
func (r *Runner) threads() int {
	if l, ok := r.Backend.(Limits); ok {
		return l.Threads()
	}
	return 0
}

// peakBursts is how often the peak is measured beside each repetition: it takes a millisecond, and only the best counts.
const peakBursts = 8

// leastSample is how long a repetition lasts: shorter work is done several times in it, since systems count processor time
// in steps of milliseconds.
const leastSample = 50 * time.Millisecond

// repeat runs work to warm up and then in Repetitions samples. Beside each it looks for the peak of products of the operand
// type, 0 where the backend cannot tell.
func (r *Runner) repeat(ctx context.Context, operands tensor.DType, work func() error) (all series, peak float64, err error) {
	if r.Repetitions < 1 {
		return nil, 0, errors.New("bench: repeat: got 0 repetitions, want 1 or more")
	}
	times := 1
	for i := range r.Repetitions + 1 {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		peak = max(peak, r.peak(operands))
		s, err := timed(times, work)
		if err != nil {
			return nil, 0, err
		}
		if i == 0 {
			times = 1 + int(leastSample/(s.wall+1))
			continue
		}
		all = append(all, s)
	}
	return all, peak, nil
}

// timed runs work n times and gives the time of one.
func timed(n int, work func() error) (sample, error) {
	cpu, start := cpuTime(), time.Now()
	for range n {
		if err := work(); err != nil {
			return sample{}, err
		}
	}
	return sample{time.Since(start) / time.Duration(n), (cpuTime() - cpu) / time.Duration(n)}, nil
}

// peak is the best of some bursts.
func (r *Runner) peak(operands tensor.DType) (best float64) {
	l, ok := r.Backend.(Limits)
	if !ok {
		return 0
	}
	for range peakBursts {
		best = max(best, l.Peak(operands))
	}
	return best
}

// readSpeed is 0 where the backend cannot tell.
func (r *Runner) readSpeed() (float64, error) {
	if l, ok := r.Backend.(Limits); ok {
		return l.ReadSpeed()
	}
	return 0, nil
}
