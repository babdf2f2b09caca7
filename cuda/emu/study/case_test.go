package study

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/kernels"
)

// Every kernel can be studied without naming a shape, and what it moves is at least what it must.
func TestEveryKernelHasACase(t *testing.T) {
	for _, k := range kernels.Table {
		t.Run(k.Name, func(t *testing.T) {
			c, err := NewCase(k.Name, nil, 0)
			require.NoError(t, err)
			r, err := c.Run()
			require.NoError(t, err)
			require.Equal(t, k.Name, r.Launch.Kernel.Name)
			require.Equal(t, int64(1), r.Counters.Launches)
			require.Equal(t, int64(r.Launch.Grid.Count()), r.Counters.Blocks)
			require.GreaterOrEqual(t, 32*(r.Counters.ReadSectors+r.Counters.WriteSectors), c.LeastBytes(), "bytes moved, and bytes that must be")
			require.NotEmpty(t, r.Predictions())
		})
	}
}

// The result does not depend on anything but the seed.
func TestRunIsRepeatable(t *testing.T) {
	c, err := NewCase("attention_decode_f16_sm75_d64", nil, 0)
	require.NoError(t, err)
	a, err := c.Run()
	require.NoError(t, err)
	b, err := c.Run()
	require.NoError(t, err)
	require.Equal(t, a.Counters, b.Counters)
	require.Equal(t, []string{"attention_combine_f16"}, a.Others)
}

// The operands that a launch is described with are those that its warps touch: no access falls outside of them, and all of
// the result is written.
func TestOperandsCoverEveryAccess(t *testing.T) {
	for _, name := range []string{"gemm_f16_sm75_64x64", "gated_gemm_f16_sm80_16x32", "gemm_f16_sm75_unaligned", "attention_prefill_f16_sm75_d64",
		"attention_decode_f16_sm80_d96", "attention_combine_f16", "rms_norm_f16", "rope_f16", "store_kv_b16", "gather_rows_f32_f16", "log_softmax_f32"} {
		t.Run(name, func(t *testing.T) {
			trace := newTrace(t, name, nil)
			written := map[string]int{}
			for _, b := range trace.blocks {
				for _, w := range b.warps {
					for _, m := range w.accesses {
						if m.traffic.Space != "global" {
							continue
						}
						boxes := trace.Run.Launch.Operands.boxes(&m.traffic)
						require.NotEmpty(t, boxes, "an access of %s", m.source)
						for o := range boxes {
							if m.traffic.Write {
								written[o.Name] += m.traffic.Lanes * m.traffic.Size
							}
						}
					}
				}
			}
			for _, o := range trace.Run.Launch.Operands {
				if o.Name == "dst" {
					require.Equal(t, o.Rows*o.Cols*o.Size, written["dst"])
				}
			}
		})
	}
}

func newTrace(t *testing.T, kernel string, shape Shape) *Trace {
	t.Helper()
	c, err := NewCase(kernel, shape, 0)
	require.NoError(t, err)
	trace, err := c.Trace()
	require.NoError(t, err)
	return trace
}
