package emu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/driver"
)

func TestAllocationsDoNotTouch(t *testing.T) {
	m := newMemory(0, 1<<30)
	a := m.alloc(100, "first")
	b := m.alloc(slotSize+1, "second, of two slots")
	c := m.alloc(1, "third")
	require.Equal(t, a, m.find(a.base+99))
	require.Equal(t, b, m.find(b.base+slotSize))
	require.Greater(t, b.base, a.base+slotSize, "an empty slot lies between")
	require.Nil(t, m.find(b.base-1))
	require.Greater(t, c.base, b.base+2*slotSize)
	require.Nil(t, m.find(0))
	_, _, wrong := m.view(driver.Pointer(b.base), slotSize+2)
	require.Contains(t, wrong, "0 bytes past the start of the second")
}

func TestMemoryIsGivenBack(t *testing.T) {
	m := newMemory(0, 1000)
	a := m.alloc(512, "a")
	require.Nil(t, m.alloc(512, "too much"))
	require.Empty(t, m.free(driver.Pointer(a.base)))
	require.NotNil(t, m.alloc(512, "b"))
	require.Contains(t, m.free(driver.Pointer(a.base)), "freed before")
	require.Contains(t, m.outside(a.base, 4), "use after free")
}

// A program that allocates and frees for days does not run out of addresses.
func TestSlotsAreUsedAgain(t *testing.T) {
	m := newMemory(0, 1<<20)
	var last *allocation
	for range 2 * recycleAfter {
		last = m.alloc(8, "x")
		require.NotNil(t, last)
		require.Empty(t, m.free(driver.Pointer(last.base)))
	}
	require.Less(t, m.end, recycleAfter+10)
}

func TestValidity(t *testing.T) {
	v := newValidity(200)
	require.False(t, v.written(0, 1))
	v.set(60, 10)
	require.True(t, v.written(60, 10))
	require.True(t, v.written(63, 2))
	require.False(t, v.written(59, 2))
	require.False(t, v.written(69, 2))
	w := newValidity(200)
	w.set(0, 200)
	require.True(t, w.written(17, 100))
	w.copy(10, v, 58, 4) // two bytes unknown, two known
	require.False(t, w.written(11, 1))
	require.True(t, w.written(12, 188))
	require.True(t, w.written(0, 10))
	v.copy(0, w, 100, 50)
	require.True(t, v.written(0, 50))
}
