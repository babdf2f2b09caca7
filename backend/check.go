package backend

import (
	"fmt"

	"tiebreak/tensor"
)

// The checks below are the preconditions of the operations, shared by all backends: each panics with the operation's name
// and the shapes it got when a caller in this project broke its promise. The message is made only then: operations run
// thousands of times a second and should allocate nothing.

// CheckGather panics unless the operands of Gather fit together.
func CheckGather(dst, src, rows Tensor) {
	ok := dst.Cols == src.Cols && rows.Rows == dst.Rows && rows.Cols == 1 && rows.DType == tensor.I32
	if !ok || !dst.DType.IsFloat() || !src.DType.IsFloat() {
		misfit("gather", dst, src, rows)
	}
}

// CheckRMSNorm panics unless the operands of RMSNorm fit together.
func CheckRMSNorm(dst, x, add, w Tensor) {
	ok := sameSize(dst, x) && x.DType == tensor.F32 && w.DType == tensor.F32 && w.Rows == 1 && w.Cols == x.Cols
	if !ok || !add.Zero() && (!sameSize(add, x) || add.DType != tensor.F32) {
		misfit("rms_norm", dst, x, add, w)
	}
}

// CheckMatMul panics unless the operands of MatMul fit together.
func CheckMatMul(dst, x Tensor, w Weight, ep Epilogue) {
	ok := dst.Rows == x.Rows && dst.Cols == w.Rows() && x.Cols == w.Cols()
	ok = ok && (dst.DType == x.DType || dst.DType == tensor.F32) && (!ep.Add || dst.DType == tensor.F32)
	if !ok {
		misfit(fmt.Sprintf("matmul with weight %v [%d,%d]", w.DType(), w.Rows(), w.Cols()), dst, x)
	}
}

// CheckGatedMatMul panics unless the operands of GatedMatMul fit together.
func CheckGatedMatMul(dst, x Tensor, w Weight) {
	ok := dst.Rows == x.Rows && 2*dst.Cols == w.Rows() && x.Cols == w.Cols() && dst.DType == x.DType
	if !ok {
		misfit(fmt.Sprintf("gated_matmul with weight %v [%d,%d]", w.DType(), w.Rows(), w.Cols()), dst, x)
	}
}

// CheckRope panics unless the operands of Rope fit together.
func CheckRope(x, pos, table Tensor) {
	ok := table.DType == tensor.F32 && table.Cols > 0 && table.Cols%2 == 0 && x.Cols%table.Cols == 0
	if !ok || pos.DType != tensor.I32 || pos.Rows != x.Rows {
		misfit("rope", x, pos, table)
	}
}

// CheckStoreKV panics unless the operands of StoreKV fit together.
func CheckStoreKV(kv KV, k, v, slots Tensor) {
	ok := sameSize(k, v) && k.Cols == kv.Heads*kv.K.Cols && slots.Rows == k.Rows && slots.DType == tensor.I32
	ok = ok && sameSize(kv.K, kv.V) && k.DType == kv.K.DType && v.DType == kv.V.DType
	if !ok {
		misfit(fmt.Sprintf("store_kv of %d heads", kv.Heads), kv.K, kv.V, k, v, slots)
	}
}

// CheckAttention panics unless the operands of Attention fit together.
func CheckAttention(dst, q Tensor, kv KV, batch *Batch, opt AttentionOptions) {
	ok := sameSize(dst, q) && dst.DType == q.DType && q.DType == kv.K.DType && q.Cols == opt.Heads*kv.K.Cols
	ok = ok && kv.Heads > 0 && opt.Heads%kv.Heads == 0 && q.Rows == batch.Tokens() && opt.Window >= 0
	if !ok {
		misfit(fmt.Sprintf("attention of %d/%d heads", opt.Heads, kv.Heads), dst, q, kv.K)
	}
}

// CheckLogSoftmax panics unless the operands of LogSoftmax fit together.
func CheckLogSoftmax(dst, x Tensor) {
	if !sameSize(dst, x) || dst.DType != tensor.F32 || x.DType != tensor.F32 {
		misfit("log_softmax", dst, x)
	}
}

func sameSize(a, b Tensor) bool { return a.Rows == b.Rows && a.Cols == b.Cols }

func misfit(op string, operands ...Tensor) {
	panic(fmt.Sprintf("backend: %s: operands do not fit together: %v", op, operands))
}
