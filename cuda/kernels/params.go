package kernels

import (
	"encoding/binary"
	"fmt"

	"tiebreak/cuda/driver"
)

// The structs below are the parameters of kernels, field by field as in the .cu and .cuh files, which say what each means
// and what must hold of it. Strides (Ld) are in elements, from the start of one row to the next. A field named _ is
// padding.

// GatherParams is the parameter of gather_rows_*.
type GatherParams struct {
	Dst, Src           driver.Pointer
	Rows               driver.Pointer // n × i32
	Cols, LdDst, LdSrc int32
	_                  int32
}

// RMSNormParams is the parameter of rms_norm_*. Add may be 0.
type RMSNormParams struct {
	Dst, X, Add, W          driver.Pointer
	Cols, LdDst, LdX, LdAdd int32
	Eps                     float32
	_                       int32
}

// RopeParams is the parameter of rope_*.
type RopeParams struct {
	X, Pos, Table   driver.Pointer
	Heads, HeadSize int32
	LdX, LdTable    int32
}

// StoreKVParams is the parameter of store_kv_b16.
type StoreKVParams struct {
	PagesK, PagesV, K, V, Slots driver.Pointer
	Heads, HeadSize             int32
	LdK, LdV                    int32
}

// LogSoftmaxParams is the parameter of log_softmax_f32.
type LogSoftmaxParams struct {
	Dst, X           driver.Pointer
	Cols, LdDst, LdX int32
	_                int32
}

// Output says what gemm_* does with the products.
type Output int32

// The outputs of gemm_*.
const (
	Store      Output = iota // dst has the compute type
	StoreFloat               // dst is f32
	AddFloat                 // dst is f32 and added to
)

// GemmParams is the parameter of gemm_* and gated_gemm_*. H and B may be 0 if R is.
type GemmParams struct {
	Dst, X, W, H, B driver.Pointer
	M, N, K, R      int32
	LdDst, LdX, LdW int32
	LdH, LdB        int32
	Output          Output
	Scale           float32
	_               int32
}

// AttentionParams is the parameter of attention_prefill_* and attention_decode_*.
type AttentionParams struct {
	Dst, Q, PagesK, PagesV, Table, Bounds driver.Pointer
	Partial, Sums                         driver.Pointer
	Heads, KVHeads, HeadSize              int32
	LdDst, LdQ, LdTable                   int32
	Window, Tiles, Sequences              int32
	Scale                                 float32
}

// CombineParams is the parameter of attention_combine_*.
type CombineParams struct {
	Dst, Partial, Sums, Pos driver.Pointer
	Rows, Heads, HeadSize   int32
	Tiles, Window, LdDst    int32
}

// Bytes packs one of the structs above as a launch takes it.
func Bytes(params any) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, params)
	if err != nil {
		panic(fmt.Sprintf("kernels: parameters %T: %v", params, err))
	}
	return b
}
