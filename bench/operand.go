package bench

import (
	"math"
	"math/rand/v2"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// operands allocates on a backend and gives everything back at once.
type operands struct {
	be      backend.Backend
	tensors []backend.Tensor
	weights []backend.Weight
	err     error // the first one; nothing is done after it
}

func (o *operands) free() {
	for _, t := range o.tensors {
		o.be.Free(t)
	}
	for _, w := range o.weights {
		w.Free()
	}
}

// empty reserves a tensor.
func (o *operands) empty(d tensor.DType, rows, cols int) backend.Tensor {
	if o.err != nil {
		return backend.Tensor{}
	}
	t, err := o.be.Alloc(d, rows, cols)
	if o.err = err; err == nil {
		o.tensors = append(o.tensors, t)
	}
	return t
}

// put uploads a host matrix.
func (o *operands) put(host tensor.Tensor) backend.Tensor {
	t := o.empty(host.DType, host.Shape[0], host.Shape[1])
	if o.err == nil {
		o.be.Upload(t, host)
	}
	return t
}

// weight prepares a host matrix.
func (o *operands) weight(use backend.Use, host tensor.Tensor) backend.Weight {
	if o.err != nil {
		return nil
	}
	w, err := o.be.Weight(use, host)
	if o.err = err; err == nil {
		o.weights = append(o.weights, w)
	}
	return w
}

// noise is a matrix of normally distributed values with the given deviation. A large one repeats itself after a while: it
// is for work whose time does not depend on values, zeros excepted, which some processors compute with less power.
func noise(d tensor.DType, rows, cols int, deviation float64) tensor.Tensor {
	const period = 1<<16 + 1 // odd, so that rows differ
	random := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	v := make([]float32, min(period, rows*cols))
	for i := range v {
		v[i] = float32(deviation * random.NormFloat64())
	}
	some, err := tensor.FromFloat32(v, len(v)).Convert(d)
	if err != nil {
		panic(err) // d is one of the float types that backends compute in
	}
	out := tensor.New(d, rows, cols)
	for n := 0; n < len(out.Data); {
		n += copy(out.Data[n:], some.Data)
	}
	return out
}

// unit is the deviation of weights whose products with K values near 1 are near 1.
func unit(k int) float64 { return 1 / math.Sqrt(float64(k)) }
