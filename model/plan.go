package model

import (
	"fmt"

	"tiebreak/tensor"
)

// Memory is what a model takes on a device, in bytes.
type Memory struct {
	Weights   int64 // matrices, norms and the rope table
	Workspace int64 // activations and logits
}

// Plan computes, before anything is loaded, what Load will take with these options. Weights that a backend reads in place
// count as well.
func Plan(c Config, src Source, opt Options) (Memory, error) {
	if err := opt.check(c); err != nil {
		return Memory{}, err
	}
	if err := CheckWeights(c, src); err != nil {
		return Memory{}, err
	}
	mem := Memory{Weights: int64(opt.Positions) * int64(c.HeadDim) * 4}
	head := c.headPart()
	shapes := c.Shapes()
	if !c.Tied {
		delete(shapes, head.name)
	}
	for name, shape := range shapes {
		n, err := opt.weightBytes(src, name, shape)
		if err != nil {
			return Memory{}, err
		}
		mem.Weights += n
	}
	rows := head.hi - head.lo
	if len(opt.Labels) > 0 {
		rows = len(opt.Labels)
	}
	if !c.Tied || len(opt.Labels) > 0 { // else the embeddings, counted above, are the head
		n, err := opt.weightBytes(src, head.name, tensor.Shape{rows, c.Hidden})
		if err != nil {
			return Memory{}, err
		}
		mem.Weights += n
	}
	mem.Workspace = int64(opt.Tokens+opt.Seqs)*bytesPerRow(c, opt.Compute) + int64(opt.Seqs)*int64(rows)*4
	return mem, nil
}

// weightBytes is what the named weight, or as many rows of it as shape has, takes once it is prepared.
func (o Options) weightBytes(src Source, name string, shape tensor.Shape) (int64, error) {
	t, err := src.Tensor(name)
	if err != nil {
		return 0, fmt.Errorf("model: plan: %w", err)
	}
	size := storedAs(o.Compute, []tensor.Tensor{t}).Size()
	if len(shape) == 1 {
		size = 4 // norms are F32
	}
	return int64(shape.Elements()) * int64(size), nil
}
