package study

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/ptx"
)

func TestValuesArePrintedBriefly(t *testing.T) {
	of := func(f func(lane int) uint64) *[warpSize]uint64 {
		var v [warpSize]uint64
		for lane := range v {
			v[lane] = f(lane)
		}
		return &v
	}
	for _, c := range []struct {
		t    ptx.Type
		v    *[warpSize]uint64
		want string
	}{
		{ptx.B32, of(func(int) uint64 { return 7 }), "7"},
		{ptx.B32, of(func(int) uint64 { return 0xfffffffe }), "-2"},
		{ptx.B32, of(func(int) uint64 { return 0x3c003c00 }), "0x3c003c00"},
		{ptx.B64, of(func(l int) uint64 { return 1<<40 + 16*uint64(l) }), "0x0000010000000000 +16 per lane"},
		{ptx.B32, of(func(l int) uint64 { return uint64(100 - l) }), "100 -1 per lane"},
		{ptx.B32, of(func(l int) uint64 { return uint64(l / 4) }), "0, 0, 0, 0, …"},
		{ptx.F32, of(func(int) uint64 { return uint64(math.Float32bits(-0.5)) }), "-0.5"},
		{ptx.F64, of(func(int) uint64 { return math.Float64bits(0.25) }), "0.25"},
		{ptx.Pred, of(func(int) uint64 { return 1 }), "true"},
		{ptx.Pred, of(func(int) uint64 { return 0 }), "false"},
		{ptx.Pred, of(func(l int) uint64 { return uint64(l / 16) }), "true in 16 lanes (ffff0000)"},
	} {
		require.Equal(t, c.want, show(c.t, c.v))
	}
}

func TestSourceLine(t *testing.T) {
	require.Equal(t, "#pragma once", SourceLine("paging.cuh:3"))
	for _, place := range []string{"", "paging.cuh", "paging.cuh:0", "paging.cuh:9999", "none.cu:1", "paging.cuh:x"} {
		require.Empty(t, SourceLine(place))
	}
}
