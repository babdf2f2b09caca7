package drivertest

// share gives each lane a row of 16 bytes in shared memory at %row, and the next lane's row at %next.
const share = `.shared .align 16 .b8 rows[512]; .reg .b32 %row, %next, %base;
shl.b32 %row, %lane, 4; add.s32 %next, %row, 16; and.b32 %next, %next, 511; mov.u32 %base, rows; add.s32 %row, %row, %base; add.s32 %next, %next, %base;
`

func memoryVectors() []vector {
	return []vector{
		lane("ld.global.v4", "b64 b64", "b32 b32 b32 b32", "ld.global.v4.u32 {%d0, %d1, %d2, %d3}, [%in];", func(l int) ([]uint64, []uint64) {
			return []uint64{uint64(l)<<32 | 1, 7<<32 | uint64(l)}, []uint64{1, uint64(l), uint64(l), 7}
		}),
		lane("ld.global.nc.v2", "b64", "b32 b32", "ld.global.nc.v2.u32 {%d0, %d1}, [%in];", func(l int) ([]uint64, []uint64) {
			return []uint64{uint64(l)<<32 | 1}, []uint64{1, uint64(l)}
		}),
		lane("ld of small types", "b64", "b32 b32 b32 b32", `ld.global.u8 %d0, [%in+1]; ld.global.s8 %d1, [%in+1]; ld.global.u16 %d2, [%in+2];
ld.global.s16 %d3, [%in+2];`, func(int) ([]uint64, []uint64) {
			return []uint64{0x8000fe00}, []uint64{0xfe, s32(-2), 0x8000, s32(-0x8000)}
		}),
		lane("ld.s8 into 16 bits", "b64", "b16", "ld.global.s8 %d, [%in];", func(int) ([]uint64, []uint64) { return []uint64{0x80}, []uint64{0xff80} }),
		lane("st of small types", "b64", "b64", `.reg .b32 %v; mov.u32 %v, 0x1ff; st.global.u8 [%in+1], %v; st.global.u16 [%in+6], %v; ld.global.b64 %d, [%in];`,
			func(int) ([]uint64, []uint64) { return []uint64{0}, []uint64{0x01ff00000000ff00} }),
		lane("st.global.v2", "b32 b32", "b64", "st.global.v2.b32 [%in], {%b, %a}; ld.global.b64 %d, [%in];",
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(l), 9}, []uint64{uint64(l)<<32 | 9} }),
		lane("shared memory between lanes", "b32 b32", "b32 b32", share+`st.shared.v2.b32 [%row], {%a, %b}; bar.sync 0; ld.shared.v2.b32 {%d0, %d1}, [%next];`,
			func(l int) ([]uint64, []uint64) {
				return []uint64{uint64(l), uint64(2 * l)}, []uint64{uint64((l + 1) % 32), uint64(2 * ((l + 1) % 32))}
			}),
		lane("bar.warp.sync orders shared memory", "b32", "b32 b32", share+`st.shared.b32 [%row], %a; bar.warp.sync -1; ld.shared.b32 %d0, [%next]; mov.u32 %d1, 1;`,
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(l)}, []uint64{uint64((l + 1) % 32), 1} }),
		lane("generic addresses", "b32", "b32 b32", share+`.reg .b64 %g; cvt.u64.u32 %g, %row; cvta.shared.u64 %g, %g; st.u32 [%g], %a; bar.sync 0;
ld.shared.b32 %d0, [%next]; cvta.to.shared.u64 %g, %g; cvt.u32.u64 %row, %g; ld.shared.b32 %d1, [%row];`,
			func(l int) ([]uint64, []uint64) {
				return []uint64{uint64(l)}, []uint64{uint64((l + 1) % 32), uint64(l)}
			}),
		lane("generic address of global memory", "b32", "b32", ".reg .b64 %g; cvta.global.u64 %g, %in; ld.u32 %d, [%g];",
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(l)}, []uint64{uint64(l)} }),
		lane("generic address of local memory", "b32", "b32", ".local .align 8 .b8 mine[16]; .reg .b64 %g; mov.u64 %g, mine; cvta.local.u64 %g, %g; st.u32 [%g+4], %a; ld.local.u32 %d, [mine+4];",
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(l)}, []uint64{uint64(l)} }),
		lane("volatile and qualified accesses", "b32", "b32 b32", `st.volatile.global.u32 [%in], %lane; ld.relaxed.gpu.global.u32 %d0, [%in]; membar.gl; fence.acq_rel.gpu;
ld.global.L1::evict_last.L2::128B.b32 %d1, [%in];`, func(l int) ([]uint64, []uint64) { return []uint64{5}, []uint64{uint64(l), uint64(l)} }),
		lane("local memory", "b32", "b32", `.local .align 8 .b8 mine[64]; .reg .b32 %i; mov.u32 %i, mine; st.local.u32 [%i+4], %a; st.local.v2.u32 [%i+8], {%a, %lane};
ld.local.u32 %d, [mine+12]; ld.local.u32 %i, [mine+4]; add.s32 %d, %d, %i;`,
			func(l int) ([]uint64, []uint64) { return []uint64{uint64(10 * l)}, []uint64{uint64(11 * l)} }),
	}
}
