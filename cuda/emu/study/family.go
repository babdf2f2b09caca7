package study

import (
	"math"
	"strings"

	"tiebreak/backend"
	"tiebreak/cuda/kernels"
	"tiebreak/tensor"
)

// family is the kernels of one operation.
type family struct {
	prefix    string // of the names of its kernels
	operation string // of backend.Backend
	extents   []extent
	run       func(b *bench, c *Case)
	least     func(c *Case) int64 // bytes of global memory that must be moved if each is moved once
	hint      string              // which shapes lead to which variant
}

var productExtents = []extent{{"M", 64, 1, "rows of x and dst"}, {"N", 64, 1, "columns of dst"}, {"K", 64, 1, "columns of x and W"}}

const productHint = "_128x128 and _128x64 take more than 64 rows, _64x64 and _64x32 more than 16, the small ones at most 16; _unaligned needs a K that is no multiple of 8, the others one that is"

var attentionExtents = []extent{{"T", 64, 1, "queries of each sequence"}, {"P", 0, 0, "earlier tokens of each"}, {"S", 1, 1, "sequences"},
	{"H", 4, 1, "query heads"}, {"G", 2, 1, "key/value heads"}, {"D", 64, 1, "head size"}, {"W", 0, 0, "window, 0: none"}}

const attentionHint = "decode takes at most 16 packed rows, T*H/G, prefill more; D decides between the sizes"

var families = []family{
	{"gated_gemm_", "GatedMatMul", productExtents, runGated, leastProduct, productHint},
	{"gemm_", "MatMul", productExtents, runProduct, leastProduct, productHint},
	{"attention_prefill_", "Attention", attentionExtents, runAttention, leastAttention, attentionHint},
	{"attention_decode_", "Attention", shortened(attentionExtents, 1, 512), runAttention, leastAttention, attentionHint},
	{"attention_combine_", "Attention", shortened(attentionExtents, 1, 512), runAttention, leastCombine, attentionHint},
	{"rms_norm_", "RMSNorm", []extent{{"T", 4, 1, "rows"}, {"C", 576, 1, "columns"}}, runRMSNorm, leastRMSNorm, ""},
	{"rope_", "Rope", []extent{{"T", 4, 1, "rows"}, {"H", 4, 1, "heads"}, {"D", 64, 2, "head size"}}, runRope, leastRope, ""},
	{"store_kv_", "StoreKV", []extent{{"T", 4, 1, "rows"}, {"G", 2, 1, "key/value heads"}, {"D", 64, 1, "head size"}}, runStoreKV, leastStoreKV, ""},
	{"gather_rows_", "Gather", []extent{{"T", 4, 1, "rows"}, {"C", 576, 1, "columns"}}, runGather, leastGather, ""},
	{"log_softmax_", "LogSoftmax", []extent{{"T", 1, 1, "rows"}, {"V", 4096, 1, "columns"}}, runLogSoftmax, leastLogSoftmax, ""},
}

// shortened is a list of extents of attention with other usual numbers of tokens.
func shortened(extents []extent, tokens, past int) []extent {
	out := append([]extent(nil), extents...)
	out[0].usual, out[1].usual = tokens, past
	return out
}

// familyOf finds the family of a kernel; every kernel has one, which a test checks.
func familyOf(k kernels.Kernel) *family {
	for i := range families {
		if strings.HasPrefix(k.Name, families[i].prefix) {
			return &families[i]
		}
	}
	panic("study: kernel " + k.Name + " belongs to no family")
}

// types are the element types in the name of a kernel, in order.
func types(name string) (list []tensor.DType) {
	for word := range strings.SplitSeq(name, "_") {
		switch word {
		case "f32":
			list = append(list, tensor.F32)
		case "f16", "b16":
			list = append(list, tensor.F16)
		case "bf16":
			list = append(list, tensor.BF16)
		}
	}
	return list
}

// compute is the type of a kernel's activations.
func (c *Case) compute() tensor.DType { return types(c.Kernel.Name)[0] }

// into is the type of the result of a product.
func (c *Case) into() tensor.DType {
	if c.Float && c.family.operation == "MatMul" {
		return tensor.F32
	}
	return c.compute()
}

func runProduct(b *bench, c *Case) {
	m, n, k := c.Shape["M"], c.Shape["N"], c.Shape["K"]
	w := b.weight(backend.ForMatMul, c.compute(), n, k)
	x, dst := b.random(c.compute(), m, k), b.alloc(c.into(), m, n)
	if b.err == nil {
		b.be.MatMul(dst, x, w, backend.Epilogue{})
	}
}

func runGated(b *bench, c *Case) {
	m, n, k := c.Shape["M"], c.Shape["N"], c.Shape["K"]
	w := b.weight(backend.ForGated, c.compute(), 2*n, k)
	x, dst := b.random(c.compute(), m, k), b.alloc(c.compute(), m, n)
	if b.err == nil {
		b.be.GatedMatMul(dst, x, w)
	}
}

func leastProduct(c *Case) int64 {
	m, n, k := int64(c.Shape["M"]), int64(c.Shape["N"]), int64(c.Shape["K"])
	weights := n
	if c.family.operation == "GatedMatMul" {
		weights = 2 * n
	}
	return 2*m*k + 2*weights*k + int64(c.into().Size())*m*n
}

func runAttention(b *bench, c *Case) {
	s := c.Shape
	batch, kv := b.sequences(s["S"], s["T"], s["P"], c.compute(), s["G"], s["D"])
	q, dst := b.random(c.compute(), s["S"]*s["T"], s["H"]*s["D"]), b.alloc(c.compute(), s["S"]*s["T"], s["H"]*s["D"])
	if b.err == nil {
		b.be.Attention(dst, q, kv, batch, backend.AttentionOptions{Heads: s["H"], Scale: float32(1 / math.Sqrt(float64(s["D"]))), Window: s["W"]})
	}
}

// reach is how many keys the queries of a sequence see in all.
func (c *Case) reach() int64 {
	keys := c.Shape["P"] + c.Shape["T"]
	if w := c.Shape["W"]; w > 0 {
		keys = min(keys, w+c.Shape["T"]-1)
	}
	return int64(keys)
}

// queries is the number of elements of q, and of dst.
func (c *Case) queries() int64 {
	return int64(c.Shape["S"]) * int64(c.Shape["T"]) * int64(c.Shape["H"]) * int64(c.Shape["D"])
}

// partials is the bytes of m, l and o of all tiles, which decode writes and combine reads.
func (c *Case) partials() int64 {
	tiles := (c.reach() + kernels.TileKeys - 1) / kernels.TileKeys
	return (4*c.queries() + 8*c.queries()/int64(c.Shape["D"])) * tiles
}

func leastAttention(c *Case) int64 {
	keys := 2 * 2 * c.reach() * int64(c.Shape["S"]) * int64(c.Shape["G"]) * int64(c.Shape["D"])
	if strings.HasPrefix(c.Kernel.Name, "attention_decode_") {
		return keys + 2*c.queries() + c.partials()
	}
	return keys + 4*c.queries()
}

func leastCombine(c *Case) int64 { return c.partials() + 2*c.queries() }

func runRMSNorm(b *bench, c *Case) {
	t, cols := c.Shape["T"], c.Shape["C"]
	x, add, w := b.random(tensor.F32, t, cols), b.random(tensor.F32, t, cols), b.random(tensor.F32, 1, cols)
	dst := b.alloc(c.compute(), t, cols)
	if b.err == nil {
		b.be.RMSNorm(dst, x, add, w, 1e-5)
	}
}

func leastRMSNorm(c *Case) int64 {
	t, cols := int64(c.Shape["T"]), int64(c.Shape["C"])
	return t*cols*(4+4+4+2) + 4*cols
}

func runRope(b *bench, c *Case) {
	t, d := c.Shape["T"], c.Shape["D"]&^1
	table := b.upload(b.normal(tensor.F32, t, d, 0.5))
	x := b.random(c.compute(), t, c.Shape["H"]*d)
	pos := b.indices(t, func(i int) int { return t - 1 - i })
	if b.err == nil {
		b.be.Rope(x, pos, table)
	}
}

func leastRope(c *Case) int64 {
	t, d := int64(c.Shape["T"]), int64(c.Shape["D"]&^1)
	return t*int64(c.Shape["H"])*d*4 + t*d*4 + t*4
}

func runStoreKV(b *bench, c *Case) {
	t, g, d := c.Shape["T"], c.Shape["G"], c.Shape["D"]
	batch, kv := b.sequences(1, t, 0, c.compute(), g, d)
	k, v := b.random(c.compute(), t, g*d), b.random(c.compute(), t, g*d)
	if b.err == nil {
		b.be.StoreKV(kv, k, v, batch.Slots)
	}
}

func leastStoreKV(c *Case) int64 {
	return int64(c.Shape["T"]) * (int64(c.Shape["G"])*int64(c.Shape["D"])*8 + 4)
}

func runGather(b *bench, c *Case) {
	t, cols, of := c.Shape["T"], c.Shape["C"], types(c.Kernel.Name)
	src, dst := b.random(of[0], t+3, cols), b.alloc(of[1], t, cols)
	rows := b.indices(t, func(i int) int { return (7*i + 3) % (t + 3) })
	if b.err == nil {
		b.be.Gather(dst, src, rows)
	}
}

func leastGather(c *Case) int64 {
	of := types(c.Kernel.Name)
	return int64(c.Shape["T"]) * (int64(c.Shape["C"])*int64(of[0].Size()+of[1].Size()) + 4)
}

func runLogSoftmax(b *bench, c *Case) {
	x, dst := b.random(tensor.F32, c.Shape["T"], c.Shape["V"]), b.alloc(tensor.F32, c.Shape["T"], c.Shape["V"])
	if b.err == nil {
		b.be.LogSoftmax(dst, x)
	}
}

// The row of logits is larger than a multiprocessor's memory: it is read twice.
func leastLogSoftmax(c *Case) int64 { return 12 * int64(c.Shape["T"]) * int64(c.Shape["V"]) }
