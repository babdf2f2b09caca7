package model

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"tiebreak/tensor"
)

// storedAs is the element type that a stack of weights has on the device.
func storedAs(compute tensor.DType, stack []tensor.Tensor) tensor.DType {
	if compute != tensor.F32 {
		return compute
	}
	for _, t := range stack {
		if t.DType != stack[0].DType {
			return tensor.F32 // parts of different types meet in the one that holds them all
		}
	}
	return stack[0].DType
}

// roundTo converts a weight to another type, on all cores: a checkpoint of 8 billion weights is rounded in seconds, not a
// minute. Values that F16 cannot hold are an error, since they would become infinite.
func roundTo(d tensor.DType, t tensor.Tensor) (tensor.Tensor, error) {
	if t.DType == d {
		return t, nil
	}
	out := tensor.New(d, t.Shape...)
	var found []overflow
	var errs []error
	var mu sync.Mutex
	inRows(t.Shape[0], func(lo, hi int) {
		over, err := roundRows(out.Rows(lo, hi), t.Rows(lo, hi))
		mu.Lock()
		defer mu.Unlock()
		found, errs = append(found, over), append(errs, err)
	})
	if err := errors.Join(errs...); err != nil {
		return tensor.Tensor{}, err
	}
	var all overflow
	for _, o := range found {
		all = overflow{all.count + o.count, max(all.largest, o.largest)}
	}
	if all.count > 0 {
		return tensor.Tensor{}, fmt.Errorf("round %s to F16: got %d values up to %.6g, want magnitudes below %d: use BF16 or F32 arithmetic",
			t.Describe(), all.count, all.largest, tensor.F16MaxFinite+16)
	}
	return out, nil
}

// inRows calls f for ranges that cover n rows, on all cores.
func inRows(n int, f func(lo, hi int)) {
	step := max(1, (n+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for lo := 0; lo < n; lo += step {
		wg.Go(func() { f(lo, min(n, lo+step)) })
	}
	wg.Wait()
}

// overflow tells of values that F16 cannot hold.
type overflow struct {
	count   int
	largest float32
}

// roundRows converts src into dst, of the same shape.
func roundRows(dst, src tensor.Tensor) (overflow, error) {
	var over overflow
	var err error
	if dst.DType == tensor.F16 {
		if over.count, over.largest, err = tensor.Overflows(src); err != nil {
			return over, err
		}
	}
	converted, err := src.Convert(dst.DType)
	copy(dst.Data, converted.Data)
	return over, err
}
