package cuda

import (
	"fmt"
	"strconv"

	"tiebreak/backend"
	"tiebreak/cuda/driver"
	"tiebreak/cuda/kernels"
)

// Attention computes causal attention over pages; see backend.Backend. Where every sequence has few queries, blocks share
// out the keys instead of the queries; the bits are the same.
func (b *Backend) Attention(dst, q backend.Tensor, kv backend.KV, batch *backend.Batch, opt backend.AttentionOptions) {
	backend.CheckAttention(dst, q, kv, batch, opt)
	if q.Rows == 0 || b.err != nil {
		return
	}
	longest, reach := 0, 0
	for _, s := range batch.Spans {
		longest, reach = max(longest, s.Len), max(reach, s.Past+s.Len)
	}
	size, err := headKernel(kv.K.Cols)
	if err != nil {
		b.fail("attention", err)
		return
	}
	p := kernels.AttentionParams{
		Dst: pointer(dst), Q: pointer(q), PagesK: pointer(kv.K), PagesV: pointer(kv.V),
		Table: pointer(batch.Table), Bounds: pointer(batch.Bounds),
		Heads: int32(opt.Heads), KVHeads: int32(kv.Heads), HeadSize: int32(kv.K.Cols),
		LdDst: int32(dst.Stride), LdQ: int32(q.Stride), LdTable: int32(batch.Table.Stride),
		Window: int32(opt.Window), Sequences: int32(len(batch.Spans)), Scale: opt.Scale,
	}
	packed := longest * opt.Heads / kv.Heads // query rows of the longest sequence that share a key/value head
	decode := kernels.Find("attention_decode_" + b.generation(q.DType) + size)
	if packed <= decode.Rows {
		b.decode(decode, dst, q, batch, p, ceil(reach, kernels.TileKeys))
		return
	}
	prefill := kernels.Find("attention_prefill_" + b.generation(q.DType) + size)
	b.launch(prefill.Name, driver.Dim{X: kv.Heads, Y: len(batch.Spans), Z: ceil(packed, prefill.Rows)}, 0, p)
}

// decode computes each tile of keys by itself and folds the tiles.
func (b *Backend) decode(k kernels.Kernel, dst, q backend.Tensor, batch *backend.Batch, p kernels.AttentionParams, tiles int) {
	slots := int64(q.Rows) * int64(p.Heads) * int64(tiles)
	partial := slots * int64(p.HeadSize) * 4
	if !b.reserve(partial + slots*8) {
		return
	}
	p.Partial, p.Sums, p.Tiles = b.scratch.at, b.scratch.at+driver.Pointer(partial), int32(tiles)
	b.launch(k.Name, driver.Dim{X: tiles, Y: int(p.KVHeads), Z: len(batch.Spans)}, 0, p)

	combine := kernels.Find("attention_combine_" + typeName(dst.DType))
	b.launch(combine.Name, line(ceil(q.Rows*int(p.Heads), combine.Rows)), 0, kernels.CombineParams{
		Dst: p.Dst, Partial: p.Partial, Sums: p.Sums, Pos: pointer(batch.Pos),
		Rows: int32(q.Rows), Heads: p.Heads, HeadSize: p.HeadSize, Tiles: p.Tiles, Window: p.Window, LdDst: p.LdDst,
	})
}

// reserve makes the scratch block at least that large.
func (b *Backend) reserve(bytes int64) bool {
	if bytes <= b.scratch.size {
		return true
	}
	if b.scratch.size > 0 {
		b.give(b.scratch)
		b.scratch = block{}
	}
	m, err := b.take(bytes)
	if err != nil {
		b.fail(fmt.Sprintf("attention: %d bytes for partial results", bytes), err)
		return false
	}
	b.scratch = m
	return true
}

// headKernel is the end of the name of the attention kernels for a head size: those of the least size that holds it.
func headKernel(d int) (string, error) {
	for _, size := range []int{32, 64, 96, 128} {
		if d <= size && d%8 == 0 {
			return "_d" + strconv.Itoa(size), nil
		}
	}
	return "", fmt.Errorf("got heads of %d, want a multiple of 8 up to 128", d)
}
