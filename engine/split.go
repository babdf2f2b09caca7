package engine

import (
	"cmp"
	"fmt"
	"slices"

	"tiebreak/backend"
	"tiebreak/model"
)

// Split says how an engine uses several devices. On one device all are the same.
type Split uint8

// The splits. Whatever the split, a prompt's logits have the bits that one device of this kind gives.
const (
	// Auto is Data where the model fits on each device. Else it is Tensor where the devices exchange data fast enough for
	// that to be hidden behind the computation, and Pipeline where they do not; or the one of them that fits.
	Auto Split = iota

	// Data puts the whole model on each device and divides the prompts.
	Data

	// Tensor divides each layer over two devices, with two passes under way: while one exchanges, the other computes.
	Tensor

	// Pipeline gives each device some of the layers, with as many passes under way as there are devices.
	Pipeline
)

var splitNames = []string{"auto", "data", "tensor", "pipeline"}

// String is the name of the split.
func (s Split) String() string { return splitNames[s] }

// MarshalText is the name of the split.
func (s Split) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSplit is the split of that name.
func ParseSplit(name string) (Split, error) {
	if i := slices.Index(splitNames, name); i >= 0 {
		return Split(i), nil
	}
	return 0, fmt.Errorf("engine: split: got %q, want auto, data, tensor or pipeline: %w", name, ErrOptions)
}

// inModel is the split as package model knows it.
func (s Split) inModel() model.Split {
	if s == Pipeline {
		return model.Pipeline
	}
	return model.Tensor
}

// inFlight is the number of passes under way at once.
func (s Split) inFlight(devices int) int {
	if s == Tensor {
		return min(devices, 2)
	}
	if s == Pipeline {
		return devices
	}
	return 1
}

// products is the rate of matrix products, in multiplications and additions a second, for which Auto weighs exchange
// against computation: two T4s, of 42·10¹² each in cuBLAS. Faster devices that need a split are served by Pipeline as well.
const products = 2 * 42e12

// hides reports whether the exchange of a tensor split takes clearly less time than the computation it can hide behind:
// for each token two [C] f32 in each layer cross the link in each direction. Two T4s on PCIe at 8 GB/s need 131 µs a token of
// LLaMA 3.1 8B for it, and 166 µs to compute it; a pipeline moves 8 kB instead of 1 MB. So Tensor wants a link twice as
// fast.
func hides(l backend.Link, c model.Config) bool {
	exchanged := 2 * 4 * float64(c.Layers) * float64(c.Hidden)
	weights := float64(c.Layers) * float64(c.Hidden) * float64(2*c.QDim()+2*c.KVDim()+3*c.FeedForward)
	return l.Speed() > 0 && exchanged/l.Speed() < 0.5*2*weights/products
}

// divide gives each of n devices prompts of about the same number of tokens: the longest first, each to the device that
// has the least so far (Graham 1969: at most 4/3 of the best division). It returns indices into lengths.
func divide(lengths []int, n int) [][]int {
	order := make([]int, len(lengths))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lengths[b], lengths[a]) })
	out, load := make([][]int, n), make([]int, n)
	for _, i := range order {
		least := slices.Index(load, slices.Min(load))
		out[least] = append(out[least], i)
		load[least] += lengths[i]
	}
	return out
}
