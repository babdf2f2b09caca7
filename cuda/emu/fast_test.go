package emu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/ptx"
)

// operands writes the operands of an instruction that has a fast version.
func operands(name string) string {
	word, wide, float := "%r", "%rd", "%f"
	switch {
	case strings.HasPrefix(name, "setp"):
		return "%p1, %r1, %r2"
	case strings.HasPrefix(name, "mul.wide"):
		return wide + "1, " + word + "1, " + word + "2"
	case name == "cvt.f32.f16":
		return "%f1, %h1"
	case name == "cvt.rn.f16.f32":
		return "%h1, %f1"
	case name == "cvt.u32.u16":
		return "%r1, %h1"
	case strings.HasPrefix(name, "ex2"):
		return "%f1, %f2"
	case strings.HasPrefix(name, "cvt.u32"):
		return "%r1, %rd1"
	case strings.HasPrefix(name, "cvt"):
		return "%rd1, %r1"
	case name == "shl.b64":
		return "%rd1, %rd2, %r1"
	}
	r := word
	if strings.HasSuffix(name, "f32") {
		r = float
	} else if strings.HasSuffix(name, "64") {
		r = wide
	}
	list := r + "1, " + r + "2, " + r + "3"
	if strings.HasPrefix(name, "mad") || strings.HasPrefix(name, "fma") {
		list += ", " + r + "4"
	}
	return list
}

// compileOne compiles one instruction of a device without checks.
func compileOne(t *testing.T, text string) *op {
	m, err := ptx.Parse("one.ptx", []byte(".version 8.4\n.target sm_80\n.address_size 64\n.entry k() {\n"+
		".reg .pred %p<5>; .reg .b32 %r<5>; .reg .f32 %f<5>; .reg .b64 %rd<5>; .reg .b16 %h<5>;\n"+text+"}"))
	require.NoError(t, err)
	ctx := &Context{drv: New(Options{Checks: None})}
	p, err := compile(&module{ctx: ctx, ptx: m}, m.Kernels()[0])
	require.NoError(t, err)
	return &p.ops[0]
}

// interesting are values at the edges of formats and of rounding.
var interesting = []uint64{0, 1, 2, 31, 32, 33, 63, 64, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 1 << 32, 1<<63 - 1, 1 << 63, ^uint64(0),
	of32(1), of32(-1), of32(0x1p-24), of32(1 + 0x1p-23), of32(0x1p-126), of32(0x1p-149), of32(math.MaxFloat32), 0x7f800000, 0xff800000, 0x7fc00000}

// randomLanes mixes edges, whole numbers and floating-point numbers of like magnitude, cut to the operand's width.
func randomLanes(r *rand.Rand, mask uint64) (v lanes) {
	for i := range v {
		switch r.IntN(4) {
		case 0:
			v[i] = interesting[r.IntN(len(interesting))]
		case 1:
			v[i] = uint64(r.IntN(100))
		case 2:
			v[i] = of32(float32(r.NormFloat64()))
		default:
			v[i] = r.Uint64()
		}
		v[i] &= mask
	}
	return v
}

func TestFastIsScalar(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, f := range fast {
		t.Run(name, func(t *testing.T) {
			delete(fast, name)
			slow := compileOne(t, name+" "+operands(name)+";")
			fast[name] = f
			mask := uint64(math.MaxUint32)
			if strings.HasSuffix(name, "64") {
				mask = math.MaxUint64
			} else if strings.HasSuffix(name, ".f16") || strings.HasSuffix(name, "u16") {
				mask = math.MaxUint16
			}
			for range 500 {
				a, b, c := randomLanes(r, mask), randomLanes(r, mask), randomLanes(r, mask)
				if !strings.HasPrefix(name, "mad") && !strings.HasPrefix(name, "fma") {
					c = lanes{} // what an instruction does not read is 0
				}
				var got, want lanes
				f(&got, &a, &b, &c)
				slow.compute(&want, &a, &b, &c)
				for i := range got {
					if got[i] != want[i] && !(strings.HasSuffix(name, "f32") && f32(got[i]) != f32(got[i]) && f32(want[i]) != f32(want[i])) {
						t.Fatalf("%s of %#x, %#x, %#x: got %#x, want %#x", name, a[i], b[i], c[i], got[i], want[i])
					}
				}
			}
		})
	}
}

func TestFastTestsAreScalar(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, f := range fastTests {
		delete(fastTests, name)
		slow := compileOne(t, name+" "+operands(name)+";")
		fastTests[name] = f
		for range 500 {
			a, b := randomLanes(r, math.MaxUint32), randomLanes(r, math.MaxUint32)
			require.Equal(t, slow.test(&a, &b), f(&a, &b), "%s of %#x and %#x", name, a, b)
		}
	}
}

// The scalar fma is held to big arithmetic elsewhere; here the loop meets the cases where binary64 rounds half-way.
func TestFmaRoundsOnce(t *testing.T) {
	for _, c := range []struct{ a, b, c, want float32 }{
		{1 + 0x1p-23, 1 + 0x1p-23, -1, 0x1p-22 + 0x1p-46},
		{0x1p-40, 0x1p-40, 1, 1},
		{1 + 0x1p-12, 1 + 0x1p-12, 0x1p-60, 1 + 0x1p-11 + 0x1p-23}, // half-way plus a little: up
		{1 + 0x1p-12, 1 + 0x1p-12, -0x1p-60, 1 + 0x1p-11},          // half-way less a little: down
		{0x1p-75, 0x1p-74, 0x1p-149, 0x1p-148},
	} {
		var d, x, y, z lanes
		x[0], y[0], z[0] = of32(c.a), of32(c.b), of32(c.c)
		fmaF32(&d, &x, &y, &z)
		require.Equal(t, c.want, f32(d[0]), fmt.Sprint(c))
	}
}
