package cudatest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/cuda"
	"tiebreak/cuda/driver"
	"tiebreak/model"
	"tiebreak/model/goldentest"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// RunPair divides models over two devices of a driver, by tensors and by layers, and requires the bits that the first
// alone gives: for every golden model, and for random ones whose heads, feed-forward and vocabulary do not divide evenly.
//
// Both ordinals may name one device: there is then nothing to gain, but all is tried that two devices do.
func RunPair(t *testing.T, d driver.Driver, kind string, first, second int) {
	devices := Open(t, d, kind, first, second)
	t.Run("golden", func(t *testing.T) {
		for _, c := range goldentest.Cases(t) {
			if !strings.HasPrefix(c.Name, "goldens/") {
				continue // the project's own are small enough for an emulator
			}
			config, err := model.ReadConfig(c.Dir)
			require.NoError(t, err)
			set, err := safetensors.Open(c.Dir)
			require.NoError(t, err)
			samePair(t, c.Name, devices, config, set)
			require.NoError(t, set.Close())
		}
	})
	t.Run("uneven", func(t *testing.T) {
		cases := goldentest.SplitCases()
		wide := cases["phi3 of 3/3 heads"]
		wide.Vocab = 1003
		cases["vocabulary of 1003"] = wide
		for _, name := range []string{"llama of 1/1 heads", "llama of 3/1 heads", "phi3 of 3/3 heads", "phi3 of 6/2 heads", "tied", "llama of little feed-forward", "vocabulary of 1003"} {
			c := cases[name]
			c.Layers = 2
			samePair(t, name, devices, c, goldentest.Random(t, c, tensor.F16))
		}
	})
}

// Open opens devices, which are closed when the test ends.
func Open(t *testing.T, d driver.Driver, kind string, ordinals ...int) (out []backend.Backend) {
	t.Helper()
	for _, i := range ordinals {
		be, err := cuda.Open(d, i, fmt.Sprintf("%s:%d", kind, i))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, be.Close()) })
		out = append(out, be)
	}
	return out
}

func samePair(t *testing.T, name string, devices []backend.Backend, c model.Config, src model.Source) {
	t.Helper()
	opt := model.Options{Compute: tensor.F16, Tokens: 60, Seqs: 4, Positions: 40, InFlight: 2}
	want := goldentest.EveryRow(t, devices[:1], model.Tensor, c, src, opt)
	require.Equal(t, want, goldentest.EveryRow(t, devices, model.Tensor, c, src, opt), "%s, tensor split", name)
	if c.Layers > 1 {
		require.Equal(t, want, goldentest.EveryRow(t, devices, model.Pipeline, c, src, opt), "%s, pipeline", name)
	}
}
