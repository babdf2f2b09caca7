package study

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/emu"
	"tiebreak/cuda/kernels"
)

func TestPredictionIsTheHighestCeiling(t *testing.T) {
	k := kernels.Find("gemm_f16_sm75_128x128")
	t4 := &GPUs[0]
	work := func(blocks int64, edit func(c *emu.Counters)) Work {
		w := Work{Threads: 128, Least: 32000}
		w.Counters.Blocks = blocks
		edit(&w.Counters)
		return w
	}
	for _, c := range []struct {
		bound string
		want  time.Duration
		w     Work
	}{
		{"tensor cores", time.Millisecond, work(40, func(c *emu.Counters) { c.MMAFlops = 42e9 })},
		{"tensor cores", 2 * time.Millisecond, work(41, func(c *emu.Counters) { c.MMAFlops = 43.05e9 })}, // one multiprocessor has two blocks
		{"memory", 100 * time.Nanosecond, work(40, func(*emu.Counters) {})},
		{"shared memory", time.Millisecond, work(40, func(c *emu.Counters) { c.SharedAccesses, c.SharedConflicts = 40*1e6, 40*0.59e6 })},
		{"issue slots", time.Millisecond, work(80, func(c *emu.Counters) { c.Instructions[emu.Move] = 80 * 2 * 1.59e6 })},
		{"integer lanes", time.Millisecond, work(80, func(c *emu.Counters) { c.Instructions[emu.Integer] = 40 * 2 * 1.59e6 })},
		{"special lanes", time.Millisecond, work(40, func(c *emu.Counters) { c.Instructions[emu.Special] = 40 * 0.5 * 1.59e6 })},
		{"L2", time.Millisecond, work(40, func(c *emu.Counters) { c.ReadSectors = 1.2e9 / 32 })},
		{"L2", time.Millisecond, work(1, func(c *emu.Counters) { c.ReadSectors = 2 * 1.59e6 })}, // what one multiprocessor can take
	} {
		p, ok := t4.Predict(k, c.w)
		require.True(t, ok)
		require.Equal(t, c.bound, p.Bound, "%v", p.Ceilings)
		require.InEpsilon(t, float64(c.want), float64(p.Time), 0.01, "%s: %v", c.bound, p.Ceilings)
		require.LessOrEqual(t, p.Second().Time, p.Time)
	}
	_, ok := GPUs[1].Predict(k, Work{})
	require.False(t, ok, "there is no machine code of sm_75 modules for an A100")
}
