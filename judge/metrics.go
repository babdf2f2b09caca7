package judge

import (
	"math"
	"slices"
)

// Example is a prediction beside its label.
type Example struct {
	ID    string
	Label Probs // 0s and a 1, or shares that sum to 1
	Probs Probs
	// Orders holds the verdicts on the single orders, both with respect to the row's own A and B; nil where they are not known.
	Orders *[2]Probs
	// Features is nil where the texts are not known.
	Features *Features
	Cut      bool // the row lost text to the token budget
}

// epsilon is that of float64: the metric clips a probability to [epsilon, 1-epsilon].
const epsilon = 0x1p-52

// LogLoss is the loss of one row in nats as the competition counts it: -Σ y ln p, with p clipped to [2.2e-16, 1-2.2e-16].
//
// This is sklearn.metrics.log_loss of version 1.5 and later. Up to 1.4 it also divided the clipped row by its sum, which
// for rows that sum to 1 within the grader's 5e-7 (and others are refused, here as there) changes no more than the seventh
// digit.
func LogLoss(label, p Probs) float64 {
	var loss float64
	for c, y := range label {
		if y > 0 {
			loss -= y * math.Log(min(max(p[c], epsilon), 1-epsilon))
		}
	}
	return loss
}

// Brier is the Brier score of one row over the three outcomes (Brier 1950): Σ (p - y)², from 0 to 2.
func Brier(label, p Probs) float64 {
	var score float64
	for c := range p {
		score += (p[c] - label[c]) * (p[c] - label[c])
	}
	return score
}

// Correct is the share of the label that the most probable outcome has. Where several outcomes are equally probable,
// which identical answers make exactly so, it is the mean of their shares: no outcome is favoured for standing first.
func Correct(label, p Probs) float64 {
	is, n := p.top()
	var share float64
	for c, top := range is {
		if top {
			share += label[c]
		}
	}
	return share / float64(n)
}

// Metrics are means over rows.
type Metrics struct {
	Rows     int     `json:"rows"`
	LogLoss  float64 `json:"log_loss"`
	StdErr   float64 `json:"log_loss_stderr"` // standard error of LogLoss, s/√n
	Accuracy float64 `json:"accuracy"`
	Brier    float64 `json:"brier"`
	ECE      float64 `json:"ece"`
}

// Measure computes the metrics of a set of rows; of none, all are 0.
func Measure(examples []Example) Metrics {
	m := Metrics{Rows: len(examples)}
	if m.Rows == 0 {
		return m
	}
	var losses, accuracy, brier mean
	for _, e := range examples {
		losses.add(LogLoss(e.Label, e.Probs))
		accuracy.add(Correct(e.Label, e.Probs))
		brier.add(Brier(e.Label, e.Probs))
	}
	m.LogLoss, m.StdErr = losses.value, losses.stdErr()
	m.Accuracy, m.Brier = accuracy.value, brier.value
	m.ECE = CalibrationError(examples)
	return m
}

// mean is a running mean and variance (Welford 1962).
type mean struct {
	n            int
	value, above float64
}

func (m *mean) add(x float64) {
	m.n++
	d := x - m.value
	m.value += d / float64(m.n)
	m.above += d * (x - m.value)
}

func (m *mean) stdErr() float64 {
	if m.n < 2 {
		return 0
	}
	return math.Sqrt(m.above / float64(m.n-1) / float64(m.n))
}

// CalibrationBins is the number of bins of CalibrationError.
const CalibrationBins = 15

// CalibrationBin holds the rows whose highest probability falls into one interval.
type CalibrationBin struct {
	From       float64 `json:"from"` // the bin is (From, To]
	To         float64 `json:"to"`
	Rows       int     `json:"rows"`
	Confidence float64 `json:"confidence"` // mean highest probability
	Accuracy   float64 `json:"accuracy"`
}

// Calibration sorts rows by their highest probability into CalibrationBins bins of equal width over (0, 1]. The lowest
// third stays empty: of three probabilities the highest is at least a third.
func Calibration(examples []Example) []CalibrationBin {
	var confidence, accuracy [CalibrationBins]mean
	for _, e := range examples {
		top := slices.Max(e.Probs[:])
		bin := min(max(int(math.Ceil(top*CalibrationBins))-1, 0), CalibrationBins-1)
		confidence[bin].add(top)
		accuracy[bin].add(Correct(e.Label, e.Probs))
	}
	bins := make([]CalibrationBin, CalibrationBins)
	for i := range bins {
		bins[i] = CalibrationBin{From: float64(i) / CalibrationBins, To: float64(i+1) / CalibrationBins,
			Rows: confidence[i].n, Confidence: confidence[i].value, Accuracy: accuracy[i].value}
	}
	return bins
}

// CalibrationError is the expected calibration error (Naeini et al. 2015; top label, Guo et al. 2017): the mean over rows
// of |accuracy - confidence| of their bin.
func CalibrationError(examples []Example) float64 {
	var e float64
	for _, b := range Calibration(examples) {
		e += float64(b.Rows) / float64(len(examples)) * math.Abs(b.Accuracy-b.Confidence)
	}
	return e
}
