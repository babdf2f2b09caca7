package emu_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tiebreak/backend"
	"tiebreak/cuda"
	"tiebreak/cuda/cudatest"
	"tiebreak/cuda/driver"
	"tiebreak/cuda/emu"
	"tiebreak/engine"
	"tiebreak/model"
	"tiebreak/model/goldentest"
	"tiebreak/tensor"
)

// pair is two small emulated devices.
func pair(capability int) *emu.Driver {
	return emu.New(emu.Options{Devices: 2, ComputeCapability: capability, Memory: 64 << 20})
}

// TestPair divides models over two emulated devices of either generation.
func TestPair(t *testing.T) {
	for _, capability := range []int{75, 80} {
		t.Run(fmt.Sprint("sm_", capability), func(t *testing.T) { cudatest.RunPair(t, pair(capability), "emu", 0, 1) })
	}
}

// splitCase is a model whose heads do not divide evenly.
func splitCase(t *testing.T) (model.Config, model.Source, model.Options) {
	c := goldentest.SplitCases()["llama of 6/3 heads"]
	c.Layers = 2
	return c, goldentest.Random(t, c, tensor.F16), model.Options{Compute: tensor.F16, Tokens: 60, Seqs: 4, Positions: 40, InFlight: 2}
}

// TestPairThroughTheHost gives the devices a driver whose copies from one to the other do not bring what was sent: the
// data then go through host memory, and the bits stay.
func TestPairThroughTheHost(t *testing.T) {
	c, src, opt := splitCase(t)
	honest := cudatest.Open(t, &shim{Driver: pair(75)}, "emu", 0, 1)
	link, err := honest[0].(backend.Peer).Connect(honest[1])
	require.NoError(t, err)
	require.Equal(t, "peer copies", link.Way)
	require.Positive(t, link.Speed())
	want := goldentest.EveryRow(t, honest, model.Tensor, c, src, opt)

	lied := cudatest.Open(t, &shim{Driver: pair(75), corrupt: true}, "emu", 0, 1)
	link, err = lied[0].(backend.Peer).Connect(lied[1])
	require.NoError(t, err)
	require.Equal(t, "host memory", link.Way)
	for _, split := range []model.Split{model.Tensor, model.Pipeline} {
		require.Equal(t, want, goldentest.EveryRow(t, lied, split, c, src, opt), "%v", split)
	}
}

// TestCopiesRunBesideOperations counts, in a tensor split with two passes, the kernels that are queued on a device between
// a copy to it and the place where its operations wait for that copy. Emulated work is done when it is queued, so that
// this is the order in which a GPU would find it in its queues, and no time.
func TestCopiesRunBesideOperations(t *testing.T) {
	c, src, opt := splitCase(t)
	launches := map[int]int{}        // by device
	queued := map[driver.Event]int{} // launches on the device when its copy was queued
	fresh := map[int]bool{}          // a copy to the device has just been queued
	overlapped, copies, watching := 0, 0, false
	d := &shim{Driver: pair(75)}
	d.launch = func(device int, _ driver.Stream) { launches[device]++ }
	d.copied = func(device int) { fresh[device] = watching }
	d.record = func(device int, _ driver.Stream, e driver.Event) {
		delete(queued, e)
		if fresh[device] { // the record behind a copy
			queued[e] = launches[device]
			copies++
		}
		fresh[device] = false
	}
	d.wait = func(device int, _ driver.Stream, e driver.Event) {
		if at, ok := queued[e]; ok && launches[device] > at {
			overlapped++
			delete(queued, e)
		}
	}
	devices := cudatest.Open(t, d, "emu", 0, 1)
	for _, inFlight := range []int{1, 2} {
		opt.InFlight = inFlight
		m, err := model.LoadSplit(devices, model.Tensor, c, src, opt)
		require.NoError(t, err)
		kv, err := m.NewKV(2)
		require.NoError(t, err)
		var passes []*model.Pass
		for i := range int32(inFlight) {
			in, err := m.NewInput([]backend.Seq{{IDs: []int32{1, 2, 3}, Pages: []int32{i}}}, model.AllRows)
			require.NoError(t, err)
			defer in.Free()
			passes = append(passes, m.NewPass(in, kv))
		}
		overlapped, copies, watching = 0, 0, true
		m.Advance(passes...)
		watching = false
		require.NoError(t, m.Sync())
		require.Equal(t, inFlight*2*2*c.Layers, copies, "two halves of a layer, one copy in each direction")
		if inFlight == 1 {
			require.Zero(t, overlapped, "alone, a pass waits for each of its copies")
		} else {
			// Of the last exchange of the second pass nothing is left to run beside.
			require.GreaterOrEqual(t, overlapped, copies*3/4)
			t.Logf("%d of %d copies have operations of the other pass beside them", overlapped, copies)
		}
		m.FreeKV(kv)
		m.Close()
	}
}

// TestPipelineIsFull counts the results for which the host waits while the first device has work of a later batch in its
// queue: all but the last.
func TestPipelineIsFull(t *testing.T) {
	c, src, _ := splitCase(t)
	d := &shim{Driver: pair(75)}
	queued, waits, full := 0, 0, 0 // kernels on device 0 since the last copy from there
	d.launch = func(device int, _ driver.Stream) {
		if device == 0 {
			queued++
		}
	}
	d.copied = func(int) { queued = 0 }
	devices := cudatest.Open(t, d, "emu", 0, 1)
	e, err := engine.New(devices, c, src, engine.Options{BatchRows: 1, MaxTokens: 32, BatchTokens: 32, Split: engine.Pipeline})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	d.fetched = func(device int) {
		require.Equal(t, 1, device, "logits come from the device with the last layer")
		waits++
		if queued > 0 {
			full++
		}
	}
	prompts := [][]int32{{1, 2, 3}, {4, 5}, {6}, {7, 8, 9}}
	require.NoError(t, e.Score(t.Context(), prompts, func(_ int, _ []float32, err error) { require.NoError(t, err) }))
	require.Equal(t, len(prompts), waits)
	require.Equal(t, len(prompts)-1, full)
}

// TestKilledDevice lets one of two devices fail in the middle of a pass, in each split: the run ends with an error that
// names the device, what was opened can be closed, and no goroutine is left.
func TestKilledDevice(t *testing.T) {
	defer goleak.VerifyNone(t)
	c, src, _ := splitCase(t)
	prompts := make([][]int32, 12)
	for i := range prompts {
		prompts[i] = []int32{int32(i), 5, 6, 7}
	}
	for _, split := range []engine.Split{engine.Data, engine.Tensor, engine.Pipeline} {
		for killed := range 2 {
			t.Run(fmt.Sprintf("%v/emu:%d", split, killed), func(t *testing.T) {
				e := pair(75)
				left := 1 << 30
				d := &shim{Driver: e, launch: func(device int, _ driver.Stream) {
					if device != killed {
						return
					}
					if left--; left == 0 {
						e.Fail(killed, driver.LaunchFailed, "the device has fallen off the bus")
					}
				}}
				var devices []backend.Backend
				for i := range 2 {
					be, err := cuda.Open(d, i, fmt.Sprintf("emu:%d", i))
					require.NoError(t, err)
					devices = append(devices, be)
				}
				run, err := engine.New(devices, c, src, engine.Options{BatchRows: 2, MaxTokens: 32, BatchTokens: 32, Split: split})
				require.NoError(t, err)
				left = 30 // kernels: about one pass and a half
				finished := 0
				err = run.Score(context.Background(), prompts, func(_ int, _ []float32, err error) {
					require.NoError(t, err)
					finished++
				})
				require.Error(t, err)
				require.ErrorContains(t, err, fmt.Sprintf("on emu:%d", killed))
				require.NotContains(t, err.Error(), fmt.Sprintf("on emu:%d", 1-killed), "the other device is not blamed")
				require.Equal(t, driver.LaunchFailed, driver.CodeOf(err))
				require.Less(t, finished, len(prompts))
				require.NoError(t, run.Close())
				require.Error(t, errors.Join(devices[killed].Close()), "the device keeps its error")
				_ = devices[1-killed].Close() // it may have been told of the failure
			})
		}
	}
}
