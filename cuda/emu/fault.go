package emu

import (
	"fmt"
	"strings"

	"tiebreak/cuda/driver"
)

// Fault is what a thread of a kernel did wrong. Its text is the Detail of the driver.Error that the launch returns.
type Fault struct {
	Code    driver.Code
	Problem string // what, with address and allocation
	PTX     string // "gemm_f16_sm75.ptx:120"
	Source  string // "gemm_f16.cu:17"; "" if the PTX was compiled without line numbers
	Text    string // the instruction
	Block   [3]int // %ctaid
	Thread  [3]int // %tid
	Warp    int
	Lane    int
}

// String says it all on one line.
func (f *Fault) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; at %s", f.Problem, f.PTX)
	if f.Source != "" {
		fmt.Fprintf(&b, " (%s)", f.Source)
	}
	fmt.Fprintf(&b, " `%s`, block (%d,%d,%d), thread (%d,%d,%d), warp %d lane %d", f.Text, f.Block[0], f.Block[1], f.Block[2],
		f.Thread[0], f.Thread[1], f.Thread[2], f.Warp, f.Lane)
	return b.String()
}

// report ends the block with a fault of one lane.
func (b *block) report(w *warp, o *op, lane int, code driver.Code, format string, args ...any) {
	if b.fault != nil {
		return
	}
	p := b.grid.prog
	b.fault = &Fault{
		Code: code, Problem: fmt.Sprintf(format, args...),
		PTX: fmt.Sprintf("%s:%d", p.mod.ptx.Name, o.in.Line), Source: p.source(o), Text: p.kernel.Text(o.in),
		Block: b.id, Thread: b.grid.thread(w.index*warpSize + lane), Warp: w.index, Lane: lane,
	}
}

// hang reports a loop that does not seem to end.
func (w *warp) hang(o *op) {
	w.block.report(w, o, firstLane(w.active), driver.LaunchTimeout, "the warp took %d backward branches: the loop does not end",
		w.turns-1)
}

// runTrap ends the launch because the kernel asks for it.
func runTrap(w *warp, o *op, mask uint32) {
	w.block.report(w, o, firstLane(mask), driver.LaunchFailed, "the kernel executed trap")
}
