package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/backend/backendtest"
)

// TestConformance runs the suite on every instruction set, with one thread and with three.
func TestConformance(t *testing.T) {
	for _, name := range known {
		t.Run(name, func(t *testing.T) {
			set, err := chooseISA(name)
			if err != nil {
				t.Skip(err)
			}
			backendtest.Run(t, func(t *testing.T) backend.Backend {
				b, err := New(Options{Threads: 3, ISA: set.name})
				require.NoError(t, err)
				return b
			}, backendtest.Options{})
		})
	}
}
