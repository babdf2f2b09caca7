// Package backend declares the operations that a decoder-only transformer needs from a device, and nothing more. There is
// one interface, Backend; package cpu and package cuda implement it, and package backend/backendtest holds the suite that
// says what each operation means, against float64.
//
// # Precision
//
// Three element types meet. The residual stream, the accumulators, softmax and logits are F32. Activations between
// operations (normalised rows, q/k/v, attention output, feed-forward) have one compute type, F32, BF16 or F16, that the
// model chooses. Weights keep the type of their file, or are rounded once to the compute type if that is a half type.
// Products are accumulated in F32 whatever the inputs.
//
// # Exactness
//
// An element of a result depends on its own row and the weights alone: never on the number of rows, on their order, or on
// the number of threads. Sums over K run in an order that is fixed for a given device. The suite checks this bit for bit.
//
// # Errors
//
// A broken promise about shapes or types is a bug in this project and panics with both shapes. What a device can do wrong
// at run time is kept (the first error sticks, later work is skipped) and returned by Sync and Download.
package backend

import "tiebreak/tensor"

// Backend runs the operations of a decoder on one device. Operations are queued in order and may run later than the
// call; Sync and Download wait for them. A Backend is used by one goroutine at a time.
type Backend interface {
	// Device describes what the operations run on.
	Device() Device

	// Alloc reserves a matrix of rows x cols elements with a dense row stride. Its contents are undefined.
	// The error names the device, the bytes wanted and the bytes free.
	Alloc(d tensor.DType, rows, cols int) (Tensor, error)

	// Free gives back what Alloc returned. Views of the tensor must no longer be used.
	Free(t Tensor)

	// Upload copies host data into dst, whose element type and number of elements are those of src. The host data may be
	// changed once Upload has returned.
	Upload(dst Tensor, src tensor.Tensor)

	// Download waits for all queued work and copies src to the host. It returns the first error of the device.
	Download(dst tensor.Tensor, src Tensor) error

	// Weight prepares a matrix [N,K] for the uses named, from parts that are stacked by rows: q, k and v become one
	// matrix, or single rows of a language-model head a small one. Host data must stay readable until the weight is no
	// longer used: a backend may read it in place.
	Weight(use Use, parts ...tensor.Tensor) (Weight, error)

	// Sync waits for all queued work and returns the first error of the device.
	Sync() error

	// Close releases the device. It is an error to use the Backend afterwards.
	Close() error

	// Gather copies rows: dst[i] = src[rows[i]], converted to dst's type. dst [n,C] any float, src [m,C] any float,
	// rows [n,1] I32 with values in 0..m-1. With src a table of embeddings it is the embedding lookup.
	Gather(dst, src, rows Tensor)

	// RMSNorm adds and normalises rows: x += add; dst = x / sqrt(mean(x²)+eps) * w. dst [T,C] compute type,
	// x [T,C] F32 (the residual stream, updated in place), add [T,C] F32 or the zero Tensor for none, w [1,C] F32.
	// Zhang & Sennrich 2019, arXiv:1910.07467.
	RMSNorm(dst, x, add, w Tensor, eps float32)

	// MatMul computes dst = x · Wᵀ, or dst += x · Wᵀ if ep says so. x [T,K] compute type, W [N,K], dst [T,N] compute
	// type or F32; with Add, dst is F32.
	MatMul(dst, x Tensor, w Weight, ep Epilogue)

	// GatedMatMul computes dst = silu(x · gateᵀ) * (x · upᵀ) with W = [gate; up], [2F,K], prepared for Gated. x [T,K]
	// and dst [T,F] have the compute type. silu(z) = z / (1+exp(-z)). Shazeer 2020, arXiv:2002.05202.
	GatedMatMul(dst, x Tensor, w Weight)

	// Rope rotates, in place, each head of each row by its position: with h = D/2, for i < h,
	// (x[i], x[i+h]) = (x[i]·cos − x[i+h]·sin, x[i+h]·cos + x[i]·sin). x [T,n·D] compute type (a view of q or of k),
	// pos [T,1] I32, table [P,D] F32 with row p holding cos for i < h, then sin. Su et al. 2021, arXiv:2104.09864.
	Rope(x, pos, table Tensor)

	// StoreKV copies rows of keys and values into pages: row t goes to slot slots[t] (page·PageSize + offset).
	// k, v [T,G·D] compute type, slots [T,1] I32, all different.
	StoreKV(kv KV, k, v, slots Tensor)

	// Attention computes softmax(scale · q·Kᵀ)·V for each query of each sequence of the batch, causal, over the pages of
	// that sequence. q, dst [T,H·D] compute type. Query head h reads key/value head h / (H/G). See AttentionOptions.
	Attention(dst, q Tensor, kv KV, batch *Batch, opt AttentionOptions)

	// LogSoftmax computes dst[i] = x[i] − log Σ exp(x). dst, x [n,V] F32; dst may be x.
	LogSoftmax(dst, x Tensor)
}

// Device says what a Backend runs on.
type Device struct {
	ID      string         // as given to --device: "cpu", "cuda:0", "emu:1"
	Name    string         // the maker's name of it
	Compute []tensor.DType // compute types it supports, the fastest first
	Total   int64          // bytes of memory
	Free    int64          // bytes of memory that can still be had
	Detail  string         // instruction set, driver, compute capability
}

// Use says what a weight will be used for. ForGather can be combined with another use by |; ForMatMul and ForGated exclude
// each other, since a backend may lay the two out differently.
type Use uint8

// The uses of a weight.
const (
	ForMatMul Use = 1 << iota // an operand of MatMul
	ForGated                  // [gate; up], an operand of GatedMatMul
	ForGather                 // a source of Gather, by Weight.Table
)

// Weight is a matrix [N,K] prepared by the Backend that made it, in a layout of its own.
type Weight interface {
	DType() tensor.DType // as stored on the device
	Rows() int           // N; 2F for a gated weight
	Cols() int           // K
	Table() Tensor       // the matrix by rows, if it was prepared ForGather; else it panics
	Bytes() int64        // memory it holds beyond the host data it was made from
	Free()               // gives that memory back
}

// Epilogue says what MatMul does with the products.
type Epilogue struct {
	Add bool // add to dst, which is F32, instead of overwriting it
}

// PageSize is the number of tokens whose keys, or values, lie in one page.
const PageSize = 16

// KV is the memory of one layer's keys and values: two tensors of the compute type, [pages·G·PageSize, D]. The page p of
// head g holds rows (p·G+g)·PageSize to (p·G+g+1)·PageSize, so that one head's tokens in a page lie together.
// Kwon et al. 2023 (PagedAttention), arXiv:2309.06180.
type KV struct {
	K, V  Tensor
	Heads int // G
}

// AttentionOptions gives the geometry of attention.
type AttentionOptions struct {
	Heads  int     // H query heads; the key/value heads are KV.Heads, the head size is KV.K.Cols
	Scale  float32 // usually 1/sqrt(D)
	Window int     // 0: all earlier tokens; w: a query at position p reads keys p-w+1 … p
}
