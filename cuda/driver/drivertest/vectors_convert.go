package drivertest

import "math"

// cvt is a vector of one conversion.
func cvt(code, in, out string, cases ...[]uint64) vector {
	return vector{name: code, in: in, out: out, code: code + " %d, %a;", cases: cases}
}

func convertVectors() []vector {
	return []vector{
		cvt("cvt.u64.u32", "b32", "b64", []uint64{0xfffffff0, 0xfffffff0}),
		cvt("cvt.s64.s32", "b32", "b64", []uint64{s32(-2), s64(-2)}),
		cvt("cvt.u32.u64", "b64", "b32", []uint64{1<<40 | 7, 7}),
		cvt("cvt.u16.u32", "b32", "b16", []uint64{0x12345678, 0x5678}),
		cvt("cvt.s32.s16", "b16", "b32", []uint64{s16(-2), s32(-2)}),
		cvt("cvt.s32.s8", "b32", "b32", []uint64{0x1fe, s32(-2)}),
		cvt("cvt.u32.u8", "b32", "b32", []uint64{0x1fe, 0xfe}),
		cvt("cvt.sat.u8.s32", "b32", "b32", []uint64{300, 255}, []uint64{s32(-5), 0}),
		cvt("cvt.sat.s16.s32", "b32", "b16", []uint64{70000, 0x7fff}, []uint64{s32(-70000), 0x8000}),
		cvt("cvt.rzi.s32.f32", "f32", "b32", []uint64{f(-2.7), s32(-2)}, []uint64{f(1e20), 0x7fffffff}, []uint64{f(-1e20), 0x80000000}, []uint64{f(nan), 0}),
		cvt("cvt.rni.s32.f32", "f32", "b32", []uint64{f(2.5), 2}, []uint64{f(3.5), 4}, []uint64{f(-2.5), s32(-2)}),
		cvt("cvt.rmi.s32.f32", "f32", "b32", []uint64{f(-2.1), s32(-3)}),
		cvt("cvt.rpi.s32.f32", "f32", "b32", []uint64{f(2.1), 3}),
		cvt("cvt.rzi.u32.f32", "f32", "b32", []uint64{f(-1), 0}, []uint64{f(3e9), 3000000000}, []uint64{f(inf), 0xffffffff}),
		cvt("cvt.rzi.u64.f32", "f32", "b64", []uint64{f(0x1p40), 1 << 40}),
		cvt("cvt.rzi.s64.f32", "f32", "b64", []uint64{f(-0x1p40), s64(-1 << 40)}, []uint64{f(nan), 1 << 63}),
		cvt("cvt.rzi.ftz.s32.f32", "f32", "b32", []uint64{f(-1.5), s32(-1)}, []uint64{f(small), 0}),
		cvt("cvt.rni.f16.f16", "f16", "f16", []uint64{h(2.5), h(2)}, []uint64{h(-1.5), h(-2)}),
		cvt("cvt.rn.f16.s32", "b32", "f16", []uint64{s32(-7), h(-7)}, []uint64{70000, h(inf)}),
		cvt("cvt.rn.ftz.f32.f64", "f64", "f32", []uint64{df(0x1p-130), 0}, []uint64{df(2), f(2)}),
		cvt("cvt.rni.f32.f32", "f32", "f32", []uint64{f(2.5), f(2)}, []uint64{f(-3.7), f(-4)}),
		cvt("cvt.rmi.f32.f32", "f32", "f32", []uint64{f(2.9), f(2)}, []uint64{f(-2.1), f(-3)}),
		cvt("cvt.rpi.f32.f32", "f32", "f32", []uint64{f(2.1), f(3)}),
		cvt("cvt.sat.f32.f32", "f32", "f32", []uint64{f(2.5), f(1)}, []uint64{f(-3), 0}, []uint64{f(nan), 0}, []uint64{f(0.3), f(0.3)}),
		cvt("cvt.rn.f32.s32", "b32", "f32", []uint64{s32(-3), f(-3)}, []uint64{16777217, f(16777216)}, []uint64{16777219, f(16777220)}),
		cvt("cvt.rz.f32.s32", "b32", "f32", []uint64{16777219, f(16777218)}),
		cvt("cvt.rn.f32.u32", "b32", "f32", []uint64{0xffffffff, f(0x1p32)}),
		cvt("cvt.rn.f32.u64", "b64", "f32", []uint64{1<<63 | 1, f(0x1p63)}),
		cvt("cvt.rn.f64.s32", "b32", "f64", []uint64{s32(-3), df(-3)}),
		cvt("cvt.rn.f64.s64", "b64", "f64", []uint64{s64(-3), df(-3)}),
		cvt("cvt.f64.f32", "f32", "f64", []uint64{f(-1.5), df(-1.5)}),
		cvt("cvt.rn.f32.f64", "f64", "f32", []uint64{df(1 + 0x1p-24), f(1)}, []uint64{df(1 + 0x1.8p-24), f(above)}),
		cvt("cvt.rp.f32.f64", "f64", "f32", []uint64{df(1 + 0x1p-40), f(above)}),
		cvt("cvt.f32.f16", "f16", "f32", []uint64{h(1.5), f(1.5)}, []uint64{1, f(0x1p-24)}, []uint64{0x7c00, f(inf)}, []uint64{0x8000, f(negZ)}),
		cvt("cvt.rn.f16.f32", "f32", "f16", []uint64{f(1.5), h(1.5)}, []uint64{f(1 + 0x1p-11), h(1)}, []uint64{f(1 + 0x1.8p-10), h(1 + 0x1p-9)},
			[]uint64{f(65519), h(65504)}, []uint64{f(65520), 0x7c00}, []uint64{f(0x1p-25), 0}, []uint64{f(0x1.8p-25), 1}, []uint64{f(0x1p-15), 0x0200},
			[]uint64{f(negZ), 0x8000}, []uint64{f(nan), 0x7e00}),
		cvt("cvt.rz.f16.f32", "f32", "f16", []uint64{f(1 + 0x1.fp-11), h(1)}, []uint64{f(1e9), h(65504)}),
		{name: "cvt.rn.f16x2.f32", sm: 80, in: "f32 f32", out: "f16x2", code: "cvt.rn.f16x2.f32 %d, %a, %b;", cases: [][]uint64{{f(1.5), f(-2), hh(-2, 1.5)}}},
		{name: "cvt.rn.bf16x2.f32", sm: 80, in: "f32 f32", out: "bf16x2", code: "cvt.rn.bf16x2.f32 %d, %a, %b;",
			cases: [][]uint64{{f(1.5), f(-2), bb(-2, 1.5)}, {f(1 + 0x1p-8), f(1 + 0x1.8p-7), bb(1+0x1p-6, 1)}}},
		{name: "cvt.rn.bf16.f32", sm: 80, in: "f32", out: "bf16", code: "cvt.rn.bf16.f32 %d, %a;",
			cases: [][]uint64{{f(1 + 0x1p-8), bh(1)}, {f(1 + 0x1.8p-7), bh(1 + 0x1p-6)}, {f(inf), 0x7f80}, {f(math.MaxFloat32), 0x7f80}, {f(negZ), 0x8000}}},
		{name: "cvt.rn.relu.f16x2.f32", sm: 80, in: "f32 f32", out: "f16x2", code: "cvt.rn.relu.f16x2.f32 %d, %a, %b;", cases: [][]uint64{{f(1.5), f(-2), hh(0, 1.5)}}},
	}
}

// set turns predicate %p into the number %d.
const set = " selp.b32 %d, 1, 0, %p;"

func compare(name, typ, code string, cases ...[]uint64) vector {
	return vector{name: name, in: typ + " " + typ, out: "b32", code: ".reg .pred %p; " + code + set, cases: cases}
}

func compareVectors() []vector {
	return []vector{
		compare("setp.lt.s32", "b32", "setp.lt.s32 %p, %a, %b;", []uint64{s32(-1), 1, 1}, []uint64{1, 1, 0}),
		compare("setp.lt.u32", "b32", "setp.lt.u32 %p, %a, %b;", []uint64{s32(-1), 1, 0}, []uint64{1, 2, 1}),
		compare("setp.ge.s64", "b64", "setp.ge.s64 %p, %a, %b;", []uint64{s64(-1), 1, 0}, []uint64{1, 1, 1}),
		compare("setp.eq.b16", "b16", "setp.eq.b16 %p, %a, %b;", []uint64{7, 7, 1}, []uint64{7, 8, 0}),
		compare("setp.hi.u32", "b32", "setp.hi.u32 %p, %a, %b;", []uint64{s32(-1), 1, 1}),
		compare("setp.lt.f32", "f32", "setp.lt.f32 %p, %a, %b;", []uint64{f(1), f(2), 1}, []uint64{f(nan), f(2), 0}, []uint64{f(negZ), 0, 0}),
		compare("setp.ltu.f32", "f32", "setp.ltu.f32 %p, %a, %b;", []uint64{f(1), f(2), 1}, []uint64{f(nan), f(2), 1}, []uint64{f(2), f(1), 0}),
		compare("setp.neu.f32", "f32", "setp.neu.f32 %p, %a, %b;", []uint64{f(1), f(1), 0}, []uint64{f(nan), f(nan), 1}),
		compare("setp.ne.f32", "f32", "setp.ne.f32 %p, %a, %b;", []uint64{f(nan), f(nan), 0}, []uint64{f(1), f(3), 1}),
		compare("setp.num.f32", "f32", "setp.num.f32 %p, %a, %b;", []uint64{f(1), f(nan), 0}, []uint64{f(1), f(3), 1}),
		compare("setp.nan.f32", "f32", "setp.nan.f32 %p, %a, %b;", []uint64{f(1), f(nan), 1}, []uint64{f(1), f(3), 0}),
		compare("setp.eq.ftz.f32", "f32", "setp.eq.ftz.f32 %p, %a, %b;", []uint64{f(small), 0, 1}),
		compare("setp.gt.f16", "f16", "setp.gt.f16 %p, %a, %b;", []uint64{h(2), h(1), 1}, []uint64{h(-2), h(1), 0}),
		compare("setp.lt.and.s32", "b32", ".reg .pred %q; setp.gt.s32 %q, %a, 10; setp.lt.and.s32 %p, %a, %b, !%q;", []uint64{5, 6, 1},
			[]uint64{11, 12, 0}, []uint64{5, 4, 0}),
		{name: "setp pair", in: "b32 b32", out: "b32 b32", code: ".reg .pred %p, %q; setp.lt.s32 %p|%q, %a, %b; selp.b32 %d0, 1, 0, %p; selp.b32 %d1, 1, 0, %q;",
			cases: [][]uint64{{1, 2, 1, 0}, {2, 1, 0, 1}}},
		compare("predicates", "b32", `.reg .pred %q, %s; setp.ne.s32 %q, %a, 0; setp.ne.s32 %s, %b, 0; and.pred %p, %q, %s; not.pred %q, %p;
xor.pred %p, %q, %s; or.pred %p, %p, %q; mov.pred %q, %p; mov.pred %p, %q;`, []uint64{0, 0, 1}, []uint64{0, 1, 1}, []uint64{1, 0, 1}, []uint64{1, 1, 1}),
		compare("mov.pred constant", "b32", "mov.pred %p, 0; @!%p mov.pred %p, -1;", []uint64{0, 0, 1}),
		{name: "selp.f32", in: "f32 f32 b32", out: "f32", code: ".reg .pred %p; setp.ne.s32 %p, %c, 0; selp.f32 %d, %a, %b, %p;",
			cases: [][]uint64{{f(1), f(2), 1, f(1)}, {f(1), f(2), 0, f(2)}}},
		{name: "selp.b64 negated", in: "b64 b64 b32", out: "b64", code: ".reg .pred %p; setp.eq.s32 %p, %c, 0; selp.b64 %d, %b, %a, %p;",
			cases: [][]uint64{{1, 2, 1, 1}, {1, 2, 0, 2}}},
		compare("setp.ge.u64", "b64", "setp.ge.u64 %p, %a, %b;", []uint64{s64(-1), 1, 1}, []uint64{0, 1, 0}),
		compare("setp.gtu.f32", "f32", "setp.gtu.f32 %p, %a, %b;", []uint64{f(nan), f(1), 1}, []uint64{f(1), f(2), 0}),
		compare("setp.equ.f32", "f32", "setp.equ.f32 %p, %a, %b;", []uint64{f(nan), f(1), 1}, []uint64{f(1), f(2), 0}),
		compare("setp.le.f64", "f64", "setp.le.f64 %p, %a, %b;", []uint64{df(1), df(1), 1}, []uint64{df(3), df(2), 0}),
		compare("setp.eq.or and xor", "b32", ".reg .pred %q; setp.gt.s32 %q, %a, 10; setp.eq.or.s32 %p, %a, %b, %q; setp.eq.xor.s32 %p, %a, %b, %p;",
			[]uint64{5, 5, 0}, []uint64{11, 12, 1}, []uint64{11, 11, 0}, []uint64{1, 2, 0}),
		{name: "slct.f32.f32", in: "f32 f32 f32", out: "f32", code: "slct.f32.f32 %d, %a, %b, %c;", cases: [][]uint64{{f(1), f(2), f(negZ), f(1)}, {f(1), f(2), f(-3), f(2)}}},
		{name: "slct.b32.s32", in: "b32 b32 b32", out: "b32", code: "slct.b32.s32 %d, %a, %b, %c;", cases: [][]uint64{{1, 2, 0, 1}, {1, 2, s32(-1), 2}}},
	}
}

func moveVectors() []vector {
	return []vector{
		{name: "mov pack", in: "b16 b16", out: "b32", code: "mov.b32 %d, {%a, %b};", cases: [][]uint64{{0x1234, 0xabcd, 0xabcd1234}}},
		{name: "mov unpack", in: "b32", out: "b16 b16", code: "mov.b32 {%d0, %d1}, %a;", cases: [][]uint64{{0xabcd1234, 0x1234, 0xabcd}}},
		{name: "mov.b64 pack", in: "b32 b32", out: "b64", code: "mov.b64 %d, {%a, %b};", cases: [][]uint64{{1, 2, 2<<32 | 1}}},
		{name: "mov.b64 unpack", in: "b64", out: "b32 b32", code: "mov.b64 {%d0, %d1}, %a;", cases: [][]uint64{{2<<32 | 1, 1, 2}}},
		{name: "mov constants", out: "b32 f32 b64", code: "mov.u32 %d0, -2; mov.f32 %d1, 0f3FC00000; mov.u64 %d2, -3;",
			cases: [][]uint64{{s32(-2), f(1.5), s64(-3)}}},
		{name: "special registers", out: "b32 b32 b32 b32", code: "mov.u32 %d0, %tid.x; mov.u32 %d1, %ntid.x; mov.u32 %d2, %nctaid.y; mov.u32 %d3, %ctaid.x;",
			lanes: func(l int) ([]uint64, []uint64) { return nil, []uint64{uint64(l), 32, 1, 0} }},
		{name: "lane registers", out: "b32 b32 b32", code: "mov.u32 %d0, %laneid; mov.u32 %d1, %lanemask_lt; mov.u32 %d2, %lanemask_ge;",
			lanes: func(l int) ([]uint64, []uint64) {
				return nil, []uint64{uint64(l), 1<<l - 1, 0xffffffff &^ (1<<l - 1)}
			}},
		{name: "clock goes on", out: "b32", code: `.reg .b64 %x, %y; .reg .pred %p; mov.u64 %x, %clock64; bar.sync 0; mov.u64 %y, %clock64; setp.gt.u64 %p, %y, %x;
selp.b32 %d, 1, 0, %p;`, cases: [][]uint64{{1}}},
		{name: "block scopes", in: "b32", out: "b32", code: "{ .reg .b16 %a, low; mov.b32 {%a, low}, %lane; cvt.u32.u16 %d, %a; } add.s32 %d, %d, %a;",
			lanes: func(l int) ([]uint64, []uint64) { return []uint64{100}, []uint64{uint64(100 + l)} }},
		{name: "guards", in: "b32", out: "b32", code: ".reg .pred %p; setp.gt.s32 %p, %a, 5; mov.u32 %d, 0; @%p mov.u32 %d, 1; @!%p add.s32 %d, %d, 2;",
			cases: [][]uint64{{6, 1}, {5, 2}}},
	}
}
