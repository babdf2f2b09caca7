package drivertest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The products that mma vectors expect must not depend on the order of additions, so that hardware can be held to them.
func TestMatrixElementsAreExact(t *testing.T) {
	for row := range 16 {
		for i := range 16 {
			require.True(t, half16(elementA(row, i)) && half16(elementB(i, row%8)) && half16(elementC(row, i%8)))
			require.True(t, half16(product(row, i%8, 16)), "%v", product(row, i%8, 16))
		}
	}
}

func TestEachVectorHasItsOwnName(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range vectors() {
		require.False(t, seen[v.name], v.name)
		seen[v.name] = true
		in, out := v.values(0)
		require.NotEmpty(t, out, v.name)
		require.LessOrEqual(t, len(in), 8)
	}
}

func TestSameComparesAsTheTypeAsks(t *testing.T) {
	require.True(t, same("f32", f(nan), f(-nan), 0))
	require.False(t, same("b32", f(1), f(above), 5))
	require.False(t, same("f32", f(1), f(above), 0))
	require.True(t, same("f32", f(1), f(above), 1))
	require.False(t, same("f32", f(1), f(1.00001), 1))
	require.True(t, same("f16x2", hh(nan, 1), hh(nan, 1), 0))
	require.False(t, same("f16x2", hh(1, 2), hh(1, 3), 0))
}
