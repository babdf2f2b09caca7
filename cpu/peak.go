package cpu

import (
	"time"

	"tiebreak/tensor"
)

// Speed limits of the machine, measured by this backend's own code on its own threads. A benchmark asks for them in the run
// that it times: a processor shared with others, or one that lowers its clock, is not tomorrow what it was today.

// peakJob runs the largest tile on operands that stay in the nearest cache.
type peakJob struct {
	tile   gemmKernel // nil: the reference, dot4
	v      *simd
	memory []*memory // one a piece
}

// Extents of the work of a piece. A tile of so many steps fits the first-level cache with its operands; so many tiles take
// a few milliseconds, far longer than waking a worker.
const (
	peakSteps = 96
	peakTiles = 2000
	peakRow   = 256 // elements of a row of dot4
	peakDots  = 8000
)

func (j *peakJob) run(_, index int) {
	m := j.memory[index]
	if j.tile == nil {
		row := func(i int) []float32 { return m.f32[i*peakRow : (i+1)*peakRow] }
		for range peakDots {
			m.f32[5*peakRow], m.f32[5*peakRow+1], m.f32[5*peakRow+2], m.f32[5*peakRow+3] = dot4(row(0), row(1), row(2), row(3), row(4))
		}
		return
	}
	for range peakTiles {
		j.tile(&m.f32[0], 4*j.v.width, &m.bytes[8<<10], 4*j.v.heights[0], &m.bytes[12<<10], 4*j.v.width, peakSteps, true)
	}
}

// Peak measures, once, the floating-point operations per second that all threads reach in products whose operands have the
// given type and lie in the nearest cache: the bound of any product. A multiplication and an addition are two. Where
// halves are widened to be multiplied, their bound is that of F32.
func (b *Backend) Peak(operands tensor.DType) float64 {
	j := &peakJob{v: b.isa.simd}
	work := float64(2 * peakDots * 4 * peakRow)
	if v := b.isa.simd; v != nil {
		j.tile = v.f32[0][len(v.f32[0])-1]
		work = float64(2 * peakTiles * peakSteps * v.heights[0] * v.width)
		if operands == tensor.BF16 && v.bf16 != nil {
			j.tile, work = v.bf16[0][len(v.bf16[0])-1], 2*work
		}
	}
	for range b.pool.threads {
		j.memory = append(j.memory, newHeapMemory(40<<10))
	}
	start := time.Now()
	b.pool.do(j, b.pool.threads)
	return work * float64(b.pool.threads) / time.Since(start).Seconds()
}

// readJob reads a stretch of memory front to back.
type readJob struct {
	v      *simd
	memory *memory
	sums   []float32 // 16 a piece: nobody needs them, but they must go somewhere
	each   int       // elements a piece
}

func (j *readJob) run(_, index int) {
	x, sums := j.memory.f32[index*j.each:(index+1)*j.each], j.sums[16*index:]
	if j.v == nil {
		sums[0] = dot(x, x)
		return
	}
	j.v.squares(&x[0], len(x), &sums[0])
}

// readBytes is what ReadSpeed reads: several times the last-level cache of today's machines.
const readBytes = 256 << 20

// readPieces is the number of stretches it is cut into.
const readPieces = 64

// ReadSpeed measures the bytes per second that all threads together read from memory, front to back: the bound of a
// product with few rows, which reads each weight once. The error is that of Alloc.
func (b *Backend) ReadSpeed() (float64, error) {
	m, err := b.reserve(readBytes, "memory to read")
	if err != nil {
		return 0, err
	}
	defer b.release(m)
	for i := range m.f32 {
		m.f32[i] = 1 // else every page is the same page of zeros
	}
	j := &readJob{v: b.isa.simd, memory: m, sums: make([]float32, 16*readPieces), each: readBytes / 4 / readPieces}
	best := time.Duration(1 << 62)
	for range 3 {
		start := time.Now()
		b.pool.do(j, readPieces)
		best = min(best, time.Since(start))
	}
	return readBytes / best.Seconds(), nil
}
