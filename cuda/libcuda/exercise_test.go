//go:build cuda && cgo && linux && amd64

package libcuda

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver"
)

// testPTX has three kernels: add(x, n, k) adds k to n unsigned integers, bad writes to an address that no allocation has,
// wait does nothing.
const testPTX = `
.version 6.3
.target sm_75
.address_size 64

.visible .entry add(.param .u64 x, .param .u32 n, .param .u32 k)
{
	.reg .pred %p<2>;
	.reg .b32 %r<8>;
	.reg .b64 %d<4>;
	ld.param.u64 %d1, [x];
	ld.param.u32 %r1, [n];
	ld.param.u32 %r2, [k];
	mov.u32 %r3, %ctaid.x;
	mov.u32 %r4, %ntid.x;
	mov.u32 %r5, %tid.x;
	mad.lo.u32 %r6, %r3, %r4, %r5;
	setp.ge.u32 %p1, %r6, %r1;
	@%p1 bra done;
	cvta.to.global.u64 %d2, %d1;
	mul.wide.u32 %d3, %r6, 4;
	add.u64 %d2, %d2, %d3;
	ld.global.u32 %r7, [%d2];
	add.u32 %r7, %r7, %r2;
	st.global.u32 [%d2], %r7;
done:
	ret;
}

.visible .entry bad()
{
	.reg .b32 %r<2>;
	.reg .b64 %d<2>;
	mov.u64 %d1, 64;
	mov.u32 %r1, 1;
	st.global.u32 [%d1], %r1;
	ret;
}

.visible .entry wait()
{
	ret;
}
`

// exercise uses all of the seam on one device: a GPU's, or that of the fake.
func exercise(t *testing.T, d driver.Driver) {
	t.Run("memory", func(t *testing.T) { exerciseMemory(t, open(t, d, 0)) })
	t.Run("copies", func(t *testing.T) { exerciseCopies(t, open(t, d, 0)) })
	t.Run("modules", func(t *testing.T) { exerciseModules(t, open(t, d, 0)) })
	t.Run("launches", func(t *testing.T) { exerciseLaunches(t, open(t, d, 0)) })
	t.Run("events", func(t *testing.T) { exerciseEvents(t, open(t, d, 0)) })
	t.Run("graphs", func(t *testing.T) { exerciseGraphs(t, open(t, d, 0)) })
	t.Run("handles of another context", func(t *testing.T) { exerciseStrangers(t, open(t, d, 0), open(t, d, 0)) })
	t.Run("fault", func(t *testing.T) { exerciseFault(t, open(t, d, 0)) })
	t.Run("after close", func(t *testing.T) { exerciseClose(t, d) })
}

// open opens a context and closes it at the end of the test.
func open(t *testing.T, d driver.Driver, ordinal int) driver.Context {
	c, err := d.Open(ordinal)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func newStream(t *testing.T, c driver.Context) driver.Stream {
	s, err := c.NewStream()
	require.NoError(t, err)
	return s
}

func alloc(t *testing.T, c driver.Context, n int64) driver.Pointer {
	p, err := c.Alloc(n)
	require.NoError(t, err)
	return p
}

func kernel(t *testing.T, c driver.Context, name string) driver.Function {
	m, err := c.LoadModule("test.ptx", []byte(testPTX))
	require.NoError(t, err)
	f, err := m.Function(name)
	require.NoError(t, err)
	return f
}

// code requires an error with a code and words.
func code(t *testing.T, want driver.Code, words string, err error) {
	t.Helper()
	require.ErrorContains(t, err, words)
	require.Equal(t, want, driver.CodeOf(err), err.Error())
}

func exerciseMemory(t *testing.T, c driver.Context) {
	free, total, err := c.MemInfo()
	require.NoError(t, err)
	require.Positive(t, free)
	require.Equal(t, c.Device().Memory, total)
	p, q := alloc(t, c, 1), alloc(t, c, 1000)
	require.Zero(t, p%256)
	require.Zero(t, q%256)
	_, err = c.Alloc(0)
	code(t, driver.InvalidValue, "got 0 bytes, want more than 0", err)
	_, err = c.Alloc(1 << 50)
	code(t, driver.OutOfMemory, "want 1125899906842624 bytes, free are ", err)
	code(t, driver.InvalidValue, "no allocation of this context begins at", c.Free(q+256))
	require.NoError(t, c.Free(q))
	code(t, driver.InvalidValue, "no allocation of this context begins at", c.Free(q))

	b, err := c.AllocHost(100)
	require.NoError(t, err)
	require.Len(t, b, 100)
	_, err = c.AllocHost(-1)
	code(t, driver.InvalidValue, "got -1 bytes", err)
	code(t, driver.InvalidValue, "not one that AllocHost returned", c.FreeHost(b[:5]))
	code(t, driver.InvalidValue, "not one that AllocHost returned", c.FreeHost(nil))
	require.NoError(t, c.FreeHost(b))
}

func exerciseCopies(t *testing.T, c driver.Context) {
	s := newStream(t, c)
	const room = staged + 2
	p, q := alloc(t, c, room), alloc(t, c, room)
	pinned, err := c.AllocHost(room)
	require.NoError(t, err)
	for _, n := range []int{0, 1, 255, staged, staged + 1} {
		for _, host := range [][]byte{make([]byte, n), pinned[1 : 1+n]} {
			for i := range host {
				host[i] = byte(i*7 + n)
			}
			want := slices.Clone(host)
			require.NoError(t, s.CopyToDevice(p+1, host))
			require.NoError(t, s.Copy(q+1, p+1, int64(n)))
			require.NoError(t, s.Synchronize())
			clear(host)
			require.NoError(t, s.CopyToHost(host, q+1))
			require.NoError(t, s.Synchronize())
			require.Equal(t, want, host)
		}
	}
	got := make([]byte, 8)
	require.NoError(t, s.Fill(p, 3, 8))
	require.NoError(t, s.Fill(p+2, 9, 4))
	require.NoError(t, s.CopyToHost(got, p))
	require.NoError(t, c.Synchronize())
	require.Equal(t, []byte{3, 3, 9, 9, 9, 9, 3, 3}, got)

	code(t, driver.InvalidValue, "got 3 bytes at", s.CopyToDevice(p+room-2, got[:3]))
	code(t, driver.InvalidValue, "byte 65537 of an allocation of 65538 bytes", s.CopyToHost(got, p+room-1))
	code(t, driver.InvalidValue, "not in an allocation", s.Copy(p, 8, 1))
	code(t, driver.InvalidValue, "not in an allocation", s.Fill(p+room, 0, 1))
	code(t, driver.InvalidValue, "want at least 0", s.Fill(p, 0, -1))
	code(t, driver.InvalidContext, "want a context of this driver", s.CopyPeer(p, nil, q, 1))
	require.NoError(t, s.CopyPeer(p, c, q, 8), "to itself")
	code(t, driver.InvalidValue, "not in an allocation", s.CopyPeer(p, c, 8, 1))
}

func exerciseModules(t *testing.T, c driver.Context) {
	_, err := c.LoadModule("newer.ptx", []byte(".version 6.3\n.target sm_999\n"))
	code(t, driver.NoBinaryForGPU, "newer.ptx: PTX for sm_999, the device is sm_", err)
	_, err = c.LoadModule("only.ptx", []byte(".version 6.3\n.target sm_70a\n"))
	code(t, driver.NoBinaryForGPU, "only.ptx: PTX for sm_70a, the device is sm_", err)
	_, err = c.LoadModule("notes.txt", []byte("hello"))
	code(t, driver.InvalidPTX, "notes.txt: no .target directive", err)
	_, err = c.LoadModule("zeros", make([]byte, 100))
	code(t, driver.InvalidImage, "zeros: neither PTX text nor an ELF file", err)
	_, err = c.LoadModule("cut.cubin", []byte("\x7fELF\x02\x01\x01"))
	code(t, driver.InvalidImage, "cut.cubin: ", err)
	_, err = c.LoadModule("broken.ptx", []byte(".version 6.3\n.target sm_75\nnonsense;\n"))
	code(t, driver.InvalidPTX, "broken.ptx: ", err)
	require.Regexp(t, "(line |:)3", err.Error(), "the driver's compiler says where")

	m, err := c.LoadModule("test.ptx", []byte(testPTX))
	require.NoError(t, err)
	_, err = m.Function("absent")
	code(t, driver.NotFound, "kernel absent in test.ptx", err)
	f, err := m.Function("add")
	require.NoError(t, err)
	a, err := f.Attributes()
	require.NoError(t, err)
	require.Positive(t, a.MaxThreads)
	require.NoError(t, f.SetMaxDynamicShared(c.Device().SharedPerBlock))
	code(t, driver.InvalidValue, "kernel add: got -1 bytes", f.SetMaxDynamicShared(-1))
	code(t, driver.InvalidValue, "of shared memory, want 0 to", f.SetMaxDynamicShared(c.Device().SharedPerBlock+1))
	require.NoError(t, m.Unload())
	code(t, driver.InvalidHandle, "module test.ptx is unloaded already", m.Unload())
	_, err = m.Function("add")
	code(t, driver.InvalidHandle, "module test.ptx is unloaded", err)
	_, err = f.Attributes()
	code(t, driver.InvalidHandle, "kernel add: module test.ptx is unloaded", err)
}

// addParams are those of the kernel add.
func addParams(x driver.Pointer, n, k int32) []byte {
	var p driver.Params
	return p.Pointer(x).Int32(n).Int32(k).Bytes()
}

func exerciseLaunches(t *testing.T, c driver.Context) {
	s, f, x := newStream(t, c), kernel(t, c, "add"), alloc(t, c, 4*1000)
	require.NoError(t, s.Fill(x, 0, 4*1000))
	const launches = maxMarks*groupSize + 100 // more than may be queued at once
	for range launches {
		require.NoError(t, s.Launch(f, driver.Launch{Grid: driver.Dim{X: 4}, Block: driver.Dim{X: 256}, Params: addParams(x, 999, 3)}))
	}
	got := make([]byte, 4*1000)
	require.NoError(t, s.CopyToHost(got, x))
	require.NoError(t, s.Synchronize())
	for i := range 999 {
		require.EqualValues(t, 3*launches, binary.LittleEndian.Uint32(got[4*i:]), "element %d", i)
	}
	require.Zero(t, binary.LittleEndian.Uint32(got[4*999:]), "the kernel stops at n")

	code(t, driver.InvalidValue, "cuLaunchKernel add grid 4294967297x1x1", s.Launch(f, driver.Launch{Grid: driver.Dim{X: 1<<32 + 1}}))
	code(t, driver.InvalidValue, "got -1 bytes of shared memory", s.Launch(f, driver.Launch{Shared: -1}))
	code(t, driver.InvalidHandle, "the function is not of a module loaded in this context", s.Launch(nil, driver.Launch{}))
	require.NoError(t, s.Launch(kernel(t, c, "wait"), driver.Launch{}), "no parameters")
	require.NoError(t, s.Close())
	code(t, driver.InvalidHandle, "the stream is closed", s.Launch(f, driver.Launch{}))
	code(t, driver.InvalidHandle, "the stream is closed", s.Close())
}

func exerciseEvents(t *testing.T, c driver.Context) {
	s, other := newStream(t, c), newStream(t, c)
	from, err := c.NewEvent()
	require.NoError(t, err)
	to, err := c.NewEvent()
	require.NoError(t, err)
	require.NoError(t, from.Synchronize(), "never recorded")
	_, err = to.Since(from)
	code(t, driver.InvalidHandle, "want two recorded events", err)
	require.NoError(t, s.Record(from))
	require.NoError(t, s.Launch(kernel(t, c, "wait"), driver.Launch{}))
	require.NoError(t, s.Record(to))
	require.NoError(t, other.Wait(to))
	require.NoError(t, to.Synchronize())
	took, err := to.Since(from)
	require.NoError(t, err)
	require.GreaterOrEqual(t, took, time.Duration(0))
	require.NoError(t, to.Close())
	code(t, driver.InvalidHandle, "the event is closed", to.Close())
	code(t, driver.InvalidHandle, "the event is closed", to.Synchronize())
	code(t, driver.InvalidHandle, "the event is not one of this context", s.Record(to))
	code(t, driver.InvalidHandle, "the event is closed", s.Wait(to))
	_, err = from.Since(to)
	code(t, driver.InvalidHandle, "want two recorded events", err)
}

func exerciseGraphs(t *testing.T, c driver.Context) {
	s, f, x := newStream(t, c), kernel(t, c, "add"), alloc(t, c, 4)
	require.NoError(t, s.Fill(x, 0, 4))
	capturer := s.(Capturer)
	_, err := capturer.EndCapture()
	code(t, driver.InvalidValue, "the stream is not capturing", err)
	require.NoError(t, capturer.BeginCapture())
	for range 20 {
		require.NoError(t, s.Launch(f, driver.Launch{Params: addParams(x, 1, 1)}))
	}
	g, err := capturer.EndCapture()
	require.NoError(t, err)
	got := make([]byte, 4)
	for _, want := range []byte{0, 20, 40} {
		require.NoError(t, s.CopyToHost(got, x))
		require.NoError(t, s.Synchronize())
		require.Equal(t, []byte{want, 0, 0, 0}, got)
		require.NoError(t, g.Launch(s))
	}
	require.NoError(t, g.Close())
	code(t, driver.InvalidHandle, "the graph is closed already", g.Close())
	code(t, driver.InvalidHandle, "the graph is closed", g.Launch(s))
}

func exerciseStrangers(t *testing.T, c, other driver.Context) {
	s, f := newStream(t, c), kernel(t, other, "wait")
	code(t, driver.InvalidHandle, "not of a module loaded in this context", s.Launch(f, driver.Launch{}))
	e, err := other.NewEvent()
	require.NoError(t, err)
	code(t, driver.InvalidHandle, "the event is not one of this context", s.Record(e))
	require.NoError(t, s.Wait(e), "waiting for another context's event is allowed")
	code(t, driver.InvalidValue, "not in an allocation of this context", s.Fill(alloc(t, other, 1), 0, 1))
	require.NoError(t, c.EnablePeer(other), "the same device")
	code(t, driver.InvalidContext, "want a context of this driver", c.EnablePeer(nil))
}

func exerciseFault(t *testing.T, c driver.Context) {
	s := newStream(t, c)
	err := s.Launch(kernel(t, c, "bad"), driver.Launch{Grid: driver.Dim{X: 2}, Block: driver.Dim{X: 3}})
	if err == nil {
		err = s.Synchronize()
	}
	code(t, driver.IllegalAddress, " bad grid 2x1x1 block 3x1x1 on ", err)
	require.Same(t, err, s.Synchronize())
	_, again := c.Alloc(1)
	require.Same(t, err, again)
}

func exerciseClose(t *testing.T, d driver.Driver) {
	c, err := d.Open(0)
	require.NoError(t, err)
	s, f, p := newStream(t, c), kernel(t, c, "add"), alloc(t, c, 4)
	e, err := c.NewEvent()
	require.NoError(t, err)
	require.NoError(t, c.Close())
	_, err = c.NewStream()
	code(t, driver.InvalidContext, "the context is closed", err)
	for _, err := range []error{c.Close(), c.Synchronize(), s.Synchronize(), s.Fill(p, 0, 1), s.Launch(f, driver.Launch{}),
		s.Close(), e.Synchronize(), e.Close(), c.Free(p), f.SetMaxDynamicShared(1)} {
		code(t, driver.InvalidContext, "the context is closed", err)
	}
}
