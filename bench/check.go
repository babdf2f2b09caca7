package bench

import (
	"errors"
	"fmt"
	"math"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// ErrWrong is matched by the error of a benchmark that was not run because the operation computes something else than the
// reference does.
var ErrWrong = errors.New("not timed, because its result is wrong")

// Extents of the cases: more than one tile of every kernel, and a part of one behind it.
const (
	checkTokens = 27
	checkRows   = 202 // of a weight
	checkDepth  = 1056
	checkPast   = 150
	checkNew    = 70
)

// trial computes one operation on a backend and returns its result.
type trial func(o *operands) backend.Tensor

// check runs a trial on both backends and compares.
func (r *Runner) check(op string, run trial) error {
	got, err := try(r.Backend, run)
	if err == nil {
		var want tensor.Tensor
		if want, err = try(r.Reference, run); err == nil {
			err = compare(got, want)
		}
	}
	if err != nil {
		return fmt.Errorf("bench: %s on %s (%s): %w", op, r.Backend.Device().ID, r.Backend.Device().Detail, err)
	}
	return nil
}

// try runs a trial on one backend.
func try(be backend.Backend, run trial) (tensor.Tensor, error) {
	o := &operands{be: be}
	defer o.free()
	t := run(o)
	if o.err != nil {
		return tensor.Tensor{}, o.err
	}
	host := tensor.New(t.DType, t.Rows, t.Cols)
	return host, be.Download(host, t)
}

// compare allows four units in the last place of the result's type at the largest magnitude, and 2⁻¹³ of it for sums in
// another order. Wrong operands, tiles or masks lead to errors of the magnitude itself.
func compare(got, want tensor.Tensor) error {
	g, err := got.Float32s()
	if err != nil {
		return err
	}
	w, err := want.Float32s()
	if err != nil {
		return err
	}
	var largest float64
	for _, v := range w {
		largest = max(largest, math.Abs(float64(v)))
	}
	digits := map[tensor.DType]int{tensor.F32: 23, tensor.BF16: 7, tensor.F16: 10}[want.DType]
	tolerance := largest * (4*math.Ldexp(1, -digits) + math.Ldexp(1, -13))
	for i := range w {
		if d := math.Abs(float64(g[i]) - float64(w[i])); !(d <= tolerance) {
			cols := want.Shape[1]
			return fmt.Errorf("%w: %s at [%d,%d]: got %v, want %v ± %.3g", ErrWrong, want.Describe(), i/cols, i%cols, g[i], w[i], tolerance)
		}
	}
	return nil
}

// checkProducts checks MatMul and GatedMatMul.
func (r *Runner) checkProducts(compute, weights tensor.DType) error {
	x := noise(compute, checkTokens, checkDepth, 1)
	w := noise(weights, checkRows, checkDepth, unit(checkDepth))
	err := r.check(fmt.Sprintf("matmul of %v by %v", compute, weights), func(o *operands) backend.Tensor {
		dst := o.empty(compute, checkTokens, checkRows)
		if a, b := o.put(x), o.weight(backend.ForMatMul, w); o.err == nil {
			o.be.MatMul(dst, a, b, backend.Epilogue{})
		}
		return dst
	})
	if err != nil {
		return err
	}
	return r.check(fmt.Sprintf("gated_matmul of %v by %v", compute, weights), func(o *operands) backend.Tensor {
		dst := o.empty(compute, checkTokens, checkRows/2)
		if a, b := o.put(x), o.weight(backend.ForGated, w); o.err == nil {
			o.be.GatedMatMul(dst, a, b)
		}
		return dst
	})
}

// checkAttention checks Attention of one key/value head and the queries that read it.
func (r *Runner) checkAttention(g Geometry, compute tensor.DType, window int) error {
	g.Heads, g.KVHeads = g.Heads/g.KVHeads, 1
	if window > 0 {
		window = min(window, checkPast)
	}
	return r.check(fmt.Sprintf("attention of %d heads of %d in %v", g.Heads, g.HeadDim, compute), func(o *operands) backend.Tensor {
		a := newAttention(o, g, checkPast, checkNew, window, compute)
		if o.err == nil {
			a.run(o.be)
			o.err = o.be.Sync()
			a.batch.Free(o.be)
		}
		return a.dst
	})
}

// checkNorm checks RMSNorm.
func (r *Runner) checkNorm(compute tensor.DType, hidden int) error {
	x, add, w := noise(tensor.F32, checkTokens, hidden, 1), noise(tensor.F32, checkTokens+1, hidden, 1).Rows(1, checkTokens+1), noise(tensor.F32, 1, hidden, 1)
	return r.check(fmt.Sprintf("rms_norm to %v", compute), func(o *operands) backend.Tensor {
		dst := o.empty(compute, checkTokens, hidden)
		if a, b, c := o.put(x), o.put(add), o.put(w); o.err == nil {
			o.be.RMSNorm(dst, a, b, c, 1e-5)
		}
		return dst
	})
}

// checkRope checks Rope.
func (r *Runner) checkRope(compute tensor.DType, size int) error {
	x, table := noise(compute, checkTokens, 3*size, 1), noise(tensor.F32, checkTokens, size, 0.5)
	return r.check(fmt.Sprintf("rope of heads of %d in %v", size, compute), func(o *operands) backend.Tensor {
		dst, t := o.put(x), o.put(table)
		pos := o.empty(tensor.I32, checkTokens, 1)
		if o.err == nil {
			at := make([]int32, checkTokens)
			for i := range at {
				at[i] = int32(checkTokens - 1 - i)
			}
			o.be.Upload(pos, tensor.FromInt32(at, checkTokens, 1))
			o.be.Rope(dst, pos, t)
		}
		return dst
	})
}
