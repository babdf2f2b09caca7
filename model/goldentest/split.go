package goldentest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/model"
	"tiebreak/tensor"
)

// Checkpoint is a model.Source in memory.
type Checkpoint map[string]tensor.Tensor

// Names lists the weights.
func (m Checkpoint) Names() []string { return slices.Sorted(maps.Keys(m)) }

// Tensor is the weight of that name.
func (m Checkpoint) Tensor(name string) (tensor.Tensor, error) { return m[name], nil }

// Random fills a checkpoint for c with values of one type, always the same.
func Random(t testing.TB, c model.Config, d tensor.DType) Checkpoint {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	m := Checkpoint{}
	for _, name := range slices.Sorted(maps.Keys(c.Shapes())) {
		shape := c.Shapes()[name]
		v := make([]float32, shape.Elements())
		for i := range v {
			v[i] = float32(r.NormFloat64()) / 2
		}
		converted, err := tensor.FromFloat32(v, shape...).Convert(d)
		require.NoError(t, err)
		m[name] = converted
	}
	return m
}

// SplitCases are geometries whose heads, feed-forward and outputs divide evenly, unevenly and not at all.
func SplitCases() map[string]model.Config {
	cases := map[string]model.Config{}
	for _, a := range []model.Architecture{model.Llama, model.Phi3} {
		for _, heads := range [][2]int{{1, 1}, {3, 1}, {4, 2}, {3, 3}, {6, 3}, {6, 2}} {
			c := model.Config{Architecture: a, Vocab: 67, Hidden: 24, Layers: 3, Heads: heads[0], KVHeads: heads[1], HeadDim: 8,
				FeedForward: 40, MaxPositions: 64, Eps: 1e-5, Rope: model.Rope{Theta: 10000}}
			cases[fmt.Sprintf("%s of %d/%d heads", a, c.Heads, c.KVHeads)] = c
		}
		narrow := cases[string(a)+" of 6/3 heads"]
		narrow.FeedForward = 5
		cases[string(a)+" of little feed-forward"] = narrow
	}
	tied := cases["llama of 3/1 heads"]
	tied.Tied = true
	cases["tied"] = tied
	classifier := cases["phi3 of 3/3 heads"]
	classifier.Classes = 3
	cases["classifier"] = classifier
	return cases
}

// EveryRow gives the logits of all tokens of two batches that are under way together, and of the last rows of the first
// batch once more.
func EveryRow(t testing.TB, devices []backend.Backend, split model.Split, c model.Config, src model.Source, opt model.Options) [][]float32 {
	t.Helper()
	m, err := model.LoadSplit(devices, split, c, src, opt)
	require.NoError(t, err)
	defer m.Close()
	kv, err := m.NewKV(12)
	require.NoError(t, err)
	defer m.FreeKV(kv)
	batches := [][]backend.Seq{
		{{IDs: ids(20, c.Vocab), Pages: []int32{3, 1}}, {IDs: ids(1, c.Vocab), Pages: []int32{0}}},
		{{IDs: ids(33, c.Vocab), Pages: []int32{4, 5, 6}}},
	}
	var passes []*model.Pass
	for _, b := range batches[:max(1, opt.InFlight)] {
		in, err := m.NewInput(b, model.AllRows)
		require.NoError(t, err)
		defer in.Free()
		passes = append(passes, m.NewPass(in, kv))
	}
	for range m.Stages() {
		m.Advance(passes...)
	}
	var out [][]float32
	for _, p := range passes {
		out = append(out, logitsOf(t, m, p.Rows()))
	}
	none, err := m.NewInput([]backend.Seq{{IDs: batches[1][0].IDs[:9], Pages: []int32{7, 8, 9}}}, model.NoRows)
	require.NoError(t, err)
	defer none.Free()
	require.True(t, m.Forward(none, kv).Tensor().Zero())
	rest := backend.Seq{IDs: batches[1][0].IDs[9:], Past: 9, Pages: []int32{7, 8, 9}}
	in, err := m.NewInput(append(batches[0], rest), model.LastRows)
	require.NoError(t, err)
	defer in.Free()
	last := logitsOf(t, m, m.Forward(in, kv))
	n := m.Outputs()
	require.Equal(t, out[0][19*n:], last[:2*n], "the last rows alone")
	if len(out) > 1 {
		require.Equal(t, out[1][32*n:], last[2*n:], "the last row of a prompt in two passes")
	}
	return append(out, last)
}

func logitsOf(t testing.TB, m *model.Model, rows model.Hidden) []float32 {
	t.Helper()
	n := rows.Tensor().Rows
	out := make([]float32, n*m.Outputs())
	for lo := 0; lo < n; lo += m.Options.Seqs {
		hi := min(n, lo+m.Options.Seqs)
		require.NoError(t, m.Logits(rows.RowRange(lo, hi), out[lo*m.Outputs():hi*m.Outputs()]))
	}
	return out
}

func ids(n, vocab int) []int32 {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(r.IntN(vocab))
	}
	return out
}

// Peer lets a backend act as one of several devices that share a model: copies go through the host, at once.
type Peer struct{ backend.Backend }

var _ backend.Peer = Peer{}

// Connect has nothing to do.
func (Peer) Connect(backend.Backend) (backend.Link, error) {
	return backend.Link{Way: "host memory"}, nil
}

// Receive copies.
func (p Peer) Receive(dst backend.Tensor, from backend.Backend, src backend.Tensor) backend.Transfer {
	backend.CheckReceive(dst, src)
	host := tensor.New(src.DType, src.Rows, src.Cols)
	if err := from.Download(host, src); err != nil {
		panic(err) // a backend for tests, over one that does not fail
	}
	p.Upload(dst, host)
	return backend.Transfer{}
}

// Await has nothing to wait for.
func (Peer) Await(backend.Transfer) {}
