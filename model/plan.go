package model

import (
	"fmt"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// Memory is what a model takes on a device, in bytes.
type Memory struct {
	Weights   int64 // matrices, norms and the rope table
	Workspace int64 // activations and logits of all passes in flight
	KVPage    int64 // keys and values of one page in all layers of the device
}

// Plan computes, before anything is loaded, what Load will take with these options. Weights that a backend reads in place
// count as well.
func Plan(c Config, src Source, opt Options) (Memory, error) {
	all, err := PlanSplit(1, Tensor, c, src, opt)
	if err != nil {
		return Memory{}, err
	}
	return all[0], nil
}

// PlanSplit computes what LoadSplit will take on each of a number of devices.
func PlanSplit(devices int, split Split, c Config, src Source, opt Options) ([]Memory, error) {
	if err := opt.check(c); err != nil {
		return nil, err
	}
	opt.InFlight = max(opt.InFlight, 1)
	shares, err := c.shares(split, devices, 1, c.outputs(opt.Labels))
	if err != nil {
		return nil, err
	}
	if err := CheckWeights(c, src); err != nil {
		return nil, err
	}
	out := make([]Memory, devices)
	for i, s := range shares {
		if out[i], err = s.plan(c, src, opt); err != nil {
			return nil, fmt.Errorf("model: plan: %w", err)
		}
	}
	return out, nil
}

// plan adds up what a device will hold.
func (s share) plan(c Config, src Source, opt Options) (Memory, error) {
	mem := Memory{Weights: int64(opt.Positions) * int64(c.HeadDim) * 4, KVPage: s.local(c).KVBytes(opt.Compute)}
	var err error
	add := func(parts ...part) {
		if n, e := opt.weightBytes(src, parts); e != nil {
			err = e
		} else {
			mem.Weights += n
		}
	}
	if s.first {
		add(c.embedPart())
	}
	if s.last {
		add(c.normPart())
		if !s.both(c, opt.Labels) {
			add(c.headRows(opt.Labels, s.own.out)...)
		}
	}
	for i := s.layers.lo; i < s.layers.hi; i++ {
		l := s.of(c, c.partsOf(i))
		add(l.inputNorm)
		add(l.postNorm)
		add(l.gateUp...)
		for j := range l.o {
			add(l.o[j])
			add(l.down[j])
		}
		if i == c.Layers-1 {
			add(l.q...)
			add(l.kv...)
		} else {
			add(append(l.q[:len(l.q):len(l.q)], l.kv...)...)
		}
	}
	new(slot).each(s.local(c), opt, s.outputs(), func(_ *backend.Tensor, d tensor.DType, rows, cols int) {
		mem.Workspace += int64(opt.InFlight) * int64(rows) * int64(cols) * int64(d.Size())
	})
	return mem, err
}

// weightBytes is what a stack of parts takes once it is prepared.
func (o Options) weightBytes(src Source, parts []part) (n int64, err error) {
	stack := make([]tensor.Tensor, len(parts))
	for i, p := range parts {
		if stack[i], err = src.Tensor(p.name); err != nil {
			return 0, err
		}
	}
	if len(parts) == 0 {
		return 0, nil
	}
	size := storedAs(o.Compute, stack).Size()
	if len(parts[0].shape) == 1 {
		size = 4 // norms are F32
	}
	for _, p := range parts {
		n += int64(p.size().Elements()) * int64(size)
	}
	return n, nil
}
