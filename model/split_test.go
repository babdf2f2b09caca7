package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/model"
	"tiebreak/model/goldentest"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

func peers(t *testing.T, n int) (out []backend.Backend) {
	for range n {
		out = append(out, goldentest.Peer{Backend: newCPU(t)})
	}
	return out
}

// TestSplitsGiveTheSameBits runs each geometry on one device, on two that share the layers' insides, and on pipelines of
// two and three.
func TestSplitsGiveTheSameBits(t *testing.T) {
	for name, c := range goldentest.SplitCases() {
		t.Run(name, func(t *testing.T) {
			for _, compute := range []tensor.DType{tensor.F32, tensor.BF16} {
				src, opt := goldentest.Random(t, c, tensor.BF16), model.Options{Compute: compute, Tokens: 60, Seqs: 4, Positions: 40, InFlight: 2}
				want := goldentest.EveryRow(t, peers(t, 1), model.Tensor, c, src, opt)
				require.Equal(t, want, goldentest.EveryRow(t, peers(t, 2), model.Tensor, c, src, opt), "tensor split, %v", compute)
				require.Equal(t, want, goldentest.EveryRow(t, peers(t, 2), model.Pipeline, c, src, opt), "pipeline of 2, %v", compute)
				require.Equal(t, want, goldentest.EveryRow(t, peers(t, 3), model.Pipeline, c, src, opt), "pipeline of 3, %v", compute)
			}
		})
	}
}

// TestSplitLabels divides the rows of a few labels.
func TestSplitLabels(t *testing.T) {
	for _, c := range []model.Config{goldentest.SplitCases()["tied"], goldentest.SplitCases()["phi3 of 4/2 heads"]} {
		for _, labels := range [][]int32{{5}, {66, 3}, {7, 1, 8}} {
			src, opt := goldentest.Random(t, c, tensor.F16), model.Options{Compute: tensor.F32, Tokens: 60, Seqs: 4, Positions: 40, Labels: labels}
			want := goldentest.EveryRow(t, peers(t, 1), model.Tensor, c, src, opt)
			require.Equal(t, want, goldentest.EveryRow(t, peers(t, 2), model.Tensor, c, src, opt), "%v", labels)
			require.Equal(t, want, goldentest.EveryRow(t, peers(t, 2), model.Pipeline, c, src, opt), "%v", labels)
		}
	}
}

// TestSplitRefuses names what cannot share a model.
func TestSplitRefuses(t *testing.T) {
	c := small(model.Llama)
	src := goldentest.Random(t, c, tensor.F32)
	for message, try := range map[string]func() (*model.Model, error){
		"model: split over 2 devices: cpu cannot share a model": func() (*model.Model, error) {
			return model.LoadSplit([]backend.Backend{newCPU(t), newCPU(t)}, model.Tensor, c, src, options)
		},
		"tensor split: got 3 devices, want 2": func() (*model.Model, error) {
			return model.LoadSplit(peers(t, 3), model.Tensor, c, src, options)
		},
		"pipeline split: got 3 devices for 2 layers": func() (*model.Model, error) {
			return model.LoadSplit(peers(t, 3), model.Pipeline, c, src, options)
		},
	} {
		_, err := try()
		require.ErrorContains(t, err, message)
	}
}

// TestSplitPlan compares the plan of each device with what it allocates, and finds that the devices together hold the
// matrices once, but for the embeddings.
func TestSplitPlan(t *testing.T) {
	for name, c := range goldentest.SplitCases() {
		src, opt := goldentest.Random(t, c, tensor.BF16), options
		opt.Compute, opt.InFlight = tensor.BF16, 2
		whole, err := model.Plan(c, src, opt)
		require.NoError(t, err)
		for _, split := range []model.Split{model.Tensor, model.Pipeline} {
			plan, err := model.PlanSplit(2, split, c, src, opt)
			require.NoError(t, err)
			devices := []*counting{{Backend: newCPU(t), live: map[backend.Memory]int64{}}, {Backend: newCPU(t), live: map[backend.Memory]int64{}}}
			m, err := model.LoadSplit([]backend.Backend{goldentest.Peer{Backend: devices[0]}, goldentest.Peer{Backend: devices[1]}}, split, c, src, opt)
			require.NoError(t, err)
			kv, err := m.NewKV(3)
			require.NoError(t, err)
			var weights int64
			for i, d := range devices {
				weights += plan[i].Weights
				require.Equal(t, plan[i].Weights+plan[i].Workspace+3*plan[i].KVPage, d.bytes()+d.matrices, "%s, %v, device %d", name, split, i)
			}
			require.GreaterOrEqual(t, weights, whole.Weights, name)
			m.FreeKV(kv)
			m.Close()
			for _, d := range devices {
				require.Zero(t, d.bytes())
			}
		}
	}
}

// TestGoldenOnTwoDevices holds a tensor split and a pipeline to the references.
func TestGoldenOnTwoDevices(t *testing.T) {
	for _, c := range goldentest.Cases(t) {
		config, err := model.ReadConfig(c.Dir)
		require.NoError(t, err)
		set, err := safetensors.Open(c.Dir)
		require.NoError(t, err)
		opt := model.Options{Compute: tensor.F32, Tokens: 60, Seqs: 4, Positions: 40, InFlight: 2}
		want := goldentest.EveryRow(t, peers(t, 1), model.Tensor, config, set, opt)
		require.Equal(t, want, goldentest.EveryRow(t, peers(t, 2), model.Tensor, config, set, opt), c.Name)
		if config.Layers > 1 {
			require.Equal(t, want, goldentest.EveryRow(t, peers(t, 2), model.Pipeline, config, set, opt), c.Name)
		}
		require.NoError(t, set.Close())
	}
}
