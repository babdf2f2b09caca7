package study

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What a trace sees is what the emulator counts by itself.
func TestTraceAgreesWithCounters(t *testing.T) {
	for name, shape := range map[string]Shape{
		"gemm_f16_sm75_64x64":            {"M": 70, "N": 66, "K": 72},
		"gated_gemm_f16_sm75_64x32":      nil,
		"gemm_f16_sm80_128x128":          nil,
		"attention_prefill_f16_sm80_d96": {"T": 70, "P": 20},
		"attention_decode_f16_sm75_d64":  {"P": 100},
		"rms_norm_f16":                   nil,
	} {
		t.Run(name, func(t *testing.T) {
			trace := newTrace(t, name, shape)
			var read, written, passes, conflicts int
			for _, b := range trace.blocks {
				for _, w := range b.warps {
					for _, m := range w.accesses {
						x := &m.traffic
						passes, conflicts = passes+x.Passes, conflicts+x.Conflicts
						if x.Write {
							written += x.Sectors
						} else {
							read += x.Sectors
						}
					}
				}
			}
			c := trace.Run.Counters
			require.Equal(t, c.ReadSectors, int64(read))
			require.Equal(t, c.WriteSectors, int64(written))
			require.Equal(t, c.SharedAccesses+c.SharedConflicts, int64(passes))
			require.Equal(t, c.SharedConflicts, int64(conflicts))
			require.Equal(t, c.Total(), int64(trace.steps))
			require.Equal(t, int(c.Blocks), len(trace.blocks))
		})
	}
}

// Warps of a block leave each barrier at the same time, which is that of the last to come.
func TestWarpsMeetAtBarriers(t *testing.T) {
	trace := newTrace(t, "attention_prefill_f16_sm80_d64", Shape{"T": 96})
	met := 0
	for _, b := range trace.blocks {
		left := map[int][]int{}
		for _, w := range b.warps {
			n := 0
			for _, s := range w.kinds {
				require.Less(t, s.from, s.to)
				if s.kind == kindWait {
					left[n] = append(left[n], s.to)
					n++
				}
			}
			require.Equal(t, len(b.arrived), n, "barriers that a warp came to")
		}
		for n, times := range left {
			for _, time := range times {
				require.Equal(t, b.arrived[n], time)
				met++
			}
		}
	}
	require.Greater(t, met, 16)
}

func TestTooLargeATraceIsRefused(t *testing.T) {
	c, err := NewCase("rms_norm_f16", Shape{"T": 200, "C": 4096}, 0)
	require.NoError(t, err)
	_, err = c.Trace()
	require.ErrorContains(t, err, "choose a smaller shape")
}
