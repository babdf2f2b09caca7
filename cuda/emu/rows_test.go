package emu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/ptx"
)

// compiled compiles a body for a device without an observer.
func compiled(t *testing.T, body string) *program {
	m, err := ptx.Parse("k.ptx", []byte(".version 8.4\n.target sm_75\n.address_size 64\n.entry k() {\n.reg .pred %p; .reg .b32 %r<9>;\n"+body+"}"))
	require.NoError(t, err)
	p, err := compile(&module{ctx: &Context{drv: New(Options{})}, ptx: m}, m.Kernels()[0])
	require.NoError(t, err)
	return p
}

// rowOf is the row of %rN; register 0 of the kernel is %p.
func rowOf(p *program, n int) int32 { return p.rows[n+1] }

func TestRegistersThatAreNeverInUseTogetherShareARow(t *testing.T) {
	p := compiled(t, "mov.u32 %r0, 1; add.u32 %r1, %r0, 2; add.u32 %r2, %r1, %r1; st.global.u32 [8], %r2;")
	require.NotEqual(t, rowOf(p, 0), rowOf(p, 1), "an op does not write over what it reads")
	require.Equal(t, rowOf(p, 0), rowOf(p, 2))
	require.Empty(t, p.entry)
}

func TestARegisterUsedInALoopKeepsItsRow(t *testing.T) {
	p := compiled(t, `mov.u32 %r0, 1; mov.u32 %r1, 0;
LOOP: add.u32 %r2, %r1, %r0; mov.u32 %r1, %r2; mov.u32 %r3, 5; setp.lt.u32 %p, %r3, %r1; @%p bra LOOP;
st.global.u32 [8], %r1;`)
	require.NotEqual(t, rowOf(p, 0), rowOf(p, 3), "%%r0 is read again in the next turn")
	require.NotEqual(t, rowOf(p, 1), rowOf(p, 3))
	require.Equal(t, rowOf(p, 2), rowOf(p, 3))
}

func TestRegistersReadBeforeTheyAreWrittenBeginAtZero(t *testing.T) {
	p := compiled(t, "@%p mov.u32 %r0, 1; st.global.u32 [8], %r0; mov.u32 %r1, 1;")
	require.Equal(t, []int32{rowOf(p, 0)}, p.entry, "a guarded write leaves the old value in some lanes")
}

// Both sides of a branch may use one row: each writes its own lanes only.
func TestSidesOfABranchShareRows(t *testing.T) {
	p := compiled(t, `@%p bra ELSE; mov.u32 %r0, 1; st.global.u32 [8], %r0; bra END;
ELSE: mov.u32 %r1, 2; st.global.u32 [8], %r1; END: ret;`)
	require.Equal(t, rowOf(p, 0), rowOf(p, 1))
}
