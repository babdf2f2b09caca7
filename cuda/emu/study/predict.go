package study

import (
	"fmt"
	"time"

	"tiebreak/cuda/emu"
	"tiebreak/cuda/kernels"
)

// Work is what a launch does, in the terms of the predictions.
type Work struct {
	Counters emu.Counters // of the launch
	Threads  int          // of a block
	Shared   int          // bytes of dynamic shared memory of a block
	Least    int64        // bytes of global memory that must be moved if each is moved once
}

// Ceiling is one bound on the time of a launch.
type Ceiling struct {
	Name string        `json:"name"`
	Time time.Duration `json:"nanoseconds"`
}

// Prediction is what a simple model makes of a launch: the time is that of the slowest of its parts, as if all others were
// hidden behind it.
type Prediction struct {
	GPU       string        `json:"gpu"`
	Time      time.Duration `json:"nanoseconds"`
	Bound     string        `json:"bound"` // the ceiling that is reached
	Occupancy Occupancy     `json:"occupancy"`
	Waves     float64       `json:"waves"`    // rounds in which the multiprocessors take the blocks
	Ceilings  []Ceiling     `json:"ceilings"` // in a fixed order
}

// The model's two constants about latency. An arithmetic instruction's result can be used after 4 cycles on all of these
// devices, and about every second instruction needs the one before it.
const (
	issueGap   = 2  // cycles between two instructions of a warp, in the mean
	schedulers = 4  // of a multiprocessor; each issues an instruction a cycle
	l2PerCycle = 64 // bytes a cycle that a multiprocessor can take from the second-level cache
)

// Predict applies the model to a device. ok is false if the kernel has no machine code for it.
func (g *GPU) Predict(k kernels.Kernel, w Work) (p Prediction, ok bool) {
	r, ok := Resources(k, g.Arch)
	if !ok {
		return p, false
	}
	p = Prediction{GPU: g.Name, Occupancy: g.Occupancy(r, w.Threads, w.Shared)}
	resident := g.SMs * p.Occupancy.Blocks
	p.Waves = float64(w.Counters.Blocks) / float64(max(resident, 1))
	for _, c := range g.ceilings(&w, p) {
		p.Ceilings = append(p.Ceilings, c)
		if c.Time > p.Time {
			p.Time, p.Bound = c.Time, c.Name
		}
	}
	return p, true
}

// ceilings are the bounds. Those of the multiprocessors assume that the busiest of them has ceil(blocks/SMs) blocks to do;
// those of the memory system that all bytes pass at the full rate.
func (g *GPU) ceilings(w *Work, p Prediction) []Ceiling {
	c := &w.Counters
	blocks := max(c.Blocks, 1)
	share := float64(ceil(int(blocks), g.SMs)) / float64(blocks) // of all work, that of the busiest multiprocessor
	at := func(name string, cycles float64) Ceiling { return Ceiling{name, seconds(cycles * share / g.Clock)} }

	n := c.Instructions
	sectors := float64(32 * (c.ReadSectors + c.WriteSectors))
	lanes := func(count int64, lanes int) float64 { return float64(count) * warpSize / float64(lanes) }
	warps := min(float64(p.Occupancy.Warps), float64(ceil(w.Threads, warpSize))*float64(ceil(int(blocks), g.SMs)))
	return []Ceiling{
		{"tensor cores", seconds(float64(c.MMAFlops) * share * float64(g.SMs) / g.Matrix)},
		at("issue slots", float64(c.Total())*max(1.0/schedulers, issueGap/max(warps, 1))),
		at("float lanes", lanes(n[emu.Float]+n[emu.Half], g.Float)),
		at("integer lanes", lanes(n[emu.Integer], g.Integer)),
		at("special lanes", lanes(n[emu.Special]+n[emu.Convert], g.Special)),
		at("shared memory", float64(c.SharedAccesses+c.SharedConflicts)),
		{"L2", max(seconds(sectors/g.L2), at("", sectors/l2PerCycle).Time)},
		{"memory", seconds(float64(w.Least) / g.Bandwidth)},
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * 1e9) }

// Intensity is the flops of tensor cores for each byte that must be moved.
func (w *Work) Intensity() float64 { return float64(w.Counters.MMAFlops) / float64(max(w.Least, 1)) }

// Second is the highest ceiling below the one that is reached.
func (p *Prediction) Second() (next Ceiling) {
	for _, c := range p.Ceilings {
		if c.Name != p.Bound && c.Time >= next.Time {
			next = c
		}
	}
	return next
}

// String gives the time and what bounds it.
func (p Prediction) String() string {
	return fmt.Sprintf("%-4s  %9s  %-13s  %s, %.2f waves", p.GPU, Microseconds(p.Time), p.Bound, p.Occupancy, p.Waves)
}

// Microseconds prints a time in microseconds.
func Microseconds(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d)/1e3) }

// Work is what the run measured.
func (r *Run) Work() Work {
	return Work{Counters: r.Counters.Counters, Threads: r.Launch.Kernel.Block, Shared: r.Launch.Shared, Least: r.Case.LeastBytes()}
}

// Predictions applies the model to all devices that have machine code for the kernel.
func (r *Run) Predictions() (list []Prediction) {
	for i := range GPUs {
		if p, ok := GPUs[i].Predict(r.Launch.Kernel, r.Work()); ok {
			list = append(list, p)
		}
	}
	return list
}
