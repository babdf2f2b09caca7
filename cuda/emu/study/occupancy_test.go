package study

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/cuda/kernels"
)

// The figures are those of NVIDIA's occupancy calculator.
func TestOccupancy(t *testing.T) {
	gpu := map[string]*GPU{}
	for i := range GPUs {
		gpu[GPUs[i].Name] = &GPUs[i]
	}
	for _, c := range []struct {
		gpu     string
		r       kernels.Resources
		threads int
		dynamic int
		want    Occupancy
	}{
		{"T4", kernels.Resources{Registers: 64}, 256, 0, Occupancy{4, 32, 32, "threads"}},
		{"T4", kernels.Resources{Registers: 255}, 128, 0, Occupancy{2, 8, 32, "registers"}},
		{"T4", kernels.Resources{Registers: 32, Shared: 40 << 10}, 128, 0, Occupancy{1, 4, 32, "shared memory"}},
		{"A100", kernels.Resources{Registers: 64}, 256, 0, Occupancy{4, 32, 64, "registers"}},
		{"A100", kernels.Resources{Registers: 32}, 32, 0, Occupancy{32, 32, 64, "blocks"}},
		{"A100", kernels.Resources{Registers: 32}, 128, 40 << 10, Occupancy{4, 16, 64, "shared memory"}},
		{"L4", kernels.Resources{Registers: 40}, 512, 0, Occupancy{3, 48, 48, "threads"}},
		{"H100", kernels.Resources{Registers: 168, Shared: 48 << 10}, 128, 0, Occupancy{3, 12, 64, "registers"}},
	} {
		require.Equal(t, c.want, gpu[c.gpu].Occupancy(c.r, c.threads, c.dynamic), "%s %+v", c.gpu, c.r)
	}
}

func TestListHasEveryKernelOnEveryArchitecture(t *testing.T) {
	list := List(0)
	want := 0
	for _, k := range kernels.Table {
		want += len(kernels.Architectures(k.Module))
	}
	require.Len(t, list, want)
	for _, l := range list {
		require.Positive(t, l.Registers, "%s on %s", l.Kernel, l.Arch)
		require.Equal(t, l.Device == "", l.Occupancy.Blocks == 0, "%s on %s fits on a multiprocessor", l.Kernel, l.Arch)
	}
	for _, l := range List(75) {
		require.Equal(t, "75", l.Arch)
		require.Equal(t, "T4", l.Device)
	}
	require.Empty(t, List(12))
}
