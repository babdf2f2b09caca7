package cpu

import (
	"tiebreak/backend"
	"tiebreak/tensor"
)

// panels is a weight [N,K] in the order in which kernels read it. A panel holds width rows of the weight (columns of the
// product), the last one fewer, turned so that those rows lie side by side:
//
//	panel: [steps][columns] elements of 4 bytes, columns a multiple of the lanes
//
// An element is a float32, or the two halves k = 2·step and 2·step+1 of one row, in the type that the weight is stored in.
// A kernel then walks a panel front to back. What does not exist (columns past N, steps past K) is 0.
//
// A weight for GatedMatMul has two such matrices, gate and up, whose panels alternate.
type panels struct {
	mem     *memory
	n       int // rows of the weight, of each half if there are two
	width   int
	columns int // of the last panel
	steps   int // of K, a multiple of 8 as transpose wants
	halves  int // 2: gate and up
}

func newPanels(v *simd, d tensor.DType, n, k, halves int) panels {
	p := panels{n: n / halves, width: v.width, steps: roundUp(stepsOf(d, k), 8), halves: halves}
	p.columns = roundUp(p.n-(p.count()-1)*p.width, v.lanes)
	return p
}

// stepsOf is the number of elements of 4 bytes that hold K values of type d.
func stepsOf(d tensor.DType, k int) int { return (k*d.Size() + 3) / 4 }

// count is the number of panels, of pairs of panels if there are two halves.
func (p *panels) count() int { return (p.n + p.width - 1) / p.width }

// padded is the number of columns of panel j, those that do not exist included.
func (p *panels) padded(j int) int {
	if j == p.count()-1 {
		return p.columns
	}
	return p.width
}

// bytes is the size of all panels.
func (p *panels) bytes() int64 {
	return 4 * int64(p.halves) * int64(p.steps) * int64((p.count()-1)*p.width+p.columns)
}

// panel is panel j of one half.
func (p *panels) panel(j, half int) []byte {
	size := 4 * p.steps * p.padded(j)
	start := 4*p.steps*p.width*j*p.halves + size*half
	return p.mem.bytes[start : start+size]
}

// stack is the rows of several matrices with equally many columns, one below the other.
type stack []tensor.Tensor

// row is row n of the stack, and how many rows follow it in the same matrix, itself included.
func (s stack) row(n int) (rows []byte, left int) {
	for _, p := range s {
		if n < p.Shape[0] {
			size := p.Shape[1] * p.DType.Size()
			return p.Data[n*size:], p.Shape[0] - n
		}
		n -= p.Shape[0]
	}
	return nil, 0
}

// packJob fills panels; each piece is one panel, or pair of panels.
type packJob struct {
	b   *Backend
	to  *panels
	src stack
	row int // bytes in a row
}

func (j *packJob) run(worker, index int) {
	for half := range j.to.halves {
		n := index * j.to.width
		j.pack(j.to.panel(index, half), worker, half*j.to.n+n, min(j.to.width, j.to.n-n), j.to.padded(index))
	}
}

// packSteps is how far one strip of a panel is filled before the next one is: what is written stays in the nearest cache
// until its lines are full.
const packSteps = 128

// pack fills a panel of padded columns with rows n to n+rows of the stack.
func (j *packJob) pack(dst []byte, worker, n, rows, padded int) {
	for k := 0; k < j.to.steps; k += packSteps {
		steps := min(packSteps, j.to.steps-k)
		for r := 0; r < padded; r += 8 {
			at := dst[4*(k*padded+r):]
			src, left := j.src.row(n + r)
			if min(left, rows-r) >= 8 && 4*(k+steps) <= j.row {
				j.b.isa.simd.transpose(&at[0], 4*padded, &src[4*k], j.row, steps)
				continue
			}
			tmp := j.b.scratch[worker].copied.grow(8 * 4 * packSteps)
			j.copyRows(tmp, n+r, min(8, rows-r), 4*k, 4*steps)
			j.b.isa.simd.transpose(&at[0], 4*padded, &tmp[0], 4*steps, steps)
		}
	}
}

// copyRows copies bytes from to from+size of up to 8 rows, whatever matrix they are in, and fills up with 0.
func (j *packJob) copyRows(dst []byte, n, rows, from, size int) {
	clear(dst[:8*size])
	for r := range max(0, rows) {
		src, _ := j.src.row(n + r)
		copy(dst[r*size:(r+1)*size], src[min(from, j.row):j.row])
	}
}

// buffer is memory of one worker that only grows; its contents are undefined.
type buffer struct{ m *memory }

func (b *buffer) grow(n int) []byte {
	if b.m == nil || len(b.m.bytes) < n {
		b.m = newHeapMemory(n + n/4)
	}
	return b.m.bytes
}

// floats is at least n elements of the buffer as float32.
func (b *buffer) floats(n int) []float32 {
	b.grow(4 * n)
	return b.m.f32
}

// left is the left side of a product, x [T,K], in the order in which kernels read it: groups of rows, each turned so
// that its rows lie side by side.
//
//	group: [steps][rows] elements of 4 bytes
//
// An element is a float32, whatever the type of x, or for products of BF16 by BF16 a pair of neighbours in K. Rows past T
// and steps past K are 0. A single row is a group of its own, so that it takes no more memory than x.
type left struct {
	buffer
	rows, steps int
	group       int
	pairs       bool
}

// at is the memory from row r, step k on. The next step of the row lies 4·group bytes further.
func (l *left) at(r, k int) []byte {
	return l.m.bytes[4*((r/l.group*l.steps+k)*l.group+r%l.group):]
}

// leftJob fills the left side; each piece is 8 rows, or the only one.
type leftJob struct {
	b *Backend
	x backend.Tensor
}

// packLeft prepares x.
func (b *Backend) packLeft(x backend.Tensor, pairs bool) {
	l := &b.left
	l.rows, l.pairs, l.group = x.Rows, pairs, b.isa.simd.group
	if x.Rows == 1 {
		l.group = 1
	}
	l.steps = roundUp(x.Cols, 8)
	if pairs {
		l.steps = roundUp(stepsOf(x.DType, x.Cols), 8)
	}
	rows := roundUp(x.Rows, l.group)
	l.grow(4 * rows * l.steps)
	b.jobs.left = leftJob{b: b, x: x}
	b.pool.do(&b.jobs.left, (rows+7)/8)
}

func (j *leftJob) run(worker, index int) {
	l, r := &j.b.left, 8*index
	dst := l.at(r, 0)
	rows := max(0, min(8, j.x.Rows-r))
	direct := l.pairs || j.x.DType == tensor.F32
	if rows == 8 && direct && j.x.Cols*j.x.DType.Size() == 4*l.steps {
		size := j.x.DType.Size()
		src := j.x.Mem.(*memory).bytes[(j.x.Offset+r*j.x.Stride)*size:]
		j.b.isa.simd.transpose(&dst[0], 4*l.group, &src[0], j.x.Stride*size, l.steps)
		return
	}
	if l.group == 1 {
		j.copyRow(dst[:4*l.steps], 0)
		return
	}
	tmp := j.b.scratch[worker].copied.grow(8 * 4 * l.steps)
	for i := range 8 {
		row := tmp[4*i*l.steps : 4*(i+1)*l.steps]
		if i < rows {
			j.copyRow(row, r+i)
		} else {
			clear(row)
		}
	}
	j.b.isa.simd.transpose(&dst[0], 4*l.group, &tmp[0], 4*l.steps, l.steps)
}

// copyRow copies row i of x as elements of the left side, with 0 behind it.
func (j *leftJob) copyRow(dst []byte, i int) {
	n := 4 * j.x.Cols
	if j.b.left.pairs || j.x.DType == tensor.F32 {
		n = copy(dst, rowBytes(j.x, i))
	} else {
		j.b.isa.widen(tensor.CastFloat32(dst[:n]), u16Row(j.x, i), j.x.DType)
	}
	clear(dst[n:])
}
