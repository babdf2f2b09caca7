package drivertest

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver"
)

// addOne is a kernel that adds 1 to each of n 32-bit numbers, through shared memory that the launch provides.
const addOne = `.version 6.4
.target sm_75
.address_size 64
.extern .shared .align 16 .b8 tile[];
.visible .entry add_one(.param .u64 p, .param .u32 n)
.maxntid 256, 1, 1
{
.reg .pred %q; .reg .b32 %i, %n, %v, %k; .reg .b64 %p, %o;
mov.u32 %i, %ctaid.x; mov.u32 %n, %ntid.x; mov.u32 %v, %tid.x;
mad.lo.s32 %i, %i, %n, %v;
ld.param.u32 %n, [n]; ld.param.u64 %p, [p];
setp.ge.u32 %q, %i, %n;
@%q ret;
mul.wide.u32 %o, %i, 4; add.s64 %p, %p, %o;
shl.b32 %k, %v, 2; mov.u32 %n, tile; add.s32 %k, %k, %n;
ld.global.u32 %v, [%p];
st.shared.u32 [%k], %v;
ld.shared.u32 %v, [%k];
add.s32 %v, %v, 1;
st.global.u32 [%p], %v;
ret;
}
.visible .entry stop() { trap; }
.global .align 4 .u32 table[3] = {5, 6};
.const .align 4 .f32 half = 0f3F000000;
.visible .entry variables(.param .u64 p)
{
.reg .b32 %a, %b, %c; .reg .f32 %f; .reg .b64 %p, %t;
ld.param.u64 %p, [p]; mov.u64 %t, table; add.s64 %t, %t, 4;
ld.global.u32 %a, [table]; ld.global.u32 %b, [%t]; ld.global.u32 %c, [table+8]; ld.const.f32 %f, [half];
st.global.v2.u32 [%p], {%a, %b}; st.global.u32 [%p+8], %c; st.global.f32 [%p+12], %f;
st.global.u32 [%t], 7;
ret;
}
.visible .entry places(.param .u64 p)
{
.reg .b32 %x, %y, %z, %n, %i; .reg .b64 %p, %o;
mov.u32 %i, %tid.z; mov.u32 %n, %ntid.y; mov.u32 %y, %tid.y; mad.lo.s32 %i, %i, %n, %y;
mov.u32 %n, %ntid.x; mov.u32 %x, %tid.x; mad.lo.s32 %i, %i, %n, %x;
mov.u32 %n, %ctaid.z; mov.u32 %x, %nctaid.y; mov.u32 %y, %ctaid.y; mad.lo.s32 %n, %n, %x, %y;
mov.u32 %x, %nctaid.x; mov.u32 %y, %ctaid.x; mad.lo.s32 %n, %n, %x, %y;
mov.u32 %x, %ntid.x; mov.u32 %y, %ntid.y; mul.lo.s32 %x, %x, %y; mov.u32 %y, %ntid.z; mul.lo.s32 %x, %x, %y; mad.lo.s32 %n, %n, %x, %i;
mov.u32 %z, %dynamic_smem_size;
ld.param.u64 %p, [p]; mul.wide.u32 %o, %n, 8; add.s64 %p, %p, %o; st.global.v2.u32 [%p], {%i, %z};
ret;
}
`

// contract checks the calls one by one.
func contract(t *testing.T, d driver.Driver) {
	t.Run("Devices", func(t *testing.T) { testDevices(t, d) })
	t.Run("Memory", func(t *testing.T) { testMemory(t, d) })
	t.Run("Errors", func(t *testing.T) { testErrors(t, d) })
	t.Run("Modules", func(t *testing.T) { testModules(t, d) })
	t.Run("Launch", func(t *testing.T) { testLaunch(t, d) })
	t.Run("Variables", func(t *testing.T) { testVariables(t, d) })
	t.Run("Places", func(t *testing.T) { testPlaces(t, d) })
	t.Run("Events", func(t *testing.T) { testEvents(t, d) })
	t.Run("FaultSticks", func(t *testing.T) { testFaultSticks(t, d) })
}

func testDevices(t *testing.T, d driver.Driver) {
	devices, err := d.Devices()
	require.NoError(t, err)
	for i, dev := range devices {
		require.NotEmpty(t, dev.Name, "device %d", i)
		require.GreaterOrEqual(t, dev.SM(), 75)
		require.Positive(t, dev.Multiprocessors)
		require.Positive(t, dev.Memory)
		require.GreaterOrEqual(t, dev.SharedPerBlock, 64<<10)
		require.Equal(t, 32, dev.WarpSize)
	}
	_, err = d.Open(len(devices))
	require.Equal(t, driver.InvalidDevice, driver.CodeOf(err))
	c, _ := open(t, d, 0)
	require.Equal(t, devices[0], c.Device())
}

func testMemory(t *testing.T, d driver.Driver) {
	c, s := open(t, d, 0)
	before, total, err := c.MemInfo()
	require.NoError(t, err)
	require.LessOrEqual(t, before, total)

	data := bytes.Repeat([]byte("0123456789abcdef"), 1000)
	p := upload(t, c, s, data)
	require.Zero(t, uint64(p)%256)
	require.Equal(t, data, download(t, s, p, len(data)))
	require.Equal(t, data[5:25], download(t, s, p+5, 20))

	q, err := c.Alloc(64 << 20)
	require.NoError(t, err)
	after, _, err := c.MemInfo()
	require.NoError(t, err)
	require.LessOrEqual(t, after, before-64<<20)
	require.NoError(t, s.Copy(q+3, p, 100))
	require.NoError(t, s.Fill(q+10, 0xee, 5))
	want := append([]byte(nil), data[:100]...)
	copy(want[7:], "\xee\xee\xee\xee\xee")
	require.Equal(t, want, download(t, s, q+3, 100))
	require.NoError(t, c.Free(q))
	require.NoError(t, c.Free(p))

	h, err := c.AllocHost(100)
	require.NoError(t, err)
	require.Len(t, h, 100)
	require.NoError(t, c.FreeHost(h))
}

func testErrors(t *testing.T, d driver.Driver) {
	c, s := open(t, d, 0)
	_, err := c.Alloc(1 << 50)
	require.Equal(t, driver.OutOfMemory, driver.CodeOf(err))
	_, err = c.Alloc(0)
	require.Equal(t, driver.InvalidValue, driver.CodeOf(err))
	p, err := c.Alloc(256)
	require.NoError(t, err)
	require.Error(t, c.Free(p+1))
	require.NoError(t, c.Free(p))
	require.Error(t, c.Free(p))
	require.Error(t, c.FreeHost(make([]byte, 8)))
	require.NoError(t, c.Synchronize(), "wrong arguments do not stick")
	require.NoError(t, s.Close())
}

func testModules(t *testing.T, d driver.Driver) {
	c, _ := open(t, d, 0)
	_, err := c.LoadModule("junk.ptx", []byte(".version 8.4\n.target sm_75\n.address_size 64\n.visible .entry k() { junk; }"))
	require.Equal(t, driver.InvalidPTX, driver.CodeOf(err))
	m, err := c.LoadModule("add_one.ptx", []byte(addOne))
	require.NoError(t, err)
	_, err = m.Function("absent")
	require.Equal(t, driver.NotFound, driver.CodeOf(err))
	f, err := m.Function("add_one")
	require.NoError(t, err)
	a, err := f.Attributes()
	require.NoError(t, err)
	require.Equal(t, 256, a.MaxThreads)
	require.Zero(t, a.StaticShared)
	require.Error(t, f.SetMaxDynamicShared(1<<30))
	require.NoError(t, f.SetMaxDynamicShared(64<<10))
	require.NoError(t, m.Unload())
}

func testLaunch(t *testing.T, d driver.Driver) {
	c, s := open(t, d, 0)
	m, err := c.LoadModule("add_one.ptx", []byte(addOne))
	require.NoError(t, err)
	f, err := m.Function("add_one")
	require.NoError(t, err)
	const n = 1000
	p := upload(t, c, s, make([]byte, 4*1024))
	var params driver.Params
	params.Pointer(p).Int32(n)
	l := driver.Launch{Grid: driver.Dim{X: 8}, Block: driver.Dim{X: 128}, Shared: 512, Params: params.Bytes()}
	require.NoError(t, s.Launch(f, l))
	require.NoError(t, s.Launch(f, l))
	got := download(t, s, p, 4*1024)
	for i := range 1024 {
		want := byte(2)
		if i >= n {
			want = 0
		}
		require.Equal(t, []byte{want, 0, 0, 0}, got[4*i:4*i+4], "element %d", i)
	}
	l.Block = driver.Dim{X: 512}
	require.Error(t, s.Launch(f, l), "more threads than .maxntid")
	require.NoError(t, c.Synchronize())
}

// load loads the module and finds a kernel.
func load(t *testing.T, c driver.Context, name string) driver.Function {
	m, err := c.LoadModule("add_one.ptx", []byte(addOne))
	require.NoError(t, err)
	f, err := m.Function(name)
	require.NoError(t, err)
	return f
}

// testVariables reads variables that the module initialises and one that a kernel changed.
func testVariables(t *testing.T, d driver.Driver) {
	c, s := open(t, d, 0)
	f := load(t, c, "variables")
	p := upload(t, c, s, make([]byte, 16))
	var params driver.Params
	params.Pointer(p)
	for _, second := range []byte{6, 7} {
		require.NoError(t, s.Launch(f, driver.Launch{Params: params.Bytes()}))
		require.Equal(t, []byte{5, 0, 0, 0, second, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x3f}, download(t, s, p, 16))
	}
}

// testPlaces launches in three dimensions; each thread writes its number in the block, and the dynamic shared memory.
func testPlaces(t *testing.T, d driver.Driver) {
	c, s := open(t, d, 0)
	f := load(t, c, "places")
	l := driver.Launch{Grid: driver.Dim{X: 2, Y: 3, Z: 2}, Block: driver.Dim{X: 3, Y: 5, Z: 4}, Shared: 48}
	blocks, threads := l.Grid.Count(), l.Block.Count()
	p := upload(t, c, s, make([]byte, 8*blocks*threads))
	var params driver.Params
	l.Params = params.Pointer(p).Bytes()
	require.NoError(t, s.Launch(f, l))
	got := download(t, s, p, 8*blocks*threads)
	for i := range blocks * threads {
		thread := i % threads
		require.Equal(t, uint32(thread), binary.LittleEndian.Uint32(got[8*i:]), "thread %d", i)
		require.Equal(t, uint32(l.Shared), binary.LittleEndian.Uint32(got[8*i+4:]), "thread %d", i)
	}
}

func testEvents(t *testing.T, d driver.Driver) {
	c, s := open(t, d, 0)
	first, err := c.NewEvent()
	require.NoError(t, err)
	second, err := c.NewEvent()
	require.NoError(t, err)
	require.NoError(t, s.Record(first))
	p := upload(t, c, s, make([]byte, 1<<20))
	require.NoError(t, s.Fill(p, 1, 1<<20))
	require.NoError(t, s.Record(second))
	require.NoError(t, s.Wait(second))
	require.NoError(t, second.Synchronize())
	passed, err := second.Since(first)
	require.NoError(t, err)
	require.GreaterOrEqual(t, passed.Nanoseconds(), int64(0))
	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
}

// testFaultSticks runs last on its context: a GPU's context is lost after a fault.
func testFaultSticks(t *testing.T, d driver.Driver) {
	c, err := d.Open(0)
	require.NoError(t, err)
	s, err := c.NewStream()
	require.NoError(t, err)
	m, err := c.LoadModule("add_one.ptx", []byte(addOne))
	require.NoError(t, err)
	f, err := m.Function("stop")
	require.NoError(t, err)
	err = s.Launch(f, driver.Launch{})
	if err == nil {
		err = s.Synchronize()
	}
	require.Equal(t, driver.LaunchFailed, driver.CodeOf(err))
	_, again := c.Alloc(16)
	require.Equal(t, driver.CodeOf(err), driver.CodeOf(again))
	require.Equal(t, driver.CodeOf(err), driver.CodeOf(c.Synchronize()))
	// Closing reports or swallows the fault, as the driver likes; afterwards the device opens again.
	_ = c.Close()
	_, s = open(t, d, 0)
	require.NoError(t, s.Synchronize())
}

// peers checks copies between two devices.
func peers(t *testing.T, d driver.Driver) {
	c0, s0 := open(t, d, 0)
	c1, s1 := open(t, d, 1)
	p0 := upload(t, c0, s0, []byte("from device zero"))
	require.NoError(t, s0.Synchronize())
	p1, err := c1.Alloc(16)
	require.NoError(t, err)
	require.NotEqual(t, p0, p1)
	require.NoError(t, s1.CopyPeer(p1, c0, p0, 16))
	require.Equal(t, "from device zero", string(download(t, s1, p1, 16)))
}
