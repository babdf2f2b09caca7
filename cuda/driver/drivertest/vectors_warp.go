package drivertest

import "math/bits"

// lane is a vector whose inputs and outputs follow from the lane.
func lane(name, in, out, code string, of func(l int) (in, out []uint64)) vector {
	return vector{name: name, in: in, out: out, code: code, lanes: of}
}

func warpVectors() []vector {
	shuffle := func(name, code string, from func(l int) int) vector {
		return lane(name, "b32", "b32", code, func(l int) ([]uint64, []uint64) {
			return []uint64{uint64(100 + l)}, []uint64{uint64(100 + from(l))}
		})
	}
	return []vector{
		shuffle("shfl.bfly", "shfl.sync.bfly.b32 %d, %a, 5, 31, -1;", func(l int) int { return l ^ 5 }),
		shuffle("shfl.bfly in segments", "shfl.sync.bfly.b32 %d, %a, 1, 0x1c1f, -1;", func(l int) int { return l ^ 1 }),
		shuffle("shfl.idx", "shfl.sync.idx.b32 %d, %a, 7, 31, -1;", func(int) int { return 7 }),
		shuffle("shfl.idx in segments", "shfl.sync.idx.b32 %d, %a, 3, 0x181f, -1;", func(l int) int { return l&^7 | 3 }),
		shuffle("shfl.up", "shfl.sync.up.b32 %d, %a, 3, 0, -1;", func(l int) int {
			if l < 3 {
				return l
			}
			return l - 3
		}),
		shuffle("shfl.down", "shfl.sync.down.b32 %d, %a, 3, 31, -1;", func(l int) int {
			if l > 28 {
				return l
			}
			return l + 3
		}),
		shuffle("shfl.down in segments", "shfl.sync.down.b32 %d, %a, 1, 0x1c1f, -1;", func(l int) int {
			if l%4 == 3 {
				return l
			}
			return l + 1
		}),
		lane("shfl predicate", "b32", "b32", ".reg .pred %p; .reg .b32 %v; shfl.sync.down.b32 %v|%p, %a, 4, 31, -1; selp.b32 %d, 1, 0, %p;",
			func(l int) ([]uint64, []uint64) {
				if l < 28 {
					return []uint64{0}, []uint64{1}
				}
				return []uint64{0}, []uint64{0}
			}),
		lane("vote.ballot", "b32", "b32", ".reg .pred %p; setp.ne.s32 %p, %a, 0; vote.sync.ballot.b32 %d, %p, -1;",
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(l % 3)}, []uint64{0xb6db6db6} }),
		lane("vote.any, all, uni", "b32", "b32 b32 b32", `.reg .pred %p, %q; setp.eq.s32 %p, %a, 7; vote.sync.any.pred %q, %p, -1; selp.b32 %d0, 1, 0, %q;
vote.sync.all.pred %q, %p, -1; selp.b32 %d1, 1, 0, %q; setp.eq.s32 %p, %a, 99; vote.sync.uni.pred %q, %p, -1; selp.b32 %d2, 1, 0, %q;`,
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(l)}, []uint64{1, 0, 1} }),
		lane("match.any", "b32", "b32", "match.any.sync.b32 %d, %a, -1;", func(l int) ([]uint64, []uint64) {
			return []uint64{uint64(l % 4)}, []uint64{0x11111111 << (l % 4)}
		}),
		lane("match.all", "b32", "b32 b32", `.reg .pred %p; match.all.sync.b32 %d0|%p, 5, -1; match.all.sync.b32 %d1|%p, %a, -1; @%p mov.u32 %d1, 77;`,
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(l)}, []uint64{0xffffffff, 0} }),
		lane("activemask", "b32", "b32", `.reg .pred %p; setp.gt.s32 %p, %a, 15; mov.u32 %d, 0; @%p bra OUT; activemask.b32 %d; OUT:`,
			func(l int) ([]uint64, []uint64) {
				if l > 15 {
					return []uint64{uint64(l)}, []uint64{0}
				}
				return []uint64{uint64(l)}, []uint64{0xffff}
			}),
		{name: "redux.add", sm: 80, in: "b32", out: "b32", code: "redux.sync.add.u32 %d, %a, -1;",
			lanes: func(l int) ([]uint64, []uint64) { return []uint64{uint64(l)}, []uint64{496} }},
		{name: "redux.min", sm: 80, in: "b32", out: "b32", code: "redux.sync.min.s32 %d, %a, -1;",
			lanes: func(l int) ([]uint64, []uint64) { return []uint64{s32(int32(3 - l))}, []uint64{s32(-28)} }},
	}
}

// flowVectors divide the warp in all the ways that kernels do.
func flowVectors() []vector {
	return []vector{
		lane("nested ifs", "b32", "b32", `
.reg .pred %p, %q;
setp.lt.s32 %p, %a, 16; @%p bra LOW;
mov.u32 %d, 1000; setp.lt.s32 %q, %a, 24; @!%q bra JOIN;
add.s32 %d, %d, 1; bra.uni JOIN;
LOW: mov.u32 %d, 2000; setp.lt.s32 %q, %a, 4; @%q bra LOWEST;
add.s32 %d, %d, 2; bra.uni JOIN;
LOWEST: add.s32 %d, %d, 3;
JOIN: add.s32 %d, %d, %a;`,
			func(l int) ([]uint64, []uint64) {
				base := 1000
				switch {
				case l < 4:
					base = 2003
				case l < 16:
					base = 2002
				case l < 24:
					base = 1001
				}
				return []uint64{uint64(l)}, []uint64{uint64(base + l)}
			}),
		lane("loop with its own count in each lane", "b32", "b32 b32", `
.reg .pred %p; .reg .b32 %i; mov.u32 %i, 0; mov.u32 %d0, 0;
LOOP: setp.ge.s32 %p, %i, %a; @%p bra DONE;
add.s32 %d0, %d0, %i; add.s32 %i, %i, 1; bra.uni LOOP;
DONE: vote.sync.ballot.b32 %d1, !%p, -1;`,
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(l)}, []uint64{uint64(l * (l - 1) / 2), 0} }),
		lane("nested loops", "b32", "b32", `
.reg .pred %p; .reg .b32 %i, %j; mov.u32 %i, 0; mov.u32 %d, 0;
OUTER: mov.u32 %j, 0;
INNER: add.s32 %d, %d, 1; add.s32 %j, %j, 1; setp.le.s32 %p, %j, %i; @%p bra INNER;
add.s32 %i, %i, 1; setp.le.s32 %p, %i, %a; @%p bra OUTER;`,
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(l)}, []uint64{uint64((l + 1) * (l + 2) / 2)} }),
		lane("loop with break", "b32", "b32", `
.reg .pred %p; .reg .b32 %i; mov.u32 %i, 0;
LOOP: setp.eq.s32 %p, %i, %a; @%p bra BREAK; add.s32 %i, %i, 1; setp.lt.s32 %p, %i, 10; @%p bra LOOP;
add.s32 %i, %i, 100;
BREAK: mov.u32 %d, %i;`,
			func(l int) ([]uint64, []uint64) {
				if l < 10 {
					return []uint64{uint64(l)}, []uint64{uint64(l)}
				}
				return []uint64{uint64(l)}, []uint64{110}
			}),
		lane("early return", "b32", "b32", `
.reg .pred %p; .reg .b32 %m; setp.ge.s32 %p, %a, 8; @%p st.global.b32 [%out], 5; @%p ret;
activemask.b32 %m; popc.b32 %d, %m;`,
			func(l int) ([]uint64, []uint64) {
				if l < 8 {
					return []uint64{uint64(l)}, []uint64{8}
				}
				return []uint64{uint64(l)}, []uint64{5}
			}),
		lane("lanes meet before a shuffle", "b32", "b32", `
.reg .pred %p; and.b32 %d, %a, 1; setp.eq.s32 %p, %d, 0; @%p bra EVEN; mul.lo.s32 %d, %a, 3; bra.uni MEET;
EVEN: add.s32 %d, %a, 1000;
MEET: shfl.sync.bfly.b32 %d, %d, 1, 31, -1;`,
			func(l int) ([]uint64, []uint64) {
				if j := l ^ 1; j%2 == 1 {
					return []uint64{uint64(l)}, []uint64{uint64(3 * j)}
				}
				return []uint64{uint64(l)}, []uint64{uint64(1000 + l ^ 1)}
			}),
	}
}

// share32 gives each lane a word of shared memory at %row.
const share32 = ".shared .align 4 .b8 words[128]; .reg .b32 %row, %base; shl.b32 %row, %lane, 2; mov.u32 %base, words; add.s32 %row, %row, %base; "

// decremented is what atom.dec with the bound 9 makes of a number.
func decremented(n int) uint64 {
	if n == 0 || n > 9 {
		return 9
	}
	return uint64(n - 1)
}

func atomicVectors() []vector {
	// Each lane adds its number to a word of shared memory that all share; the old values are some order of the sums.
	return []vector{
		lane("atom.shared.add", "b32", "b32", `.shared .align 4 .b32 sum; .reg .pred %p; setp.eq.s32 %p, %a, 0; @%p st.shared.b32 [sum], 0; bar.sync 0;
atom.shared.add.u32 %d, [sum], 1; bar.sync 0; ld.shared.b32 %d, [sum];`,
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(l)}, []uint64{32} }),
		lane("red.shared.max and min", "b32", "b32 b32", `.shared .align 4 .b32 hi; .shared .align 4 .b32 lo; .reg .pred %p; setp.eq.s32 %p, %a, 0;
@%p st.shared.b32 [hi], -50; @%p st.shared.b32 [lo], 50; bar.sync 0; sub.s32 %d0, %a, 10; red.shared.max.s32 [hi], %d0; red.shared.min.s32 [lo], %d0;
bar.sync 0; ld.shared.b32 %d0, [hi]; ld.shared.b32 %d1, [lo];`,
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(l)}, []uint64{21, s32(-10)} }),
		lane("atom.global.add.f32", "f32", "f32", "atom.global.add.f32 %d, [%in], 0f3F800000; ld.global.f32 %d, [%in];",
			func(l int) ([]uint64, []uint64) { return []uint64{f(float32(l))}, []uint64{f(float32(l) + 1)} }),
		lane("atom.global.cas and exch", "b32", "b32 b32", "atom.global.cas.b32 %d0, [%in], 3, 99; atom.global.exch.b32 %d1, [%in], 1;",
			func(l int) ([]uint64, []uint64) {
				now := uint64(l)
				if l == 3 {
					now = 99
				}
				return []uint64{uint64(l)}, []uint64{uint64(l), now}
			}),
		lane("atom.global.inc, and, or, xor", "b32", "b32", `.reg .b32 %t; atom.global.inc.u32 %t, [%in], 7; atom.global.or.b32 %t, [%in], 0x100;
atom.global.xor.b32 %t, [%in], 1; atom.global.and.b32 %t, [%in], 0x10f; ld.global.b32 %d, [%in];`,
			func(l int) ([]uint64, []uint64) {
				v := uint64(l + 1)
				if l >= 7 {
					v = 0
				}
				return []uint64{uint64(l)}, []uint64{(v|0x100)&0x10f ^ 1}
			}),
		lane("atom.global.dec, max.s64", "b64", "b64 b32", `.reg .b32 %t; atom.global.dec.u32 %d1, [%in+4], 9; atom.global.max.s64 %d0, [%in], -5;`,
			func(l int) ([]uint64, []uint64) {
				return []uint64{uint64(l)<<32 | 1}, []uint64{decremented(l)<<32 | 1, uint64(l)}
			}),
		lane("atom.shared.cas and exch", "b32", "b32 b32", share32+"st.shared.b32 [%row], %a; atom.shared.cas.b32 %d0, [%row], 3, 99; atom.shared.exch.b32 %d1, [%row], 1;",
			func(l int) ([]uint64, []uint64) {
				now := uint64(l)
				if l == 3 {
					now = 99
				}
				return []uint64{uint64(l)}, []uint64{uint64(l), now}
			}),
		lane("red.global.add.u64", "b64", "b64", "red.global.add.u64 [%in], 5; ld.global.b64 %d, [%in];",
			func(l int) ([]uint64, []uint64) {
				v := bits.RotateLeft64(uint64(l), 40)
				return []uint64{v}, []uint64{v + 5}
			}),
	}
}
