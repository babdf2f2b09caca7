package emu_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver"
	"tiebreak/cuda/emu"
	"tiebreak/cuda/ptx"
)

// launched runs a body as planted bugs do, with one warp a block, and gives the driver.
func launched(t *testing.T, o emu.Options, body string, threads int) *emu.Driver {
	d := emu.New(o)
	require.NoError(t, planted{body: body, threads: threads, sm: 75}.run(t, d))
	return d
}

// counted gives the counters of one launch of a body.
func counted(t *testing.T, body string, threads int) emu.KernelCounters {
	d := launched(t, emu.Options{Counters: true}, body, threads)
	k := d.Counters()
	require.Len(t, k, 1)
	require.Equal(t, "bug", k[0].Kernel)
	require.Equal(t, "bug.ptx", k[0].Module)
	d.ResetCounters()
	require.Empty(t, d.Counters())
	return k[0]
}

func TestCountersOfGlobalMemory(t *testing.T) {
	for body, want := range map[string][2]int64{ // sectors and bytes read
		"ld.global.u32 %v, [%p];":                                                   {4, 128},
		"ld.param.u64 %p, [p]; ld.global.u32 %v, [%p];":                             {1, 128}, // all lanes one word
		"ld.param.u64 %p, [p]; mad.wide.u32 %p, %t, 8, %p; ld.global.u16 %v, [%p];": {8, 64},  // every fourth half
		"ld.param.u64 %p, [p]; mul.wide.u32 %o, %t, -4; add.s64 %p, %p, 124; sub.s64 %p, %p, 0; mad.wide.s32 %p, %t, -4, %p; ld.global.u32 %v, [%p];": {4, 128}, // descending
		"ld.param.u64 %p, [p]; and.b32 %v, %t, 15; mad.wide.u32 %p, %v, 16, %p; ld.global.v4.u32 {%v,%v,%v,%w}, [%p];":                                {8, 512},
		"setp.lt.s32 %q, %t, 3; @%q ld.global.u32 %v, [%p];":                                                                                          {1, 12},
	} {
		c := counted(t, body, 32)
		require.Equal(t, want, [2]int64{c.ReadSectors, c.ReadBytes}, body)
		require.Zero(t, c.WriteSectors)
	}
	c := counted(t, "st.global.u32 [%u], %t; st.global.u8 [%u], %t;", 64)
	require.Equal(t, [2]int64{16, 2*128 + 2*32}, [2]int64{c.WriteSectors, c.WriteBytes})
}

func TestCountersOfSharedMemory(t *testing.T) {
	for body, want := range map[string][2]int64{ // passes that would do, and further ones
		"st.shared.u32 [%s], %t;":                        {1, 0},
		"shl.b32 %s, %t, 3; st.shared.u32 [%s], %t;":     {1, 1}, // stride 2: two words in each second bank
		"mul.lo.u32 %s, %t, 20; st.shared.u32 [%s], %t;": {1, 0}, // stride 5 meets every bank
		"and.b32 %s, %t, 7; shl.b32 %s, %s, 7; and.b32 %v, %t, 24; shr.u32 %v, %v, 1; or.b32 %s, %s, %v; st.shared.u32 [%s], %t;": {1, 7}, // eight rows of 128 bytes
		"shl.b32 %s, %t, 3; st.shared.v2.u32 [%s], {%t, %t};":                                                                     {2, 0},
		"shl.b32 %s, %t, 4; st.shared.v4.u32 [%s], {%t,%t,%t,%t};":                                                                {4, 0},
		"shl.b32 %s, %t, 5; st.shared.v4.u32 [%s], {%t,%t,%t,%t};":                                                                {4, 4},
		"mov.u32 %s, 0; st.shared.u32 [%s], 1; bar.sync 0; ld.shared.u32 %v, [%s];":                                               {2, 0}, // one word for all lanes
	} {
		if strings.HasPrefix(body, "mov.u32 %s, 0") {
			body = "setp.eq.s32 %q, %t, 0; @%q st.shared.u32 [tile], 1; bar.sync 0; ld.shared.u32 %v, [tile];"
		}
		c := counted(t, body, 32)
		require.Equal(t, want, [2]int64{c.SharedAccesses, c.SharedConflicts}, body)
	}
}

func TestCountersOfInstructions(t *testing.T) {
	c := counted(t, `cvt.rn.f32.s32 %f, %t; fma.rn.f32 %f, %f, %f, %f; ex2.approx.f32 %g, %f; bar.sync 0;
mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f,%f,%f,%f}, {0,0}, {0}, {0,0,0,0};`, 64)
	require.Equal(t, int64(1), c.Launches)
	require.Equal(t, int64(1), c.Blocks)
	require.Equal(t, int64(2*2048), c.MMAFlops)
	require.Equal(t, int64(2), c.Instructions[emu.Matrix])
	require.Equal(t, int64(2), c.Instructions[emu.Float])
	require.Equal(t, int64(4), c.Instructions[emu.Special], "ex2 and the rem of the kernel's head")
	require.Equal(t, int64(4), c.Instructions[emu.Convert], "one in the head as well")
	require.Equal(t, int64(2), c.Barriers)
	require.Equal(t, c.Total(), sum(c.Lines))
	var mma emu.Line
	for _, l := range c.Lines {
		if strings.HasPrefix(l.Text, "mma") {
			mma = l
		}
	}
	require.Equal(t, "bug.cu:40", mma.Source)
	require.Equal(t, 13, mma.PTX)
	require.Equal(t, int64(2), mma.Count)
	require.Equal(t, "matrix", emu.Matrix.String())
}

func sum(lines []emu.Line) (n int64) {
	for _, l := range lines {
		n += l.Count
	}
	return n
}

// recorder keeps what an observer is told.
type recorder struct {
	steps    []string
	masks    []uint32
	sums     []uint64
	accesses []emu.Access
}

func (r *recorder) Step(s *emu.Step) {
	if s.Source == "" {
		return // the head of the kernel
	}
	r.steps = append(r.steps, s.Text)
	r.masks = append(r.masks, s.Executing)
	for i, reg := range s.Registers() {
		if reg.Name == "%v" {
			v := s.Register(i)
			r.sums = append(r.sums, v[5])
		}
	}
}

func (r *recorder) Access(a *emu.Access) { r.accesses = append(r.accesses, *a) }

func TestObserverSeesEachStep(t *testing.T) {
	r := &recorder{}
	launched(t, emu.Options{Observer: r}, "mov.u32 %v, %laneid; setp.lt.s32 %q, %t, 4; @%q add.s32 %v, %v, 100; @!%q add.s32 %v, %v, 7; st.global.u32 [%u], %v;", 32)
	require.Equal(t, []string{"mov.u32 %v, %laneid", "setp.lt.s32 %q, %t, 4", "@%q add.s32 %v, %v, 100", "@!%q add.s32 %v, %v, 7",
		"st.global.u32 [%u], %v", "ret"}, r.steps)
	require.Equal(t, uint32(15), r.masks[2])
	require.Equal(t, ^uint32(15), r.masks[3])
	require.Equal(t, []uint64{5, 5, 5, 12, 12}, r.sums[1:])
	require.Len(t, r.accesses, 3, "two parameters and the store")
	last := r.accesses[2]
	require.True(t, last.Write)
	require.Equal(t, ptx.Global, last.Space)
	require.Equal(t, 4, last.Size)
	require.Equal(t, last.Addresses[0]+4, last.Addresses[1])
}

// One machine's counters are another's: blocks that run at the same time do not change them.
func TestCountersDoNotDependOnWorkers(t *testing.T) {
	var want []emu.KernelCounters
	for workers := 1; workers <= 4; workers++ {
		d := emu.New(emu.Options{Counters: true, Workers: workers})
		c, err := d.Open(0)
		require.NoError(t, err)
		s, err := c.NewStream()
		require.NoError(t, err)
		head := strings.Replace(plantedHead, "%", "75", 1)
		m, err := c.LoadModule("bug.ptx", []byte(head+"st.shared.u32 [%s], %t; bar.sync 0; ld.shared.u32 %v, [%n];"+plantedTail))
		require.NoError(t, err)
		f, err := m.Function("bug")
		require.NoError(t, err)
		require.NoError(t, s.Launch(f, driver.Launch{Grid: driver.Dim{X: 7, Y: 3}, Block: driver.Dim{X: 96}, Params: make([]byte, 16)}))
		if want == nil {
			want = d.Counters()
		}
		require.Equal(t, want, d.Counters())
		require.Equal(t, int64(21), want[0].Blocks)
	}
}
