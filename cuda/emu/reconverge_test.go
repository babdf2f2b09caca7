package emu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/ptx"
)

// joins compiles a body and gives the join of each op.
func joins(t *testing.T, body string) []int32 {
	m, err := ptx.Parse("k.ptx", []byte(".version 8.4\n.target sm_75\n.address_size 64\n.entry k() {\n.reg .pred %p; .reg .b32 %r;\n"+body+"}"))
	require.NoError(t, err)
	p, err := compile(&module{ctx: &Context{drv: New(Options{})}, ptx: m}, m.Kernels()[0])
	require.NoError(t, err)
	out := make([]int32, len(p.ops))
	for i := range p.ops {
		out[i] = p.ops[i].join
	}
	return out
}

func TestPostDominators(t *testing.T) {
	// 0: branch to 3; 1: then; 2: jump to 4; 3: else; 4: meeting place; 5: ret; 6: the end that compile adds.
	require.Equal(t, int32(4), joins(t, "@%p bra ELSE; mov.u32 %r, 1; bra MEET; ELSE: mov.u32 %r, 2; MEET: mov.u32 %r, 3; ret;")[0])
	// A loop's back edge: lanes that stay meet those that leave behind it.
	require.Equal(t, int32(2), joins(t, "LOOP: mov.u32 %r, 1; @%p bra LOOP; mov.u32 %r, 2; ret;")[1])
	// One side returns: there is no place where all meet.
	require.Equal(t, int32(noJoin), joins(t, "@%p bra OUT; mov.u32 %r, 1; ret; OUT: mov.u32 %r, 2; ret;")[0])
	// A loop that never ends has no way to the end either.
	require.Equal(t, int32(noJoin), joins(t, "@%p bra LOOP; ret; LOOP: mov.u32 %r, 1; bra LOOP;")[3])
	// A branch out of a loop from inside an if.
	require.Equal(t, int32(5), joins(t, "LOOP: @%p bra A; mov.u32 %r, 1; @%p bra OUT; A: mov.u32 %r, 2; @%p bra LOOP; OUT: mov.u32 %r, 3; ret;")[2])
}

func TestAGuardedReturnIsNoBranch(t *testing.T) {
	require.Equal(t, int32(1), joins(t, "@%p ret; mov.u32 %r, 1; ret;")[0])
}
