package cuda

import (
	"tiebreak/backend"
	"tiebreak/cuda/driver"
	"tiebreak/cuda/kernels"
)

// This file holds the operations that run one block a row.

func line(n int) driver.Dim { return driver.Dim{X: n} }

// Gather copies rows; see backend.Backend.
func (b *Backend) Gather(dst, src, rows backend.Tensor) {
	backend.CheckGather(dst, src, rows)
	if dst.Rows == 0 {
		return
	}
	b.launch("gather_rows_"+typeName(src.DType)+"_"+typeName(dst.DType), line(dst.Rows), 0, kernels.GatherParams{
		Dst: pointer(dst), Src: pointer(src), Rows: pointer(rows),
		Cols: int32(dst.Cols), LdDst: int32(dst.Stride), LdSrc: int32(src.Stride),
	})
}

// RMSNorm adds and normalises rows; see backend.Backend.
func (b *Backend) RMSNorm(dst, x, add, w backend.Tensor, eps float32) {
	backend.CheckRMSNorm(dst, x, add, w)
	if dst.Rows == 0 {
		return
	}
	row := (4*x.Cols + 15) &^ 15
	b.launch("rms_norm_"+typeName(dst.DType), line(dst.Rows), row, kernels.RMSNormParams{
		Dst: pointer(dst), X: pointer(x), Add: pointer(add), W: pointer(w),
		Cols: int32(x.Cols), LdDst: int32(dst.Stride), LdX: int32(x.Stride), LdAdd: int32(add.Stride), Eps: eps,
	})
}

// Rope rotates heads by position; see backend.Backend.
func (b *Backend) Rope(x, pos, table backend.Tensor) {
	backend.CheckRope(x, pos, table)
	if x.Rows == 0 {
		return
	}
	b.launch("rope_"+typeName(x.DType), line(x.Rows), 0, kernels.RopeParams{
		X: pointer(x), Pos: pointer(pos), Table: pointer(table),
		Heads: int32(x.Cols / table.Cols), HeadSize: int32(table.Cols), LdX: int32(x.Stride), LdTable: int32(table.Stride),
	})
}

// StoreKV copies keys and values into pages; see backend.Backend.
func (b *Backend) StoreKV(kv backend.KV, k, v, slots backend.Tensor) {
	backend.CheckStoreKV(kv, k, v, slots)
	if k.Rows == 0 {
		return
	}
	b.launch("store_kv_b16", line(k.Rows), 0, kernels.StoreKVParams{
		PagesK: pointer(kv.K), PagesV: pointer(kv.V), K: pointer(k), V: pointer(v), Slots: pointer(slots),
		Heads: int32(kv.Heads), HeadSize: int32(kv.K.Cols), LdK: int32(k.Stride), LdV: int32(v.Stride),
	})
}

// LogSoftmax computes log-probabilities; see backend.Backend.
func (b *Backend) LogSoftmax(dst, x backend.Tensor) {
	backend.CheckLogSoftmax(dst, x)
	if x.Rows == 0 {
		return
	}
	b.launch("log_softmax_f32", line(x.Rows), 0, kernels.LogSoftmaxParams{
		Dst: pointer(dst), X: pointer(x), Cols: int32(x.Cols), LdDst: int32(dst.Stride), LdX: int32(x.Stride),
	})
}
