package goldentest

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tiebreak/backend"
	"tiebreak/model"
	"tiebreak/safetensors"
	"tiebreak/tensor"
)

// Float32Error is how far float32 logits and hidden states may be from the reference, absolutely. Both sides sum in
// float32 in orders of their own.
const Float32Error = 2e-4

// HalfFactor is how many times PyTorch's own error in a half type ours may be.
const HalfFactor = 2

// Run checks every case in each compute type of the backend.
func Run(t *testing.T, be backend.Backend) {
	for _, c := range Cases(t) {
		for _, compute := range be.Device().Compute {
			t.Run(c.Name+"/"+compute.String(), func(t *testing.T) { check(t, be, c, compute) })
		}
	}
}

// check runs all prompts of a case in one batch and compares what comes out.
func check(t *testing.T, be backend.Backend, c Case, compute tensor.DType) {
	want := c.Reference(t)
	m, closeAll := load(t, be, c, want, compute)
	defer closeAll()
	trace := &trace{t: t, be: be}
	if compute == tensor.F32 {
		m.Trace = trace.layer
	}
	hidden, logits := pass(t, be, m, want.Prompts, model.AllRows)
	if compute == tensor.F32 {
		compareHidden(t, want, append(trace.hidden, hidden))
	}
	m.Trace = nil
	starts := rowsOf(want.Prompts)
	got, expected := logits, slices.Concat(want.Logits...)
	if want.Classes != nil {
		got, expected = lastRows(logits, starts, m.Outputs()), slices.Concat(want.Classes...)
	}
	if compute == tensor.F32 {
		require.LessOrEqual(t, worst(t, got, expected), Float32Error, "logits")
	} else {
		compareHalf(t, got, expected, c.HalfError(t, want.Classes != nil, compute))
	}
	_, last := pass(t, be, m, want.Prompts, model.LastRows)
	require.Equal(t, lastRows(logits, starts, m.Outputs()), last, "the last rows alone must have the bits they have among all rows")
}

func load(t *testing.T, be backend.Backend, c Case, want *Reference, compute tensor.DType) (*model.Model, func()) {
	t.Helper()
	config, err := model.ReadConfig(c.Dir)
	require.NoError(t, err)
	set, err := safetensors.Open(c.Dir)
	require.NoError(t, err)
	tokens, longest := 0, 0
	for _, p := range want.Prompts {
		tokens, longest = tokens+len(p), max(longest, len(p))
	}
	m, err := model.Load(be, config, set, model.Options{Compute: compute, Tokens: tokens, Seqs: len(want.Prompts), Positions: longest})
	require.NoError(t, err)
	return m, func() { m.Close(); require.NoError(t, set.Close()) }
}

// pass runs prompts as one batch and returns the chosen rows after the final norm and their logits.
func pass(t *testing.T, be backend.Backend, m *model.Model, prompts [][]int32, rows model.Rows) (hidden, logits []float32) {
	t.Helper()
	var seqs []backend.Seq
	pages := int32(0)
	for _, p := range prompts {
		s := backend.Seq{IDs: p}
		for range (len(p) + backend.PageSize - 1) / backend.PageSize {
			s.Pages = append(s.Pages, pages)
			pages++
		}
		seqs = append(seqs, s)
	}
	kv, err := m.NewKV(int(pages))
	require.NoError(t, err)
	defer m.FreeKV(kv)
	in, err := m.NewInput(seqs, rows)
	require.NoError(t, err)
	defer in.Free()
	out := m.Forward(in, kv)
	n := out.Tensor().Rows
	logits = make([]float32, n*m.Outputs())
	for lo := 0; lo < n; lo += m.Options.Seqs {
		hi := min(n, lo+m.Options.Seqs)
		require.NoError(t, m.Logits(out.RowRange(lo, hi), logits[lo*m.Outputs():hi*m.Outputs()]))
	}
	return Download(t, be, out.Tensor()), logits
}

// Download copies a tensor of the device to the host as float32, row by row.
func Download(t testing.TB, be backend.Backend, src backend.Tensor) []float32 {
	t.Helper()
	host := tensor.New(src.DType, src.Rows, src.Cols)
	require.NoError(t, be.Download(host, src))
	f, err := host.Float32s()
	require.NoError(t, err)
	return f
}

// trace collects the input of each layer.
type trace struct {
	t      *testing.T
	be     backend.Backend
	hidden [][]float32
}

func (c *trace) layer(_ int, x, add backend.Tensor) {
	h := Download(c.t, c.be, x)
	if !add.Zero() {
		for i, v := range Download(c.t, c.be, add) {
			h[i] += v
		}
	}
	c.hidden = append(c.hidden, h)
}

// compareHidden names the first layer that is off: later ones only inherit its error.
func compareHidden(t *testing.T, want *Reference, got [][]float32) {
	t.Helper()
	if len(want.Hidden) == 0 {
		return // references of classifiers may come without
	}
	require.Len(t, got, len(want.Hidden))
	for i := range got {
		require.LessOrEqual(t, worst(t, got[i], slices.Concat(want.Hidden[i]...)), Float32Error, "input of layer %d of %d (the last is after the final norm)", i, len(got)-1)
	}
}

func compareHalf(t *testing.T, got, want []float32, torch Bound) {
	t.Helper()
	var scale, sum float64
	for i, w := range want {
		scale += float64(w) * float64(w)
		sum += math.Pow(float64(got[i])-float64(w), 2)
	}
	rms, most := math.Sqrt(sum/scale), worst(t, got, want)/math.Sqrt(scale/float64(len(want)))
	t.Logf("error relative to PyTorch's: rms %.2f, max %.2f", rms/torch.RMS, most/torch.Max)
	require.LessOrEqual(t, rms, HalfFactor*torch.RMS, "root mean square error relative to the logits")
	require.LessOrEqual(t, most, HalfFactor*torch.Max, "largest error relative to the logits")
}

// worst is the largest absolute difference; a NaN fails the test.
func worst(t *testing.T, got, want []float32) float64 {
	t.Helper()
	require.Len(t, got, len(want))
	var most float64
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		require.False(t, math.IsNaN(d), "element %d: got %v, want %v", i, got[i], want[i])
		most = max(most, d)
	}
	return most
}

// rowsOf gives the first row of each prompt in the batch, and the number of rows.
func rowsOf(prompts [][]int32) []int {
	starts := []int{0}
	for _, p := range prompts {
		starts = append(starts, starts[len(starts)-1]+len(p))
	}
	return starts
}

// lastRows picks the last row of each prompt from rows of n elements.
func lastRows(v []float32, starts []int, n int) []float32 {
	var out []float32
	for _, end := range starts[1:] {
		out = append(out, v[(end-1)*n:end*n]...)
	}
	return out
}
