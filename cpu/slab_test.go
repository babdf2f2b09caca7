package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/tensor"
)

// TestSlab holds that weights which share a slab do not overlap, that the slab goes with the last of them, and that a full
// one is followed by the next.
func TestSlab(t *testing.T) {
	b := open(t, Options{})
	take := func(n int64) *memory {
		m, err := b.reserveWeight(n, "a weight")
		require.NoError(t, err)
		require.GreaterOrEqual(t, m.Bytes(), n)
		return m
	}
	first, second := take(100), take(1000)
	if first.slab == nil {
		t.Skip("slabs: this system gives no pages")
	}
	require.Same(t, first.slab, second.slab)
	for i := range first.bytes {
		first.bytes[i] = 1
	}
	require.Equal(t, make([]byte, 1000), second.bytes[:1000])

	large := take(slabBytes/4 + 1)
	require.Nil(t, large.slab)
	var rest []*memory
	for range 4 {
		rest = append(rest, take(slabBytes/4))
	}
	require.Same(t, first.slab, rest[2].slab)
	require.NotSame(t, first.slab, rest[3].slab, "no room is left")

	for _, m := range append(rest[:3:3], first) {
		b.release(m)
	}
	second.bytes[0] = 7 // faults if its slab is gone
	old := second.slab
	b.release(second)
	require.Zero(t, old.live)
	require.Same(t, rest[3].slab, b.slab)
	b.release(rest[3])
	require.Nil(t, b.slab)
	b.release(large)
	require.Empty(t, b.blocks)
}

// TestSmallWeightsShare holds that panels lie in slabs, and are given back with them.
func TestSmallWeightsShare(t *testing.T) {
	eachSIMD(t, func(t *testing.T, i *isa) {
		b := open(t, Options{ISA: i.name})
		w := &weight{b: b, use: backend.ForMatMul, dtype: tensor.F32, n: 5, k: 9}
		require.NoError(t, w.pack([]tensor.Tensor{tensor.New(tensor.F32, 5, 9)}))
		require.Same(t, b.slab, w.panels.mem.slab)
		w.Free()
		require.Nil(t, b.slab)
	})
}
