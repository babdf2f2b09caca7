package study

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"tiebreak/backend"
	"tiebreak/cuda"
	"tiebreak/cuda/driver"
	"tiebreak/cuda/emu"
	"tiebreak/cuda/kernels"
)

// Case is one call of an operation that makes the backend launch a certain kernel, on random operands.
type Case struct {
	Kernel kernels.Kernel
	Shape  Shape  // complete
	SM     int    // compute capability of the emulated device: 75 or 80
	Seed   uint64 // of the operands
	Float  bool   // MatMul: the result is f32, as the residual stream wants it
	family *family
}

// NewCase makes a case. Letters that the shape leaves out get usual values. sm 0 is the least architecture that the kernel
// runs on. Errors are those of a user: an unknown kernel, letter or architecture.
func NewCase(kernel string, shape Shape, sm int) (*Case, error) {
	at := slices.IndexFunc(kernels.Table, func(k kernels.Kernel) bool { return k.Name == kernel })
	if at < 0 {
		return nil, fmt.Errorf("study: no kernel %q%s; `tiebreak ptx list` has them all", kernel, alike(kernel))
	}
	c := &Case{Kernel: kernels.Table[at], SM: sm}
	c.family = familyOf(c.Kernel)
	if c.SM == 0 {
		c.SM = c.leastSM()
	}
	if (c.SM != 75 && c.SM != 80) || c.SM < c.leastSM() || !slices.Contains(kernels.Modules(c.SM), c.Kernel.Module) {
		return nil, fmt.Errorf("study: %s: got compute capability %d, want one that is emulated (75, 80) and runs %s", kernel, sm, c.Kernel.Module)
	}
	extents := slices.Clone(c.family.extents)
	for i := range extents {
		extents[i].fit(c.Kernel)
	}
	var err error
	if c.Shape, err = shape.complete(kernel, extents); err != nil {
		return nil, err
	}
	if h, g := c.Shape["H"], c.Shape["G"]; g > 0 && h > 0 && h%g != 0 {
		return nil, fmt.Errorf("study: %s: got H=%d and G=%d, want H a multiple of G", kernel, h, g)
	}
	return c, nil
}

// leastSM is the least architecture on which the backend launches the kernel: activations are bf16 from 80 on.
func (c *Case) leastSM() int {
	if strings.HasSuffix(c.Kernel.Name, "_bf16") && c.family.operation != "Gather" {
		return 80
	}
	return kernels.Target(c.Kernel.Module)
}

// alike names some kernels whose names begin with, or else contain, the text, for an error.
func alike(text string) string {
	var found []string
	for _, match := range []func(s, part string) bool{strings.HasPrefix, strings.Contains} {
		for _, k := range kernels.Table {
			if len(found) < 4 && match(k.Name, text) && !slices.Contains(found, k.Name) {
				found = append(found, k.Name)
			}
		}
	}
	if len(found) == 0 || text == "" {
		return ""
	}
	return " (did you mean " + strings.Join(found, ", ") + "?)"
}

// LeastBytes is how many bytes of global memory must be moved if each is moved once.
func (c *Case) LeastBytes() int64 { return c.family.least(c) }

// Operation names the method of backend.Backend that launches the kernel.
func (c *Case) Operation() string { return c.family.operation }

// Launch is one launch of a kernel.
type Launch struct {
	Kernel      kernels.Kernel
	Grid, Block driver.Dim
	Shared      int      // bytes of dynamic shared memory
	Operands    Operands // the matrices it was given
}

// Run is what a case did.
type Run struct {
	Case     *Case
	Launch   Launch             // of the kernel that the case is about
	Counters emu.KernelCounters // of that launch
	Others   []string           // other kernels that the operation launched
}

// Run executes the case with all checks and counters on.
func (c *Case) Run() (*Run, error) {
	d := emu.New(emu.Options{ComputeCapability: c.SM, Counters: true})
	launches, err := c.execute(d)
	if err != nil {
		return nil, err
	}
	r := &Run{Case: c}
	r.take(launches, d)
	return r, nil
}

// take fills in what a driver has done.
func (r *Run) take(launches []Launch, d *emu.Driver) {
	for _, l := range launches {
		if l.Kernel.Name == r.Case.Kernel.Name {
			r.Launch = l
		} else {
			r.Others = append(r.Others, l.Kernel.Name)
		}
	}
	for _, k := range d.Counters() {
		if k.Kernel == r.Case.Kernel.Name {
			r.Counters = k
		}
	}
}

// execute makes the operands, calls the operation and returns the launches.
func (c *Case) execute(d driver.Driver) (launches []Launch, err error) {
	tap := &Tap{Driver: d, Multiprocessors: c.multiprocessors()}
	tap.Launch = func(name string, l driver.Launch) {
		k := kernels.Find(name)
		launches = append(launches, Launch{k, l.Grid.Full(), l.Block.Full(), l.Shared, c.operands(k, l.Params)})
	}
	be, err := cuda.Open(tap, 0, "emu:0")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, be.Close()) }()
	if err := c.call(be); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(launches, func(l Launch) bool { return l.Kernel.Name == c.Kernel.Name }) {
		return nil, c.another(launches)
	}
	return launches, nil
}

// call runs the operation on a backend.
func (c *Case) call(be backend.Backend) error {
	b := &bench{be: be, rng: rand.New(rand.NewPCG(c.Seed, 1))}
	c.family.run(b, c)
	if b.err != nil {
		return fmt.Errorf("study: %s for %v: %w", c.Kernel.Name, c.Shape, b.err)
	}
	if err := be.Sync(); err != nil {
		return fmt.Errorf("study: %s for %v: %w", c.Kernel.Name, c.Shape, err)
	}
	return nil
}

// multiprocessors is the number that makes the backend choose the variant: it prefers the widest tile of which there is one
// for each multiprocessor.
func (c *Case) multiprocessors() int {
	if c.Kernel.Rows >= 128 {
		return 1
	}
	return 1 << 30
}

// Misfit is a shape for which the backend does not launch the kernel of a case. It is a mistake of the user.
type Misfit struct {
	Kernel, Operation string
	Shape             Shape
	Launched          []string // instead
	Hint              string
}

// Error says which kernels were launched and what the one asked for wants.
func (m *Misfit) Error() string {
	text := fmt.Sprintf("study: %s: for %v %s launches %s", m.Kernel, m.Shape, m.Operation, strings.Join(m.Launched, " and "))
	if m.Hint != "" {
		text += ": " + m.Hint
	}
	return text
}

// another says that the backend chose other kernels.
func (c *Case) another(launches []Launch) error {
	m := &Misfit{Kernel: c.Kernel.Name, Operation: c.family.operation, Shape: c.Shape, Hint: c.family.hint}
	for _, l := range launches {
		m.Launched = append(m.Launched, l.Kernel.Name)
	}
	return m
}
