package cpu

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// marks counts how often each piece ran, and which workers there were.
type marks struct {
	pieces []atomic.Int32
	worker atomic.Int32
}

func (m *marks) run(worker, index int) {
	m.pieces[index].Add(1)
	m.worker.Store(max(m.worker.Load(), int32(worker)))
}

func TestPoolRunsEachPieceOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		p := newPool(threads)
		for round := range 2000 {
			m := &marks{pieces: make([]atomic.Int32, round%23)}
			p.do(m, len(m.pieces))
			for i := range m.pieces {
				require.EqualValues(t, 1, m.pieces[i].Load(), "piece %d of %d, %d threads", i, len(m.pieces), threads)
			}
			require.Less(t, int(m.worker.Load()), threads)
		}
		p.close()
	}
}

// TestPoolWakes lets the workers fall asleep between jobs.
func TestPoolWakes(t *testing.T) {
	p := newPool(3)
	defer p.close()
	for range 5 {
		require.Eventually(t, func() bool { return p.workers[0].asleep.Load() && p.workers[1].asleep.Load() },
			10*time.Second, time.Millisecond)
		m := &marks{pieces: make([]atomic.Int32, 100)}
		p.do(m, len(m.pieces))
		for i := range m.pieces {
			require.EqualValues(t, 1, m.pieces[i].Load())
		}
	}
}

type nothing struct{}

func (nothing) run(int, int) {}

func TestPoolDoesNotAllocate(t *testing.T) {
	p := newPool(3)
	defer p.close()
	var j job = nothing{}
	require.Zero(t, testing.AllocsPerRun(1000, func() { p.do(j, 8) }))
}
