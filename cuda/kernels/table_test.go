package kernels

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// entry matches an entry of PTX with the size of its one parameter and the number of threads that it was compiled for.
var entry = regexp.MustCompile(`\.entry (\w+)\(\s*\.param \.align 8 \.b8 \w+\[(\d+)\]\s*\)\s*\.maxntid (\d+), 1, 1`)

func TestTableAgreesWithThePTX(t *testing.T) {
	var want, got []string
	for _, k := range Table {
		want = append(want, fmt.Sprintf("%s/%s block %d params %d", k.Module, k.Name, k.Block, len(Bytes(k.Params))))
	}
	for _, m := range Load().Modules {
		for _, e := range entry.FindAllStringSubmatch(string(PTX(m.Name).Data), -1) {
			size, err := strconv.Atoi(e[2])
			require.NoError(t, err)
			got = append(got, fmt.Sprintf("%s/%s block %s params %d", m.Name, e[1], e[3], size))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, want, got)
}

func TestNoKernelSpills(t *testing.T) {
	for _, m := range Load().Modules {
		for _, b := range m.Binaries {
			for name, need := range b.Kernels {
				require.Zero(t, need.SpillLoads+need.SpillStores+need.Stack, "%s on sm_%s", name, b.Arch)
				require.LessOrEqual(t, need.Registers*Find(name).Block, 65536, "%s on sm_%s does not fit a multiprocessor", name, b.Arch)
				require.LessOrEqual(t, need.Shared, 48<<10, "%s on sm_%s", name, b.Arch)
			}
		}
	}
}

func TestEveryKernelOfTheTableWasAssembled(t *testing.T) {
	for _, k := range Table {
		for _, b := range find(k.Module).Binaries {
			require.Contains(t, b.Kernels, k.Name, "sm_%s", b.Arch)
		}
	}
}

func TestFindOfAnUnknownKernelPanics(t *testing.T) {
	require.PanicsWithValue(t, "kernels: no kernel gemm_f64", func() { Find("gemm_f64") })
	require.Empty(t, OfModule("gemm_f64"))
	require.Len(t, OfModule("gather_rows"), 9)
}
