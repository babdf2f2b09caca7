package backendtest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/tensor"
)

func TestUlp(t *testing.T) {
	require.Equal(t, math.Ldexp(1, -23), ulp(tensor.F32, 1))
	require.Equal(t, math.Ldexp(1, -7), ulp(tensor.BF16, 1.5))
	require.Equal(t, math.Ldexp(1, -9), ulp(tensor.F16, 3))
	require.Zero(t, ulp(tensor.F32, 0))
}

func TestWithin(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	require.True(t, within(1.01, 1, 0.02))
	require.False(t, within(1.03, 1, 0.02))
	require.False(t, within(nan, 1, 0.02), "NaN where a number is wanted")
	require.False(t, within(inf, 1, 0.02))
	require.False(t, within(1, nan, 0.02))
	require.True(t, within(-inf, -inf, 0))
	require.False(t, within(inf, -inf, 1e300))
	require.True(t, within(nan, nan, 0))
}

// TestFormulas checks the oracle by hand on values that are exact.
func TestFormulas(t *testing.T) {
	m := func(rows, cols int, v ...float64) matrix {
		return matrix{d: tensor.F32, rows: rows, cols: cols, v: v}
	}
	x, w := m(2, 2, 1, 2, 3, 4), m(2, 2, 1, 1, 1, -1)
	require.Equal(t, []float64{3, -1, 7, -1}, matMul[float64](x, w).v)
	require.InDeltaSlice(t, []float64{3 / (1 + math.Exp(-3)) * -1, 7 / (1 + math.Exp(-7)) * -1}, gatedMatMul[float64](x, w).v, 1e-12)
	require.InDeltaSlice(t, []float64{3 / math.Sqrt(12.5), 8 / math.Sqrt(12.5)}, rmsNorm[float64](m(1, 2, 3, 4), m(1, 2, 1, 2), 0).v, 1e-12)
	require.Equal(t, []float64{-4, 3}, rope[float64](m(1, 2, 3, 4), []int32{1}, m(2, 2, 1, 0, 0, 1)).v, "a quarter turn")
	require.InDeltaSlice(t, []float64{math.Log(0.25), math.Log(0.75)}, logSoftmax[float64](m(1, 2, 5, 5+math.Log(3))).v, 1e-12)

	// Two queries of one head of size 2: the first sees one key, the second two with scores 0 and log 3.
	q, k, v := m(2, 2, 1, 0, 1, 0), m(2, 2, 0, 0, math.Log(3), 0), m(2, 2, 1, 0, 0, 1)
	opt := backend.AttentionOptions{Heads: 1, Scale: 1}
	require.InDeltaSlice(t, []float64{1, 0, 0.25, 0.75}, attention[float64](q, k, v, 2, opt).v, 1e-6)
	opt.Window = 1
	require.InDeltaSlice(t, []float64{1, 0, 0, 1}, attention[float64](q, k, v, 2, opt).v, 1e-12)
}

func TestWeightPartsCoverTheWeight(t *testing.T) {
	w := filled(tensor.F32, 11, 2, 1)
	for parts := 1; parts <= 4; parts++ {
		rows := 0
		for _, p := range weightParts(w, parts) {
			require.Positive(t, p.Shape[0])
			rows += p.Shape[0]
		}
		require.Equal(t, 11, rows, "%d parts", parts)
	}
}
