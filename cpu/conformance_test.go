package cpu

import (
	"testing"

	"tiebreak/backend"
	"tiebreak/backend/backendtest"
)

// edges are the extents where this package's tiles, groups and blocks begin and end.
var edges = backendtest.Options{
	TileRows:  []int{6, 8, 24},
	TileCols:  []int{16, 48},
	HeadSizes: []int{16, 36, 64, 80, 96, 128},
	Products:  [][3]int{{mostRows + 1, 5, 20}, {blockRows + 1, 20, 70}, {3, 50, 2*blockSteps + 30}, {fewRows, 50, 4*wideSteps + 5}, {fewRows + 1, 17, 2*wideSteps + 1}},
}

// TestConformance runs the suite on every instruction set, with three threads.
func TestConformance(t *testing.T) {
	for _, name := range known {
		t.Run(name, func(t *testing.T) {
			set, err := chooseISA(name)
			if err != nil {
				t.Skip(err)
			}
			backendtest.Run(t, func(t *testing.T) backend.Backend { return open(t, Options{Threads: 3, ISA: set.name}) }, edges)
		})
	}
}
