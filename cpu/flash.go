package cpu

import (
	"math"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// flashJob is attention by vector code, after Dao et al. 2022 (FlashAttention, arXiv:2205.14135): scores exist a tile at a
// time, and an online softmax joins the tiles.
//
// A column is one query of one head. The columns that read one key/value head, H/G for each token, are cut into blocks of
// at most the width of a panel; a piece is a few blocks of one sequence and key/value head. For each tile of keys, the
// piece brings keys and values into the order in which kernels read them, and then, for each block,
//
//	scores[key,column] = K · Qᵀ      Q is the panel, K the left side
//	P = 2^(scores − maximum)         lanes are columns: no sums across lanes
//	out[d,column] = out·factor + Vᵀ · P
//
// so that the scores of the first product are the panel of the second one where they lie.
//
// Tiles begin at multiples of tileKeys positions of the sequence. Each column therefore meets the same tiles whatever
// batch or chunk its query came in, and within a tile its sums run over keys in order; keys that it must not see have
// probability 0 and change nothing, provided that their values are finite.
type flashJob struct {
	b      *Backend
	dst, q backend.Tensor
	kv     backend.KV
	batch  *backend.Batch
	window int
	group  int     // columns of one token, H/G
	scale  float32 // contains log2 e
	pairs  bool    // BF16 by BF16, in pairs
	steps  int     // elements of 4 bytes of one head of a query or key, a multiple of 8
	each   int     // blocks in a piece
}

const (
	tileKeys   = 6 * backend.PageSize // a multiple of what a transposition takes, and of pairs
	mostBlocks = 4                    // in a piece: keys and values are prepared once for all of them
)

// flashScratch is what one worker needs.
type flashScratch struct {
	keys   buffer // [steps][tileKeys]
	values buffer // [tileKeys][D], or [tileKeys/2][D] pairs
	scores buffer // [tileKeys][width]
	rows   buffer // rows on their way into, or out of, lanes
	blocks [mostBlocks]flashBlock
	limits buffer // first and last key of each lane of a vector, relative to the tile
}

// flashBlock is the state of one block of columns.
type flashBlock struct {
	q, out, state buffer // [steps][width], [D][width], and for each vector maximum, sum and factor
	first, n      int    // columns of the sequence and key/value head
	width         int    // n, rounded up to the lanes
	low, high     int    // positions of the first and the last query
}

// flash runs Attention by vector code.
func (b *Backend) flash(dst, q backend.Tensor, kv backend.KV, batch *backend.Batch, opt backend.AttentionOptions) {
	j, v, size := &b.jobs.flash, b.isa.simd, kv.K.Cols
	*j = flashJob{b: b, dst: dst, q: q, kv: kv, batch: batch, window: opt.Window, group: opt.Heads / kv.Heads}
	j.scale = float32(float64(opt.Scale) * math.Log2E)
	j.pairs = v.bf16 != nil && q.DType == tensor.BF16 && size%v.lanes == 0
	j.steps = roundUp(size, 8)
	if j.pairs {
		j.steps = roundUp(size/2, 8)
	}
	blocks := 0
	for _, s := range batch.Spans {
		blocks += kv.Heads * ((s.Len*j.group + v.width - 1) / v.width)
	}
	j.each = max(1, min(mostBlocks, blocks/(4*b.pool.threads)))
	pieces := 0
	for _, s := range batch.Spans {
		pieces += kv.Heads * j.pieces(s)
	}
	b.pool.do(j, pieces)
}

// pieces is the number of pieces of one key/value head of a sequence.
func (j *flashJob) pieces(s backend.Span) int {
	columns := j.each * j.b.isa.simd.width
	return (s.Len*j.group + columns - 1) / columns
}

func (j *flashJob) run(worker, index int) {
	seq := 0
	for ; index >= j.kv.Heads*j.pieces(j.batch.Spans[seq]); seq++ {
		index -= j.kv.Heads * j.pieces(j.batch.Spans[seq])
	}
	p := flashPiece{flashJob: j, flashScratch: &j.b.scratch[worker].flash, span: j.batch.Spans[seq], pages: j.batch.Pages[seq]}
	// The last piece of a sequence reads the most keys: it goes first, so that no long piece is left for the end.
	p.head = index % j.kv.Heads
	p.begin(j.pieces(p.span) - 1 - index/j.kv.Heads)
	p.tiles()
	p.finish()
}

// flashPiece is a piece while it is worked on.
type flashPiece struct {
	*flashJob
	*flashScratch
	span  backend.Span
	pages []int32
	head  int // key/value head
	count int // blocks
}

// begin prepares the blocks of piece number i.
func (p *flashPiece) begin(i int) {
	v := p.b.isa.simd
	columns := p.span.Len * p.group
	for c := i * p.each * v.width; c < columns && p.count < p.each; c += v.width {
		blk := &p.blocks[p.count]
		p.count++
		blk.first, blk.n = c, min(v.width, columns-c)
		blk.width = roundUp(blk.n, v.lanes)
		blk.low = p.span.Past + c/p.group
		blk.high = p.span.Past + (c+blk.n-1)/p.group
		p.loadQueries(blk)
		clear(blk.out.floats(p.kv.K.Cols * blk.width)[:p.kv.K.Cols*blk.width])
		state := blk.state.floats(3 * blk.width)
		for lane := range state[:3*blk.width] {
			state[lane] = 0
			if lane%(3*v.lanes) < v.lanes {
				state[lane] = -math.MaxFloat32 // finite, so that its difference to -Inf is
			}
		}
	}
}

// tiles runs all tiles of keys that some column reads.
func (p *flashPiece) tiles() {
	low, high := p.blocks[0].low, p.blocks[p.count-1].high
	for start := p.firstKey(low) / tileKeys * tileKeys; start <= high; start += tileKeys {
		n := min(tileKeys, high+1-start)
		p.loadKeys(start, n)
		p.loadValues(start, n)
		for i := range p.count {
			blk := &p.blocks[i]
			if start <= blk.high && start+n > p.firstKey(blk.low) {
				p.attend(blk, start, min(n, blk.high+1-start))
			}
		}
	}
}

// firstKey is the first position that a query at position pos reads.
func (p *flashPiece) firstKey(pos int) int {
	if p.window == 0 {
		return 0
	}
	return max(0, pos-p.window+1)
}

// attend continues a block by n keys of the tile that begins at position start.
func (p *flashPiece) attend(blk *flashBlock, start, n int) {
	v, size := p.b.isa.simd, p.kv.V.Cols
	kernels, sumSteps := v.f32, n
	if p.pairs {
		kernels, sumSteps = v.bf16, (n+1)/2
	}
	scores, out := p.scores.floats(tileKeys*blk.width), blk.out.m.f32
	t := tileRun{kernels: kernels, rows: n, a: p.keys.m.bytes, aWidth: tileKeys, panel: blk.q.m.bytes, width: blk.width, steps: p.steps}
	t.run(v, sums{scores, blk.width}, false)
	masked := start+n-1 > blk.low || start < p.firstKey(blk.high)
	for lane := 0; lane < blk.width; lane += v.lanes {
		state := blk.state.m.f32[3*lane:]
		p.softmax(blk, scores[lane:], state, start, n, lane, masked)
		v.scaleTile(&out[lane], 4*blk.width, size, &state[2*v.lanes])
	}
	t = tileRun{kernels: kernels, rows: size, a: p.values.m.bytes, aWidth: size, panel: p.scores.m.bytes, width: blk.width, steps: sumSteps}
	t.run(v, sums{out, blk.width}, true)
}

// softmax turns the scores of one vector of columns into probabilities.
func (p *flashPiece) softmax(blk *flashBlock, scores, state []float32, start, n, lane int, masked bool) {
	v := p.b.isa.simd
	plainKernel, maskedKernel := v.softmax, v.softmaxMasked
	if p.pairs {
		plainKernel, maskedKernel = v.softmaxPairs, v.softmaxPairsMasked
	}
	if !masked {
		plainKernel(&scores[0], 4*blk.width, n, p.scale, &state[0])
		return
	}
	p.limits.grow(8 * v.lanes)
	limits := p.limits.m.i32
	for i := range v.lanes {
		pos := p.span.Past + (blk.first+min(lane+i, blk.n-1))/p.group
		limits[i] = int32(p.firstKey(pos) - start)
		limits[v.lanes+i] = int32(pos - start)
	}
	maskedKernel(&scores[0], 4*blk.width, n, p.scale, &state[0], &limits[0])
}

// finish divides by the sums and stores the blocks.
func (p *flashPiece) finish() {
	v, size := p.b.isa.simd, p.kv.V.Cols
	for i := range p.count {
		blk := &p.blocks[i]
		out := blk.out.m.f32
		for lane := 0; lane < blk.width; lane += v.lanes {
			state := blk.state.m.f32[3*lane:]
			for l := range v.lanes {
				state[2*v.lanes+l] = 1 / state[v.lanes+l]
			}
			v.scaleTile(&out[lane], 4*blk.width, size, &state[2*v.lanes])
		}
		rows := p.rows.floats(blk.width * size)
		p.turn(rows, blk.out.m, blk.width)
		for c := range blk.n {
			p.store(p.column(&p.dst, blk.first+c), rows[c*size:(c+1)*size])
		}
	}
}

// store rounds a result to its place.
func (p *flashPiece) store(dst []byte, v []float32) {
	if p.dst.DType == tensor.F32 {
		copy(dst, tensor.Bytes(v))
	} else {
		p.b.isa.narrow(tensor.CastUint16(dst), v, p.dst.DType)
	}
}
