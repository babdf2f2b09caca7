package drivertest

import (
	"fmt"

	"tiebreak/tensor"
)

// Fragments of mma, as the PTX manual draws them: g = lane/4 and t = lane%4.

// a and b are small numbers that make every element of a product different; they and all sums are exact in each type.
func elementA(row, k int) float32 { return float32((row*3+k*5)%7 - 3) }
func elementB(k, col int) float32 { return float32((k*2+col*3)%5 - 2) }
func elementC(row, col int) float32 {
	return float32(row - 2*col)
}

// product is the element of D = A·B + C over k columns of A.
func product(row, col, k int) float32 {
	sum := elementC(row, col)
	for i := range k {
		sum += elementA(row, i) * elementB(i, col)
	}
	return sum
}

// mma makes the vector of one shape and type. Inputs are formed in the kernel from three 64-bit words: A, B and the lane.
func mma(k int, typ, acc string) vector {
	pair := hh
	if typ == "bf16" {
		pair = bb
	}
	v := vector{name: fmt.Sprintf("mma m16n8k%d %s.%s", k, acc, typ), in: "b64 b64 b64 b64"}
	if k == 16 || typ == "bf16" {
		v.sm = 80
	}
	regsA := []string{"%a0", "%a1", "%a2", "%a3"}[:k/4]
	regsB := []string{"%b0", "%b1"}[:k/8]
	lists := func(r []string) string {
		s := ""
		for i, n := range r {
			if i > 0 {
				s += ", "
			}
			s += n
		}
		return "{" + s + "}"
	}
	c, d := "{%c0, %c1, %c2, %c3}", "{%d0, %d1, %d2, %d3}"
	v.out = "f32 f32 f32 f32"
	load := "mov.b64 {%c0, %c1}, %c; mov.b64 {%c2, %c3}, %e;"
	if acc == "f16" {
		c, d, v.out = "{%c0, %c1}", "{%d0, %d1}", "f16x2 f16x2"
		load = "mov.b64 {%c0, %c1}, %c;"
	}
	v.code = fmt.Sprintf(`.reg .b32 %%a0, %%a1, %%a2, %%a3, %%b0, %%b1, %%c0, %%c1, %%c2, %%c3; .reg .b64 %%more;
mov.b64 {%%a0, %%a1}, %%a; ld.global.b64 %%more, [%%in+32]; mov.b64 {%%a2, %%a3}, %%more; mov.b64 {%%b0, %%b1}, %%b; %s
mma.sync.aligned.m16n8k%d.row.col.%s.%s.%s.%s %s, %s, %s, %s;`, load, k, acc, typ, typ, acc, d, lists(regsA), lists(regsB), c)
	v.lanes = func(l int) ([]uint64, []uint64) {
		g, t := l/4, l%4
		fragA := func(row, k int) uint64 { return pair(elementA(row, k), elementA(row, k+1)) }
		in := []uint64{fragA(g, 2*t) | fragA(g+8, 2*t)<<32, pair(elementB(2*t, g), elementB(2*t+1, g)), 0, 0, 0}
		if k == 16 {
			in[1] |= pair(elementB(2*t+8, g), elementB(2*t+9, g)) << 32
			in[4] = fragA(g, 2*t+8) | fragA(g+8, 2*t+8)<<32
		}
		p := func(row, col int) float32 { return product(row, col, k) }
		if acc == "f16" {
			in[2] = hh(elementC(g, 2*t), elementC(g, 2*t+1)) | hh(elementC(g+8, 2*t), elementC(g+8, 2*t+1))<<32
			return in, []uint64{hh(p(g, 2*t), p(g, 2*t+1)), hh(p(g+8, 2*t), p(g+8, 2*t+1))}
		}
		in[2] = f(elementC(g, 2*t)) | f(elementC(g, 2*t+1))<<32
		in[3] = f(elementC(g+8, 2*t)) | f(elementC(g+8, 2*t+1))<<32
		return in, []uint64{f(p(g, 2*t)), f(p(g, 2*t+1)), f(p(g+8, 2*t)), f(p(g+8, 2*t+1))}
	}
	return v
}

// fill writes four 8x8 matrices of 16-bit numbers to shared memory: element (r, c) of matrix m is 256·m + 16·r + c. Lane l
// writes row l%8 of matrix l/8. Then %at is the address of that row.
const fill = `.shared .align 16 .b8 tile[512]; .reg .b32 %at, %m, %x0, %x1, %x2, %x3;
shl.b32 %at, %lane, 4; mov.u32 %m, tile; add.s32 %at, %at, %m; mul.lo.u32 %m, %lane, 2097184; shr.u32 %x0, %lane, 3; mul.lo.u32 %x0, %x0, 256;
and.b32 %x1, %lane, 7; shl.b32 %x1, %x1, 4; add.s32 %x0, %x0, %x1; mul.lo.u32 %x0, %x0, 65537; add.s32 %x0, %x0, 65536;
add.s32 %x1, %x0, 131074; add.s32 %x2, %x1, 131074; add.s32 %x3, %x2, 131074;
st.shared.v4.b32 [%at], {%x0, %x1, %x2, %x3}; bar.sync 0;
`

// element is the number at a place of the matrices that fill writes.
func element(m, r, c int) uint64 { return uint64(256*m + 16*r + c) }

func matrixVectors() []vector {
	plain := func(m, l int) uint64 { return element(m, l/4, l%4*2) | element(m, l/4, l%4*2+1)<<16 }
	trans := func(m, l int) uint64 { return element(m, l%4*2, l/4) | element(m, l%4*2+1, l/4)<<16 }
	return []vector{
		mma(8, "f16", "f32"), mma(8, "f16", "f16"), mma(8, "bf16", "f32"), mma(16, "f16", "f32"), mma(16, "f16", "f16"), mma(16, "bf16", "f32"),
		lane("ldmatrix.x1", "", "b32", fill+"ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%d}, [%at];",
			func(l int) ([]uint64, []uint64) { return nil, []uint64{plain(0, l)} }),
		lane("ldmatrix.x2.trans", "", "b32 b32", fill+"ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%d0, %d1}, [%at];",
			func(l int) ([]uint64, []uint64) { return nil, []uint64{trans(0, l), trans(1, l)} }),
		lane("ldmatrix.x4", "", "b32 b32 b32 b32", fill+"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%d0, %d1, %d2, %d3}, [%at];",
			func(l int) ([]uint64, []uint64) {
				return nil, []uint64{plain(0, l), plain(1, l), plain(2, l), plain(3, l)}
			}),
		lane("ldmatrix.x4.trans", "", "b32 b32 b32 b32", fill+"ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%d0, %d1, %d2, %d3}, [%at];",
			func(l int) ([]uint64, []uint64) {
				return nil, []uint64{trans(0, l), trans(1, l), trans(2, l), trans(3, l)}
			}),
	}
}

func asyncVectors() []vector {
	copyAsync := func(name, code string, want func(a, b uint64) (uint64, uint64)) vector {
		return vector{name: name, sm: 80, in: "b64 b64", out: "b64 b64",
			code: `.shared .align 16 .b8 rows[512]; .reg .b32 %row, %zero; mov.u32 %zero, rows; shl.b32 %row, %lane, 4; add.s32 %row, %row, %zero; mov.u32 %zero, -1;
st.shared.v4.b32 [%row], {%zero, %zero, %zero, %zero}; bar.sync 0;
` + code + ` cp.async.commit_group; cp.async.wait_group 0; bar.sync 0; ld.shared.v2.b64 {%d0, %d1}, [%row];`,
			lanes: func(l int) ([]uint64, []uint64) {
				a, b := uint64(l)<<40|5, uint64(l)<<20|6
				x, y := want(a, b)
				return []uint64{a, b}, []uint64{x, y}
			}}
	}
	return []vector{
		copyAsync("cp.async.cg 16", "cp.async.cg.shared.global [%row], [%in], 16;", func(a, b uint64) (uint64, uint64) { return a, b }),
		copyAsync("cp.async.ca 8", "cp.async.ca.shared.global [%row+8], [%in], 8;", func(a, _ uint64) (uint64, uint64) { return s64(-1), a }),
		copyAsync("cp.async.ca 4", "cp.async.ca.shared.global [%row], [%in], 4;", func(a, _ uint64) (uint64, uint64) { return a&0xffffffff | 0xffffffff<<32, s64(-1) }),
		copyAsync("cp.async of a part, the rest zeros", ".reg .b32 %n; mov.u32 %n, 4; cp.async.cg.shared.global [%row], [%in], 16, %n;",
			func(a, _ uint64) (uint64, uint64) { return a & 0xffffffff, 0 }),
		copyAsync("cp.async.wait_all", "cp.async.cg.shared.global [%row], [%in], 16; cp.async.wait_all;", func(a, b uint64) (uint64, uint64) { return a, b }),
		copyAsync("cp.async in two groups", `cp.async.ca.shared.global [%row], [%in], 8; cp.async.commit_group; cp.async.ca.shared.global [%row+8], [%in+8], 8; cp.async.commit_group;
cp.async.wait_group 1; cp.async.wait_group 0;`, func(a, b uint64) (uint64, uint64) { return a, b }),
		copyAsync("cp.async of nothing", ".reg .b32 %n; .reg .b64 %no; mov.u32 %n, 0; cp.async.cg.shared.global [%row], [%in], 16, %n;",
			func(uint64, uint64) (uint64, uint64) { return 0, 0 }),
	}
}

// half16 is used by tests of this package to be sure that every element is exact in a half type.
func half16(v float32) bool {
	return tensor.F16Value(tensor.F16FromFloat32(v)) == v && tensor.BF16Value(tensor.BF16FromFloat32(v)) == v
}
