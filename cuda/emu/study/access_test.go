package study

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// accessOf makes an access whose lane l has the address at(l).
func accessOf(size int, at func(lane int) int) *Traffic {
	t := &Traffic{Size: size, Mask: ^uint32(0)}
	for lane := range t.Addresses {
		t.Addresses[lane] = uint64(at(lane))
	}
	return t
}

func TestSectorsAndPasses(t *testing.T) {
	for _, c := range []struct {
		name          string
		size          int
		at            func(lane int) int
		sectors       int
		ideal, passes int
	}{
		{"words in a row", 4, func(l int) int { return 4 * l }, 4, 1, 1},
		{"one word for all", 4, func(int) int { return 64 }, 1, 1, 1},
		{"a column of a matrix of 32 words", 4, func(l int) int { return 128 * l }, 32, 1, 32},
		{"the same, padded by a word", 4, func(l int) int { return 132 * l }, 32, 1, 1},
		{"every other word", 4, func(l int) int { return 8 * l }, 8, 1, 2},
		{"16 bytes in a row", 16, func(l int) int { return 16 * l }, 16, 4, 4},
		{"16 bytes, rows of 64", 16, func(l int) int { return 64 * l }, 32, 4, 16},
		{"8 bytes in a row", 8, func(l int) int { return 8 * l }, 8, 2, 2},
		{"halves in a row", 2, func(l int) int { return 2 * l }, 2, 1, 1},
	} {
		a := accessOf(c.size, c.at)
		ideal, actual := passes(a)
		require.Equal(t, []int{c.sectors, c.ideal, c.passes}, []int{sectors(a), ideal, actual}, c.name)
		_, rows := bankCells(a)
		require.Equal(t, c.passes, rows, "rows of the picture: %s", c.name)
	}
}
