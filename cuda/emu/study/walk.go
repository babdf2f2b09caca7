package study

import (
	"fmt"
	"iter"

	"tiebreak/cuda/driver"
	"tiebreak/cuda/emu"
	"tiebreak/cuda/kernels"
	"tiebreak/cuda/ptx"
)

// Instant is one instruction that a warp has executed, and what it changed.
type Instant struct {
	Number    int       `json:"number"` // of instructions that the warp executed before it
	PTX       int       `json:"ptx_line"`
	Text      string    `json:"ptx"`
	Source    string    `json:"source,omitempty"` // "gemm.cuh:17"
	Code      string    `json:"code,omitempty"`   // that line of the source
	Active    uint32    `json:"active"`           // lanes on this path
	Executing uint32    `json:"executing"`        // those among them for which the guard held
	Written   []Value   `json:"written,omitempty"`
	Traffic   []Traffic `json:"traffic,omitempty"` // of a memory instruction; cp.async reads and writes

	step *emu.Step // through which registers are read; nil once the warp has ended
}

// Value is a register with its values after an instruction.
type Value struct {
	Register string           `json:"register"`
	Type     ptx.Type         `json:"-"`
	Values   [warpSize]uint64 `json:"-"`
	Text     string           `json:"values"`
}

// Walk runs the case and gives each instruction of one warp of one block of its kernel, after it has been executed. The run
// ends where the loop does. An error comes last.
func (c *Case) Walk(block [3]int, warp int) iter.Seq2[*Instant, error] {
	return func(yield func(*Instant, error) bool) {
		w := &walker{c: c, block: block, warp: warp, yield: yield}
		if err := w.run(); err != nil {
			yield(nil, err)
		}
	}
}

// walker is the observer of one warp.
type walker struct {
	c        *Case
	block    [3]int
	warp     int
	yield    func(*Instant, error) bool
	operands Operands

	now    *Instant         // executed, but its effect is seen at the next step only
	in     *ptx.Instruction // of now
	step   emu.Step         // the latest, through which registers are read
	number int
}

// stopped unwinds the emulator when the loop over a walk ends early.
type stopped struct{}

func (w *walker) run() (err error) {
	defer func() {
		switch r := recover(); r.(type) {
		case nil, stopped:
		default:
			panic(r)
		}
	}()
	tap := &Tap{Driver: emu.New(emu.Options{ComputeCapability: w.c.SM, Observer: w}), Launch: w.launch}
	if _, err := w.c.execute(tap); err != nil {
		return err
	}
	if w.now == nil {
		return fmt.Errorf("study: %s for %v: no warp %d in block %v ran", w.c.Kernel.Name, w.c.Shape, w.warp, w.block)
	}
	w.hand(nil) // the instruction that ended the warp
	return nil
}

func (w *walker) launch(name string, l driver.Launch) {
	if name == w.c.Kernel.Name {
		w.operands = w.c.operands(kernels.Find(name), l.Params)
	}
}

// Step hands out the instruction before, whose effect is known now.
func (w *walker) Step(s *emu.Step) {
	if s.Kernel != w.c.Kernel.Name || s.Block != w.block || s.Warp != w.warp {
		return
	}
	if w.now != nil {
		w.step = *s
		w.finish()
	}
	w.step, w.in = *s, s.Instruction
	w.now = &Instant{Number: w.number, PTX: s.Instruction.Line, Text: s.Text, Source: s.Source, Code: SourceLine(s.Source), Active: s.Active, Executing: s.Executing}
	w.number++
}

// Access notes what memory the instruction touches.
func (w *walker) Access(a *emu.Access) {
	if a.Kernel != w.c.Kernel.Name || a.Block != w.block || a.Warp != w.warp || w.now == nil {
		return
	}
	if t, ok := trafficOf(a); ok {
		t.Touched = w.operands.touched(&t)
		w.now.Traffic = append(w.now.Traffic, t)
	}
}

// finish completes the instant and hands it out.
func (w *walker) finish() {
	registers := w.step.Registers()
	for _, i := range written(w.in) {
		w.now.Written = append(w.now.Written, newValue(registers[i], w.step.Register(i)))
	}
	w.hand(&w.step)
}

// hand gives the instant to the loop over the walk.
func (w *walker) hand(step *emu.Step) {
	now := w.now
	now.step, w.now = step, nil
	if !w.yield(now, nil) {
		panic(stopped{})
	}
}

func newValue(r ptx.Register, v [warpSize]uint64) Value {
	return Value{Register: r.Name, Type: r.Type, Values: v, Text: show(r.Type, &v)}
}

// Registers are all registers of the kernel with their values after the instruction; valid until the walk goes
// on; none after the warp's last instruction.
func (i *Instant) Registers() []Value {
	if i.step == nil {
		return nil
	}
	var list []Value
	for n, r := range i.step.Registers() {
		list = append(list, newValue(r, i.step.Register(n)))
	}
	return list
}

// written lists the registers that an instruction writes: they are its first operand, but for those that write none.
func written(in *ptx.Instruction) []int {
	switch in.Op {
	case ptx.St, ptx.Red, ptx.Cp, ptx.Bra, ptx.Bar, ptx.Barrier, ptx.Exit, ptx.Ret, ptx.Trap, ptx.Fence, ptx.Membar, ptx.Prefetch, ptx.Nanosleep:
		return nil
	}
	return registersIn(in.Operands[:min(1, len(in.Operands))])
}

// registersIn lists the registers among operands.
func registersIn(operands []ptx.Operand) (list []int) {
	for _, o := range operands {
		if o.Kind == ptx.RegisterOperand && o.Register != ptx.NoRegister {
			list = append(list, o.Register)
		}
		list = append(list, registersIn(o.Elements)...)
	}
	return list
}
