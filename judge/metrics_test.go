package judge

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Losses as scikit-learn 1.9.1 gives them for these rows.
func TestLogLossIsScikitLearns(t *testing.T) {
	var examples []Example
	for _, c := range []struct {
		label, p Probs
		want     float64
	}{
		{Probs{1, 0, 0}, Probs{.7, .2, .1}, 0.35667494393873245},
		{Probs{0, 1, 0}, Probs{.25, .5, .25}, 0.6931471805599453},
		{Probs{0, 0, 1}, Probs{1, 0, 0}, 36.04365338911715},
		{Probs{0, 0, 1}, Probs{.1, .3, .6}, 0.5108256237659907},
		{Probs{1, 0, 0}, Probs{1, 0, 0}, 2.220446049250313e-16},
	} {
		require.InEpsilon(t, c.want, LogLoss(c.label, c.p), 1e-14)
		examples = append(examples, Example{Label: c.label, Probs: c.p})
	}
	m := Measure(examples)
	require.InDelta(t, 7.520860227476364, m.LogLoss, 1e-14)
	require.InDelta(t, 7.131608758464267, m.StdErr, 1e-14)
	require.InDelta(t, 0.555, m.Brier, 1e-15)
	require.InDelta(t, 0.8, m.Accuracy, 1e-15)
}

func TestLogLossOfSharesIsCrossEntropy(t *testing.T) {
	want := -(.5*math.Log(.6) + .5*math.Log(.3))
	require.InDelta(t, want, LogLoss(Probs{.5, 0, .5}, Probs{.6, .1, .3}), 1e-15)
}

// Equal probabilities share the point, so that accuracy does not depend on which answer stands first.
func TestCorrectSharesEqualTops(t *testing.T) {
	require.Equal(t, 1.0, Correct(Probs{0, 1, 0}, Probs{.2, .5, .3}))
	require.Equal(t, 0.0, Correct(Probs{1, 0, 0}, Probs{.2, .5, .3}))
	require.Equal(t, 0.5, Correct(Probs{1, 0, 0}, Probs{.4, .4, .2}))
	require.Equal(t, 0.0, Correct(Probs{0, 0, 1}, Probs{.4, .4, .2}))
	require.InDelta(t, 1.0/3, Correct(Probs{0, 0, 1}, Probs{.5, .5, .5}), 1e-15)
	require.Equal(t, 0.25, Correct(Probs{.75, .25, 0}, Probs{.1, .8, .1}))
}

func TestCalibration(t *testing.T) {
	examples := []Example{
		{Label: Probs{1, 0, 0}, Probs: Probs{.9, .05, .05}}, // (13/15, 14/15]
		{Label: Probs{0, 1, 0}, Probs: Probs{.92, .04, .04}},
		{Label: Probs{0, 0, 1}, Probs: Probs{.3, .3, .4}}, // (5/15, 6/15]: the upper edge belongs to the bin
		{Label: Probs{1, 0, 0}, Probs: Probs{1, 0, 0}},
	}
	bins := Calibration(examples)
	require.Len(t, bins, CalibrationBins)
	require.Equal(t, 2, bins[13].Rows)
	require.InDelta(t, .91, bins[13].Confidence, 1e-12)
	require.InDelta(t, .5, bins[13].Accuracy, 1e-12)
	require.Equal(t, 1, bins[5].Rows)
	require.Equal(t, 1, bins[14].Rows)
	require.InDelta(t, (2*.41+.6+0)/4, CalibrationError(examples), 1e-12)
}

func TestReportClassesAndBaselines(t *testing.T) {
	r := NewReport([]Example{
		{Label: Probs{1, 0, 0}, Probs: Probs{.6, .2, .2}},
		{Label: Probs{1, 0, 0}, Probs: Probs{.4, .4, .2}},
		{Label: Probs{0, 0, 1}, Probs: Probs{.5, .2, .3}},
		{Label: Probs{0, 0, 1}, Probs: Probs{.1, .1, .8}},
	})
	require.InDelta(t, math.Log(3), r.UniformLogLoss, 1e-15)
	require.InDelta(t, math.Log(2), r.PriorLogLoss, 1e-15)
	for c, want := range []ClassMetrics{
		{Class: "A", Share: .5, MeanP: .4, Recall: .75},
		{Class: "B", Share: 0, MeanP: .225, Recall: 0},
		{Class: "tie", Share: .5, MeanP: .375, Recall: .5},
	} {
		require.Equal(t, want.Class, r.Classes[c].Class)
		require.InDelta(t, want.Share, r.Classes[c].Share, 1e-15)
		require.InDelta(t, want.MeanP, r.Classes[c].MeanP, 1e-15)
		require.InDelta(t, want.Recall, r.Classes[c].Recall, 1e-15)
	}
	require.Empty(t, r.Slices)
	require.Nil(t, r.Order)
}

func TestReportSlices(t *testing.T) {
	row := func(label Probs, rounds, a, b int) Example {
		return Example{Label: label, Probs: Probs{.5, .3, .2}, Features: &Features{Rounds: rounds, LengthA: a, LengthB: b,
			Empty: a == 0 || b == 0, Identical: a == 7}}
	}
	examples := []Example{
		row(Probs{1, 0, 0}, 1, 7, 7),
		row(Probs{1, 0, 0}, 2, 60, 40),
		row(Probs{1, 0, 0}, 3, 10, 90),
		row(Probs{0, 0, 1}, 5, 0, 90),
		{Label: Probs{0, 1, 0}, Probs: Probs{.5, .3, .2}}, // texts not known
	}
	examples[3].Cut = true
	rows := map[string]int{}
	for _, s := range NewReport(examples).Slices {
		rows[s.Name] = s.Rows
	}
	require.Equal(t, map[string]int{"1 round": 1, "2 rounds": 1, "3 and more rounds": 2, "similar length": 1, "one longer": 1,
		"one much longer": 2, "longer preferred": 1, "shorter preferred": 1, "identical answers": 1, "an empty answer": 1,
		"cut to the budget": 1}, rows)
}

func TestReportOrder(t *testing.T) {
	r := NewReport([]Example{
		{Label: Probs{1, 0, 0}, Probs: Probs{.5, .4, .1}, Orders: &[2]Probs{{.7, .2, .1}, {.3, .6, .1}}}, // flips, leans to the first
		{Label: Probs{1, 0, 0}, Probs: Probs{.7, .2, .1}, Orders: &[2]Probs{{.7, .2, .1}, {.7, .2, .1}}},
		{Label: Probs{1, 0, 0}, Probs: Fallback}, // no orders
	})
	require.Equal(t, 2, r.Order.Rows)
	require.Equal(t, 0.5, r.Order.FlipRate)
	require.InDelta(t, (0.4+0)/2, r.Order.FirstMinusSecond, 1e-15)
	require.InDelta(t, -math.Log(.7), r.Order.OneOrderLogLoss, 1e-12)
}

// Exchanging the answers of every row changes nothing that is measured, to the bit but for sums taken in another order.
func TestReportIsBlindToTheOrderOfAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var examples, mirror []Example
		for range rapid.IntRange(1, 20).Draw(t, "rows") {
			share := rapid.Float64Range(0, 1)
			p := Probs{share.Draw(t, "a"), share.Draw(t, "b"), share.Draw(t, "tie")}.bounded()
			var label Probs
			label[rapid.IntRange(0, 2).Draw(t, "label")] = 1
			f := &Features{Rounds: 1, LengthA: rapid.IntRange(0, 9).Draw(t, "la"), LengthB: rapid.IntRange(0, 9).Draw(t, "lb")}
			examples = append(examples, Example{Label: label, Probs: p, Features: f})
			mirror = append(mirror, Example{Label: label.Swap(), Probs: p.Swap(), Features: &Features{Rounds: 1, LengthA: f.LengthB, LengthB: f.LengthA}})
		}
		a, b := NewReport(examples), NewReport(mirror)
		require.InDelta(t, a.LogLoss, b.LogLoss, 1e-12)
		require.InDelta(t, a.Accuracy, b.Accuracy, 1e-12)
		require.InDelta(t, a.Brier, b.Brier, 1e-12)
		require.InDelta(t, a.ECE, b.ECE, 1e-12)
		require.Len(t, b.Slices, len(a.Slices))
		for i := range a.Slices {
			require.Equal(t, a.Slices[i].Name, b.Slices[i].Name)
			require.InDelta(t, a.Slices[i].LogLoss, b.Slices[i].LogLoss, 1e-12)
		}
	})
}

func TestMeasureOfNothing(t *testing.T) {
	require.Zero(t, Measure(nil))
	r := NewReport(nil)
	require.Zero(t, r.Rows)
	require.Zero(t, r.PriorLogLoss)
}
