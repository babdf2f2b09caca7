package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/tensor"
)

// TestPeaks holds that the limits can be measured with every instruction set and leave nothing reserved.
func TestPeaks(t *testing.T) {
	for _, name := range ISAs() {
		b := open(t, Options{Threads: 2, ISA: name})
		require.Positive(t, b.Peak(tensor.F32), name)
		require.Positive(t, b.Peak(tensor.BF16), name)
		speed, err := b.ReadSpeed()
		require.NoError(t, err)
		require.Positive(t, speed, name)
		require.Empty(t, b.blocks, name)
	}
}
