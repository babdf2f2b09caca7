package drivertest

import "math"

// Numbers around 1: one is followed by above, in units of 2^-23; below precedes it by 2^-24.
var (
	above = math.Float32frombits(0x3f800001)
	below = math.Float32frombits(0x3f7fffff)
)

func floatVectors() []vector {
	return []vector{
		two("add.f32", "f32", "add.f32 %d, %a, %b;", []uint64{f(1.5), f(2.25), f(3.75)}, []uint64{f(1), f(0x1p-24), f(1)},
			[]uint64{f(above), f(0x1p-24), f(math.Float32frombits(0x3f800002))}, []uint64{f(inf), f(-inf), f(nan)},
			[]uint64{f(small), f(small), f(2 * small)}, []uint64{f(negZ), f(negZ), f(negZ)}, []uint64{f(math.MaxFloat32), f(math.MaxFloat32), f(inf)}),
		two("add.ftz.f32", "f32", "add.ftz.f32 %d, %a, %b;", []uint64{f(small), f(small), 0}, []uint64{f(1), f(small), f(1)}),
		two("add.rz.f32", "f32", "add.rz.f32 %d, %a, %b;", []uint64{f(1), f(-0x1p-40), f(below)}, []uint64{f(1), f(0x1.8p-24), f(1)},
			[]uint64{f(-1), f(-0x1.8p-24), f(-1)}),
		two("add.rm.f32", "f32", "add.rm.f32 %d, %a, %b;", []uint64{f(-1), f(-0x1p-60), f(-above)}, []uint64{f(1), f(0x1p-60), f(1)},
			[]uint64{f(1), f(-1), f(negZ)}),
		two("add.rp.f32", "f32", "add.rp.f32 %d, %a, %b;", []uint64{f(1), f(0x1p-60), f(above)}, []uint64{f(-1), f(-0x1p-60), f(-1)}),
		two("add.sat.f32", "f32", "add.sat.f32 %d, %a, %b;", []uint64{f(1), f(2), f(1)}, []uint64{f(-1), f(0.5), 0}, []uint64{f(nan), f(2), 0},
			[]uint64{f(0.25), f(0.5), f(0.75)}),
		two("sub.f32", "f32", "sub.f32 %d, %a, %b;", []uint64{f(1.5), f(2.25), f(-0.75)}, []uint64{f(inf), f(inf), f(nan)}),
		two("mul.f32", "f32", "mul.f32 %d, %a, %b;", []uint64{f(1.5), f(2.5), f(3.75)}, []uint64{f(above), f(above), f(math.Float32frombits(0x3f800002))},
			[]uint64{f(0), f(inf), f(nan)}, []uint64{f(0x1p-100), f(0x1p-49), f(tiny)}, []uint64{f(0x1p-100), f(0x1p-50), 0}),
		two("mul.rz.f32", "f32", "mul.rz.f32 %d, %a, %b;", []uint64{f(below), f(below), f(math.Float32frombits(0x3f7ffffe))}),
		two("mul.rp.f32", "f32", "mul.rp.f32 %d, %a, %b;", []uint64{f(above), f(above), f(math.Float32frombits(0x3f800003))}),
		two("mul.ftz.f32", "f32", "mul.ftz.f32 %d, %a, %b;", []uint64{f(0x1p-100), f(-0x1p-40), f(negZ)}, []uint64{f(small), f(4), 0}),
		three("fma.rn.f32", "f32", "fma.rn.f32 %d, %a, %b, %c;", []uint64{f(2), f(3), f(4), f(10)},
			// The product is 1+2^-22+2^-46: half a unit above an odd number, decided by what binary64 keeps too.
			[]uint64{f(above), f(above), f(-1), f(0x1p-22 + 0x1p-46)},
			// 1 + 2^-24 is half-way; the product adds 2^-80, which binary64 cannot hold beside it.
			[]uint64{f(0x1p-40), f(0x1p-40), f(1), f(1)}, []uint64{f(0x1.000002p-24), f(0x1p-0), f(1), f(above)},
			[]uint64{f(inf), f(0), f(1), f(nan)}, []uint64{f(0x1p-75), f(0x1p-74), f(0), f(tiny)}),
		three("fma.rm.f32", "f32", "fma.rm.f32 %d, %a, %b, %c;", []uint64{f(0x1p-40), f(-0x1p-40), f(1), f(below)},
			[]uint64{f(0x1p-40), f(0x1p-40), f(1), f(1)}),
		three("fma.rz.f32", "f32", "fma.rz.f32 %d, %a, %b, %c;", []uint64{f(0x1p-40), f(-0x1p-40), f(1), f(below)},
			[]uint64{f(0x1p-40), f(0x1p-40), f(1), f(1)}),
		three("fma.rp.f32", "f32", "fma.rp.f32 %d, %a, %b, %c;", []uint64{f(0x1p-40), f(0x1p-40), f(1), f(above)}),
		three("fma.rn.ftz.f32", "f32", "fma.rn.ftz.f32 %d, %a, %b, %c;", []uint64{f(small), f(1), f(2), f(2)}),
		two("div.rn.f32", "f32", "div.rn.f32 %d, %a, %b;", []uint64{f(1), f(3), f(1.0 / 3)}, []uint64{f(1), 0, f(inf)}, []uint64{0, 0, f(nan)},
			[]uint64{f(7), f(-2), f(-3.5)}),
		{name: "div.approx.f32", in: "f32 f32", out: "f32", code: "div.approx.f32 %d, %a, %b;", ulps: 2, cases: [][]uint64{{f(1), f(3), f(1.0 / 3)}}},
		{name: "div.full.f32", in: "f32 f32", out: "f32", code: "div.full.f32 %d, %a, %b;", ulps: 2, cases: [][]uint64{{f(10), f(7), f(10.0 / 7)}}},
		one("rcp.rn.f32", "f32", "rcp.rn.f32 %d, %a;", []uint64{f(3), f(1.0 / 3)}, []uint64{f(negZ), f(-inf)}),
		one("sqrt.rn.f32", "f32", "sqrt.rn.f32 %d, %a;", []uint64{f(2), f(float32(math.Sqrt2))}, []uint64{f(-1), f(nan)}, []uint64{f(9), f(3)}),
		one("abs.f32", "f32", "abs.f32 %d, %a;", []uint64{f(-2.5), f(2.5)}, []uint64{f(negZ), 0}),
		one("neg.f32", "f32", "neg.f32 %d, %a;", []uint64{f(2.5), f(-2.5)}, []uint64{0, f(negZ)}),
		one("abs.ftz.f32", "f32", "abs.ftz.f32 %d, %a;", []uint64{f(-small), 0}, []uint64{f(-3), f(3)}),
		one("neg.f64", "f64", "neg.f64 %d, %a;", []uint64{df(2), df(-2)}),
		one("rcp.rn.f64", "f64", "rcp.rn.f64 %d, %a;", []uint64{df(3), df(1.0 / 3)}),
		two("max.f64", "f64", "max.f64 %d, %a, %b;", []uint64{df(2), df(-2), df(2)}),
		two("min.f32", "f32", "min.f32 %d, %a, %b;", []uint64{f(1), f(2), f(1)}, []uint64{f(nan), f(2), f(2)}, []uint64{f(negZ), 0, f(negZ)},
			[]uint64{f(nan), f(nan), f(nan)}),
		two("max.f32", "f32", "max.f32 %d, %a, %b;", []uint64{f(1), f(2), f(2)}, []uint64{f(1), f(nan), f(1)}, []uint64{f(negZ), 0, 0},
			[]uint64{f(-inf), f(-3), f(-3)}),
		two("add.f64", "f64", "add.f64 %d, %a, %b;", []uint64{df(1), df(0x1p-53), df(1)}, []uint64{df(0.5), df(0.25), df(0.75)}),
		two("mul.f64", "f64", "mul.f64 %d, %a, %b;", []uint64{df(1.5), df(-2), df(-3)}),
		three("fma.rn.f64", "f64", "fma.rn.f64 %d, %a, %b, %c;", []uint64{df(1 + 0x1p-52), df(1 + 0x1p-52), df(-1), df(0x1p-51 + 0x1p-104)}),
		two("div.rn.f64", "f64", "div.rn.f64 %d, %a, %b;", []uint64{df(1), df(3), df(1.0 / 3)}),
		{name: "testp", in: "f32", out: "b32 b32 b32", code: `.reg .pred %p, %q, %s; testp.finite.f32 %p, %a; testp.notanumber.f32 %q, %a;
testp.subnormal.f32 %s, %a; selp.b32 %d0, 1, 0, %p; selp.b32 %d1, 1, 0, %q; selp.b32 %d2, 1, 0, %s;`,
			cases: [][]uint64{{f(1), 1, 0, 0}, {f(inf), 0, 0, 0}, {f(nan), 0, 1, 0}, {f(small), 1, 0, 1}, {0, 1, 0, 0}}},
	}
}

func halfVectors() []vector {
	return []vector{
		two("add.f16", "f16", "add.f16 %d, %a, %b;", []uint64{h(1.5), h(2.25), h(3.75)}, []uint64{h(2048), h(1), h(2048)}, []uint64{h(2050), h(1), h(2052)},
			[]uint64{h(65504), h(65504), h(inf)}, []uint64{1, 1, 2}),
		two("add.f16x2", "f16x2", "add.f16x2 %d, %a, %b;", []uint64{hh(1, -2), hh(0.5, 4), hh(1.5, 2)}),
		two("sub.f16x2", "f16x2", "sub.f16x2 %d, %a, %b;", []uint64{hh(1, -2), hh(0.5, 4), hh(0.5, -6)}),
		two("mul.f16x2", "f16x2", "mul.f16x2 %d, %a, %b;", []uint64{hh(1.5, -2), hh(0.5, 4), hh(0.75, -8)}, []uint64{hh(300, 300), hh(300, 0.001), hh(inf, 0.3)}),
		three("fma.rn.f16", "f16", "fma.rn.f16 %d, %a, %b, %c;", []uint64{h(2), h(3), h(4), h(10)},
			// (1+2^-10)² - 1 keeps the square's last bit.
			[]uint64{h(1 + 0x1p-10), h(1 + 0x1p-10), h(-1), h(0x1p-9 + 0x1p-20)}),
		three("fma.rn.f16x2", "f16x2", "fma.rn.f16x2 %d, %a, %b, %c;", []uint64{hh(2, -1), hh(3, 5), hh(4, 0.5), hh(10, -4.5)}),
		one("neg.f16x2", "f16x2", "neg.f16x2 %d, %a;", []uint64{hh(1, -2), hh(-1, 2)}),
		one("abs.f16", "f16", "abs.f16 %d, %a;", []uint64{h(-1), h(1)}),
		two("add.sat.f16", "f16", "add.sat.f16 %d, %a, %b;", []uint64{h(0.75), h(0.75), h(1)}, []uint64{h(-3), h(1), 0}),
		{name: "fma.rn.relu.f16", sm: 80, in: "f16 f16 f16", out: "f16", code: "fma.rn.relu.f16 %d, %a, %b, %c;",
			cases: [][]uint64{{h(1), h(2), h(3), h(5)}, {h(-1), h(5), h(2), 0}}},
		{name: "neg.bf16", sm: 80, in: "bf16", out: "bf16", code: "neg.bf16 %d, %a;", cases: [][]uint64{{bh(2), bh(-2)}}},
		{name: "max.NaN.f32", sm: 80, in: "f32 f32", out: "f32", code: "max.NaN.f32 %d, %a, %b;", cases: [][]uint64{{f(nan), f(1), f(nan)}, {f(2), f(1), f(2)}}},
		{name: "max.f16x2", sm: 80, in: "f16x2 f16x2", out: "f16x2", code: "max.f16x2 %d, %a, %b;", cases: [][]uint64{{hh(1, nan), hh(2, -3), hh(2, -3)}}},
		{name: "fma.rn.bf16x2", sm: 80, in: "bf16x2 bf16x2 bf16x2", out: "bf16x2", code: "fma.rn.bf16x2 %d, %a, %b, %c;",
			cases: [][]uint64{{bb(2, -1), bb(3, 5), bb(4, 0.5), bb(10, -4.5)}, {bb(1, 1), bb(1, 1), bb(0x1p-9, 0x1.8p-8), bb(1, 1+0x1p-7)}}},
		{name: "max.bf16x2", sm: 80, in: "bf16x2 bf16x2", out: "bf16x2", code: "max.bf16x2 %d, %a, %b;", cases: [][]uint64{{bb(1, -4), bb(2, -3), bb(2, -3)}}},
	}
}

func specialVectors() []vector {
	near := func(name, code string, ulps float64, cases ...[]uint64) vector {
		return vector{name: name, in: "f32", out: "f32", code: code, ulps: ulps, cases: cases}
	}
	single := func(v float64) uint64 { return f(float32(v)) }
	return []vector{
		near("ex2.approx.f32", "ex2.approx.f32 %d, %a;", 2, []uint64{f(0.5), single(math.Sqrt2)}, []uint64{f(-3), f(0.125)}, []uint64{f(-inf), 0},
			[]uint64{f(200), f(inf)}, []uint64{f(nan), f(nan)}),
		near("ex2.approx.ftz.f32", "ex2.approx.ftz.f32 %d, %a;", 2, []uint64{f(10), f(1024)}, []uint64{f(-140), 0}),
		near("lg2.approx.f32", "lg2.approx.f32 %d, %a;", 2, []uint64{f(8), f(3)}, []uint64{f(10), single(math.Log2(10))}, []uint64{0, f(-inf)},
			[]uint64{f(-1), f(nan)}),
		near("rcp.approx.f32", "rcp.approx.f32 %d, %a;", 1, []uint64{f(3), f(1.0 / 3)}, []uint64{f(inf), 0}, []uint64{0, f(inf)}),
		near("rcp.approx.ftz.f32", "rcp.approx.ftz.f32 %d, %a;", 1, []uint64{f(-7), f(-1.0 / 7)}),
		near("rsqrt.approx.f32", "rsqrt.approx.f32 %d, %a;", 2, []uint64{f(2), single(1 / math.Sqrt2)}, []uint64{0, f(inf)}, []uint64{f(negZ), f(-inf)},
			[]uint64{f(-1), f(nan)}),
		near("sqrt.approx.f32", "sqrt.approx.f32 %d, %a;", 2, []uint64{f(2), single(math.Sqrt2)}),
		near("sin.approx.f32", "sin.approx.f32 %d, %a;", 16, []uint64{f(0.5), single(math.Sin(0.5))}, []uint64{f(2), single(math.Sin(2))}),
		near("cos.approx.f32", "cos.approx.f32 %d, %a;", 16, []uint64{f(0.5), single(math.Cos(0.5))}, []uint64{0, f(1)}),
		// The manual allows tanh a relative error of 2^-11.
		near("tanh.approx.f32", "tanh.approx.f32 %d, %a;", 1<<12, []uint64{f(0.5), single(math.Tanh(0.5))}, []uint64{f(20), f(1)}),
	}
}
