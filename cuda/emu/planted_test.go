package emu_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver"
	"tiebreak/cuda/emu"
)

// planted is a kernel with one bug. Its body begins at line 12 of the PTX and at line 40 of the source file bug.cu; %t is the
// thread's number, %p the address of a buffer of 64 initialised words, %u of one of 64 words that nothing has written, %s the
// thread's word in the shared array tile, %n the word of the next thread.
type planted struct {
	name    string
	body    string
	threads int
	sm      int
	code    driver.Code
	want    []string // parts of the message
}

const plantedHead = `.version 8.4
.target sm_%
.address_size 64
.visible .entry bug(.param .u64 p, .param .u64 u)
{
.reg .pred %q, %r; .reg .b32 %t, %s, %n, %v, %w; .reg .f32 %f, %g; .reg .b64 %p, %u, %o;
.shared .align 16 .b8 tile[1024];
mov.u32 %t, %tid.x; ld.param.u64 %p, [p]; ld.param.u64 %u, [u]; shl.b32 %s, %t, 2; cvt.u64.u32 %o, %s;
mov.u32 %n, tile; add.s32 %s, %s, %n; mov.u32 %v, %ntid.x; add.s32 %n, %t, 1; rem.u32 %n, %n, %v; shl.b32 %n, %n, 2;
mov.u32 %v, tile; add.s32 %n, %n, %v; add.s64 %p, %p, %o; add.s64 %u, %u, %o;
.loc 1 40 2
`

const plantedTail = "\nret;\n}\n.file 1 \"src/bug.cu\"\n"

var plantedBugs = []planted{
	{"read out of bounds", "ld.global.u32 %v, [%p+4];", 64, 75, driver.IllegalAddress,
		[]string{"out of bounds read of 4 bytes", "256 bytes past the start of the allocation of 256 bytes", "bug.ptx:12 (bug.cu:40)",
			"`ld.global.u32 %v, [%p+4]`", "block (0,0,0), thread (63,0,0), warp 1 lane 31"}},
	{"write before the allocation", "st.global.u32 [%p+-4], %v;", 32, 75, driver.IllegalAddress, []string{"out of bounds write", "thread (0,0,0)"}},
	{"read of no memory", "mov.u64 %o, 64; ld.global.u32 %v, [%o];", 32, 75, driver.IllegalAddress, []string{"no allocation there"}},
	{"vector read that begins inside and ends outside", "and.b64 %o, %o, 0; setp.eq.s32 %q, %t, 0; @%q ld.global.v4.u32 {%v,%v,%v,%w}, [%p+248];", 32, 75,
		driver.MisalignedAddress, []string{"misaligned read of 16 bytes"}},
	{"shared memory out of bounds", "st.shared.u32 [%s+1000], %t;", 32, 75, driver.IllegalAddress,
		[]string{"out of bounds write of 4 bytes at 0x400 in shared memory, which has 1024 bytes", "thread (6,0,0)"}},
	{"parameter out of bounds", "ld.param.u64 %o, [u+8];", 32, 75, driver.IllegalAddress, []string{"in param memory, which has 16 bytes"}},
	{"misaligned", "ld.global.u32 %v, [%p+2];", 32, 75, driver.MisalignedAddress, []string{"misaligned read of 4 bytes", "global memory", "bug.cu:40"}},
	{"misaligned shared vector", "st.shared.v2.u32 [%s], {%t, %t};", 32, 75, driver.MisalignedAddress, []string{"misaligned write of 8 bytes at 0x4", "thread (1,0,0)"}},
	{"uninitialised global", "ld.global.u32 %v, [%u];", 32, 75, driver.LaunchFailed, []string{"uninitialised read of 4 bytes", "byte 0 of the allocation", "thread (0,0,0)"}},
	{"global written by another lane only", "setp.ne.s32 %q, %t, 9; @%q st.global.u32 [%u], 1; ld.global.u32 %v, [%u];", 32, 75, driver.LaunchFailed,
		[]string{"uninitialised read", "thread (9,0,0)"}},
	{"uninitialised shared", "ld.shared.u32 %v, [%s];", 32, 75, driver.LaunchFailed, []string{"uninitialised read of 4 bytes at 0x0 in shared memory (tile)"}},
	{"missing barrier", "st.shared.u32 [%s], %t;\nld.shared.u32 %v, [%n];", 64, 75, driver.LaunchFailed,
		[]string{"race: read after a write by thread (1,0,0), the same warp without bar.warp.sync", "bug.ptx:13", "thread (0,0,0)"}},
	{"race of a read after a write", "st.shared.u32 [%s], %t; bar.sync 0; st.shared.u32 [%s], 7; ld.shared.u32 %v, [%n];", 64, 75, driver.LaunchFailed,
		[]string{"race: read after a write by thread", "bar.warp.sync"}},
	{"race of a read after a write by another warp", "st.shared.u32 [%s], %t; bar.sync 0; setp.lt.s32 %q, %t, 32; @%q st.shared.u32 [%s], 7; @!%q ld.shared.u32 %v, [%s+-128];", 64, 75,
		driver.LaunchFailed, []string{"race: read after a write by thread (0,0,0), no barrier between them", "thread (32,0,0)"}},
	{"write after a read by another warp", "st.shared.u32 [%s], %t; bar.sync 0; ld.shared.u32 %v, [%n]; bar.warp.sync -1; st.shared.u32 [%s], 7;", 64, 75, driver.LaunchFailed,
		[]string{"race: read after a write by thread (0,0,0), no barrier between them", "thread (63,0,0)"}},
	{"write after a read by an earlier warp", "st.shared.u32 [%s], %t; bar.sync 0; setp.lt.s32 %q, %t, 32; @%q ld.shared.u32 %v, [%s+128]; @!%q st.shared.u32 [%s], 7;", 64, 75, driver.LaunchFailed,
		[]string{"race: write after a read by thread (0,0,0), no barrier between them", "thread (32,0,0)"}},
	{"write after a write by another warp", "and.b32 %v, %t, 31; shl.b32 %v, %v, 2; st.shared.u32 [%v], %t;", 64, 75, driver.LaunchFailed,
		[]string{"race: write after a write by thread (0,0,0), no barrier between them", "thread (32,0,0)"}},
	{"two lanes write one word", "st.shared.u32 [tile], %t;", 32, 75, driver.LaunchFailed, []string{"race: write after a write by thread (0,0,0), the same warp", "thread (1,0,0)"}},
	{"divergent barrier", "setp.lt.s32 %q, %t, 16; @%q bar.sync 0;", 32, 75, driver.LaunchFailed,
		[]string{"divergent barrier: lanes 0x0000ffff of the warp reach it, lanes 0xffff0000 do not"}},
	{"barrier on one side of a branch", "setp.lt.s32 %q, %t, 16; @%q bra ON; bra.uni END;\nON: bar.sync 0;\nEND: mov.u32 %v, 1;", 32, 75, driver.LaunchFailed,
		[]string{"divergent barrier", "bug.ptx:13"}},
	{"barriers in different places", "setp.lt.s32 %q, %t, 32; @%q bra ON; bar.sync 0; bra.uni END;\nON: bar.sync 0;\nEND: mov.u32 %v, 1;", 64, 75, driver.LaunchFailed,
		[]string{"divergent barrier: warp 1 waits here while warp 0 waits at PTX line 13"}},
	{"barrier that is never passed", "setp.ge.s32 %q, %t, 32; @%q bra END; bar.sync 1, 64; END: mov.u32 %v, 1;", 64, 75, driver.LaunchTimeout,
		[]string{"barrier 1 is never passed: 32 threads have arrived of 64"}},
	{"divergent shuffle", "setp.lt.s32 %q, %t, 16; @%q shfl.sync.bfly.b32 %v, %t, 1, 31, -1;", 32, 75, driver.LaunchFailed,
		[]string{"divergent shfl: the member mask 0xffffffff names lanes 0xffff0000"}},
	{"divergent ldmatrix", "st.shared.u32 [%s], %t; bar.sync 0; setp.lt.s32 %q, %t, 16; @%q ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%v}, [%s];", 32, 75, driver.LaunchFailed,
		[]string{"divergent ldmatrix"}},
	{"NaN", "cvt.rn.f32.s32 %f, %t; sub.f32 %g, %f, 0f40400000;\ndiv.rn.f32 %f, %g, %g;", 32, 75, driver.LaunchFailed,
		[]string{"NaN made of finite numbers: div of 0, 0", "thread (3,0,0)", "bug.ptx:13"}},
	{"NaN of a function", "cvt.rn.f32.s32 %f, %t; sub.f32 %g, %f, 0f41200000; lg2.approx.f32 %f, %g;", 32, 75, driver.LaunchFailed,
		[]string{"NaN made of finite numbers: lg2 of -10", "thread (0,0,0)"}},
	{"NaN in a product", `mov.u32 %v, 0x7f7f7f7f; mov.u32 %w, 0xff7f7f7f; mov.f32 %f, 0f00000000;
mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%f, %f, %f, %f}, {%v, %v}, {%w}, {%f, %f, %f, %f};`, 32, 80, driver.LaunchFailed,
		[]string{"NaN made of finite numbers: mma, row 0 column 0", "bug.ptx:13"}},
	{"endless loop", "LOOP: add.s32 %v, %v, 1; bra.uni LOOP;", 32, 75, driver.LaunchTimeout, []string{"the loop does not end"}},
	{"trap", "setp.eq.s32 %q, %t, 5; @%q trap;", 32, 75, driver.LaunchFailed, []string{"executed trap", "thread (5,0,0)"}},
	{"copy that is not waited for", "shl.b32 %v, %t, 4; cvt.u64.u32 %o, %v; ld.param.u64 %p, [p]; add.s64 %p, %p, %o; cp.async.cg.shared.global [%v], [%p], 16; ld.shared.u32 %w, [%v];",
		16, 80, driver.LaunchFailed, []string{"cp.async has not been waited for"}},
	{"copy that others do not wait for", "shl.b32 %v, %t, 2; cp.async.ca.shared.global [%v], [%p], 4; cp.async.commit_group; cp.async.wait_group 0; ld.shared.u32 %w, [%n];",
		64, 80, driver.LaunchFailed, []string{"race: read after a write"}},
	{"copy over data that is being read", "st.shared.u32 [%s], %t; bar.sync 0; ld.shared.u32 %v, [%n]; bar.warp.sync -1; cp.async.ca.shared.global [%s], [%p], 4;", 64, 80, driver.LaunchFailed,
		[]string{"cp.async has not been waited for by thread (0,0,0)", "thread (63,0,0)"}},
	{"copy out of bounds", "cp.async.ca.shared.global [%s], [%p+4], 4;", 64, 80, driver.IllegalAddress, []string{"out of bounds read of 4 bytes", "thread (63,0,0)"}},
}

// run launches the kernel of a planted bug with a buffer that has been written and one that has not.
func (b planted) run(t *testing.T, d *emu.Driver) error {
	c, err := d.Open(0)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	s, err := c.NewStream()
	require.NoError(t, err)
	head := strings.Replace(plantedHead, "%", map[int]string{75: "75", 80: "80"}[b.sm], 1)
	m, err := c.LoadModule("bug.ptx", []byte(head+b.body+plantedTail))
	require.NoError(t, err)
	f, err := m.Function("bug")
	require.NoError(t, err)
	p, err := c.Alloc(256)
	require.NoError(t, err)
	require.NoError(t, s.Fill(p, 1, 256))
	u, err := c.Alloc(256)
	require.NoError(t, err)
	var params driver.Params
	params.Pointer(p).Pointer(u)
	return s.Launch(f, driver.Launch{Block: driver.Dim{X: b.threads}, Params: params.Bytes()})
}

func TestPlantedBugIsFoundAndNamed(t *testing.T) {
	d := emu.New(emu.Options{ComputeCapability: 80, LoopLimit: 1000})
	for _, b := range plantedBugs {
		t.Run(b.name, func(t *testing.T) {
			err := b.run(t, d)
			require.Error(t, err)
			require.Equal(t, b.code, driver.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "cuLaunchKernel bug grid 1x1x1 block")
			for _, w := range b.want {
				require.ErrorContains(t, err, w)
			}
		})
	}
}

// What is not a bug must not be reported.
func TestCorrectKernelsPass(t *testing.T) {
	d := emu.New(emu.Options{ComputeCapability: 80})
	for name, body := range map[string]string{
		"barrier between warps":       "st.shared.u32 [%s], %t; bar.sync 0; ld.shared.u32 %v, [%n]; bar.sync 0; st.shared.u32 [%s], %v;",
		"bar.warp.sync within a warp": "st.shared.u32 [%s], %t; bar.warp.sync -1; xor.b32 %n, %s, 4; ld.shared.u32 %v, [%n]; bar.warp.sync -1; st.shared.u32 [%s], %v;",
		"barrier of half the block": `setp.ge.s32 %q, %t, 64; @%q bra END; st.shared.u32 [%s], %t; bar.sync 1, 64; xor.b32 %n, %s, 128; ld.shared.u32 %v, [%n];
END: bar.sync 0; st.shared.u32 [%s], %t;`,
		"producer and consumer": `setp.ge.s32 %q, %t, 64; @%q bra TAKE; st.shared.u32 [%s], %t; bar.arrive 2, 128; bra.uni END;
TAKE: bar.sync 2, 128; ld.shared.u32 %v, [%s+-256]; END: mov.u32 %w, 1;`,
		"warps that have ended do not block": "setp.lt.s32 %q, %t, 64; @%q ret; bar.sync 0;",
		"copy waited for by all":             `cp.async.ca.shared.global [%s], [%u], 4; cp.async.commit_group; cp.async.wait_group 0; bar.sync 0; ld.shared.u32 %v, [%n];`,
		"infinity stays infinity":            "mov.f32 %f, 0f7F800000; sub.f32 %g, %f, %f;",
		"shared atomics":                     "setp.eq.s32 %q, %t, 0; @%q st.shared.u32 [tile], 0; bar.sync 0; red.shared.add.u32 [tile], %t; bar.sync 0; ld.shared.u32 %v, [tile];",
		"generic store then read":            "cvta.to.global.u64 %o, %u; st.u32 [%o], %t; ld.global.u32 %v, [%u];",
		"early return of one lane":           "setp.eq.s32 %q, %t, 3; @%q ret; st.shared.u32 [%s], %t; bar.sync 0;",
	} {
		t.Run(name, func(t *testing.T) {
			// A block of 128 threads and buffers of 64 words: the bodies above touch global memory by %u in range only.
			b := planted{body: "setp.ge.s32 %r, %t, 64; @%r add.s64 %u, %u, -256;\n@!%r st.global.u32 [%u], %t;\n" + body, threads: 128, sm: 80}
			require.NoError(t, b.run(t, d))
		})
	}
}

func TestUseAfterFreeIsNamed(t *testing.T) {
	d := emu.New(emu.Options{})
	c, err := d.Open(0)
	require.NoError(t, err)
	s, err := c.NewStream()
	require.NoError(t, err)
	m, err := c.LoadModule("bug.ptx", []byte(strings.Replace(plantedHead, "%", "75", 1)+"ld.global.u32 %v, [%p];"+plantedTail))
	require.NoError(t, err)
	f, err := m.Function("bug")
	require.NoError(t, err)
	p, err := c.Alloc(256)
	require.NoError(t, err)
	require.NoError(t, s.Fill(p, 1, 256))
	var params driver.Params
	params.Pointer(p).Pointer(p)
	l := driver.Launch{Block: driver.Dim{X: 32}, Params: params.Bytes()}
	require.NoError(t, s.Launch(f, l))
	require.NoError(t, c.Free(p))
	err = s.Launch(f, l)
	require.ErrorContains(t, err, "use after free")
	require.Equal(t, driver.IllegalAddress, driver.CodeOf(err))
	require.Equal(t, err, c.Synchronize(), "the first fault sticks")
	require.Equal(t, err, s.Launch(f, l))
}

func TestPointerOfAnotherDeviceIsNamed(t *testing.T) {
	d := emu.New(emu.Options{Devices: 2})
	other, err := d.Open(1)
	require.NoError(t, err)
	p, err := other.Alloc(256)
	require.NoError(t, err)
	c, err := d.Open(0)
	require.NoError(t, err)
	s, err := c.NewStream()
	require.NoError(t, err)
	require.ErrorContains(t, s.CopyToDevice(p, make([]byte, 4)), "belongs to another device")
	d.Fail(1, driver.Unknown, "fell off the bus")
	require.ErrorContains(t, other.Synchronize(), "on emu:1: CUDA_ERROR_UNKNOWN: fell off the bus")
	require.NoError(t, c.Synchronize())
}

// The first block of the grid that fails is reported, however many run at the same time.
func TestReportedFaultDoesNotDependOnWorkers(t *testing.T) {
	text := strings.Replace(plantedHead, "%", "75", 1) +
		"mov.u32 %v, %ctaid.x; setp.lt.s32 %q, %v, 13; @%q ret; trap;" + plantedTail
	for workers := 1; workers <= 8; workers++ {
		d := emu.New(emu.Options{Workers: workers})
		c, err := d.Open(0)
		require.NoError(t, err)
		s, err := c.NewStream()
		require.NoError(t, err)
		m, err := c.LoadModule("bug.ptx", []byte(text))
		require.NoError(t, err)
		f, err := m.Function("bug")
		require.NoError(t, err)
		err = s.Launch(f, driver.Launch{Grid: driver.Dim{X: 40}, Block: driver.Dim{X: 32}, Params: make([]byte, 16)})
		require.ErrorContains(t, err, "block (13,0,0)")
	}
}
