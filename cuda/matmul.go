package cuda

import (
	"fmt"

	"tiebreak/backend"
	"tiebreak/cuda/driver"
	"tiebreak/cuda/kernels"
	"tiebreak/tensor"
)

// MatMul computes dst = x · Wᵀ; see backend.Backend.
func (b *Backend) MatMul(dst, x backend.Tensor, w backend.Weight, ep backend.Epilogue) {
	backend.CheckMatMul(dst, x, w, ep)
	output := kernels.Store
	switch {
	case ep.Add:
		output = kernels.AddFloat
	case dst.DType == tensor.F32:
		output = kernels.StoreFloat
	}
	b.product("gemm_", dst, x, prepared(w, backend.ForMatMul), output)
}

// GatedMatMul computes dst = silu(x · gateᵀ) * (x · upᵀ); see backend.Backend.
func (b *Backend) GatedMatMul(dst, x backend.Tensor, w backend.Weight) {
	backend.CheckGatedMatMul(dst, x, w)
	b.product("gated_gemm_", dst, x, prepared(w, backend.ForGated), kernels.Store)
}

// prepared is the matrix of a weight, which must have been prepared for that use.
func prepared(w backend.Weight, use backend.Use) backend.Tensor {
	own := w.(*weight)
	if own.use&use == 0 {
		panic(fmt.Sprintf("cuda: weight %v was prepared for uses %03b, not for %03b", own.table, own.use, use))
	}
	return own.table
}

func (b *Backend) product(op string, dst, x, matrix backend.Tensor, output kernels.Output) {
	if dst.Rows == 0 || dst.Cols == 0 {
		return
	}
	if matrix.DType != x.DType {
		panic(fmt.Sprintf("cuda: %s: weight %v for activations %v, want one type", op, matrix, x))
	}
	k := b.tile(op+b.generation(x.DType), dst, x, matrix)
	grid := driver.Dim{X: ceil(dst.Rows, k.Rows), Y: ceil(dst.Cols, k.Cols)}
	b.launch(k.Name, grid, 0, kernels.GemmParams{
		Dst: pointer(dst), X: pointer(x), W: pointer(matrix),
		M: int32(dst.Rows), N: int32(dst.Cols), K: int32(x.Cols),
		LdDst: int32(dst.Stride), LdX: int32(x.Stride), LdW: int32(matrix.Stride),
		Output: output, Scale: 1,
	})
}

// tile chooses the variant of a product: for x or W whose rows are not aligned the one that takes any; for few rows the
// lowest tile; else the widest of which there are enough to give each multiprocessor one.
func (b *Backend) tile(module string, dst, x, w backend.Tensor) kernels.Kernel {
	variants := kernels.OfModule(module)
	aligned := vectors(x) && vectors(w)
	var choice kernels.Kernel
	for _, v := range variants { // the widest tile first
		if v.Unaligned == aligned {
			continue
		}
		choice = v
		if !aligned {
			break
		}
		wide := dst.Rows > v.Rows/2 && ceil(dst.Rows, v.Rows)*ceil(dst.Cols, v.Cols) >= b.device.Multiprocessors
		if wide || v.Rows <= 64 && dst.Rows > 16 {
			break
		}
	}
	return choice
}

// vectors reports whether every row of t can be read in pieces of 16 bytes, eight elements.
func vectors(t backend.Tensor) bool {
	return pointer(t)%16 == 0 && t.Stride%8 == 0 && t.Cols%8 == 0
}

func ceil(n, step int) int { return (n + step - 1) / step }
