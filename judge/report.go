package judge

import "math"

// Report is what eval says about a set of predictions.
type Report struct {
	Metrics
	// UniformLogLoss is ln 3, what knowing nothing costs; PriorLogLoss is what the shares of the labels themselves cost, the
	// best that can be done without reading the rows.
	UniformLogLoss float64          `json:"uniform_log_loss"`
	PriorLogLoss   float64          `json:"prior_log_loss"`
	Classes        []ClassMetrics   `json:"classes"`
	Calibration    []CalibrationBin `json:"calibration"`
	// Slices of the rows by their texts; none where the texts are not known.
	Slices []Slice `json:"slices,omitempty"`
	// Order is what the order of the answers does; nil where the verdicts on the single orders are not known.
	Order *OrderMetrics `json:"order,omitempty"`
}

// ClassMetrics are about one outcome.
type ClassMetrics struct {
	Class  string  `json:"class"`
	Share  float64 `json:"share"`  // of the labels
	MeanP  float64 `json:"mean_p"` // mean predicted probability; that of a calibrated judge is Share
	Recall float64 `json:"recall"` // share of its labels where it is the most probable outcome (several equal ones share)
}

// Slice is a subset of the rows.
type Slice struct {
	Name string `json:"name"`
	Metrics
}

// OrderMetrics compare the verdicts on the orders (A, B) and (B, A) of the same rows.
type OrderMetrics struct {
	Rows int `json:"rows"`
	// FlipRate is the share of rows whose most probable outcome changes with the order of the answers.
	FlipRate float64 `json:"flip_rate"`
	// FirstMinusSecond is the mean probability of the answer shown first less that of the one shown second: the judge's
	// leaning to a place, 0 if it has none.
	FirstMinusSecond float64 `json:"first_minus_second"`
	// OneOrderLogLoss is the log loss had only the order (A, B) been scored.
	OneOrderLogLoss float64 `json:"one_order_log_loss"`
}

// NewReport measures a set of predictions.
func NewReport(examples []Example) Report {
	r := Report{Metrics: Measure(examples), UniformLogLoss: math.Log(3), Calibration: Calibration(examples)}
	r.Classes, r.PriorLogLoss = classMetrics(examples)
	r.Slices = sliceMetrics(examples)
	r.Order = orderMetrics(examples)
	return r
}

func classMetrics(examples []Example) ([]ClassMetrics, float64) {
	var labels, found, probs Probs
	for _, e := range examples {
		is, n := e.Probs.top()
		for c := range labels {
			labels[c] += e.Label[c]
			probs[c] += e.Probs[c]
			if is[c] {
				found[c] += e.Label[c] / float64(n)
			}
		}
	}
	classes := make([]ClassMetrics, 3)
	var entropy float64
	rows := float64(max(len(examples), 1))
	for c := range classes {
		classes[c] = ClassMetrics{Class: Class(c).String(), Share: labels[c] / rows, MeanP: probs[c] / rows}
		if labels[c] > 0 {
			classes[c].Recall = found[c] / labels[c]
			entropy -= classes[c].Share * math.Log(classes[c].Share)
		}
	}
	return classes, entropy
}

// A longer answer is longer by this share of the two lengths together: 0.1 is 55 characters to 45, 0.5 is 75 to 25.
const (
	similarLength = 0.1
	muchLonger    = 0.5
)

// sliceRules name the slices. They overlap, and each treats A and B alike.
var sliceRules = []struct {
	name string
	in   func(e *Example) bool
}{
	{"1 round", func(e *Example) bool { return e.Features.Rounds <= 1 }},
	{"2 rounds", func(e *Example) bool { return e.Features.Rounds == 2 }},
	{"3 and more rounds", func(e *Example) bool { return e.Features.Rounds >= 3 }},
	{"similar length", func(e *Example) bool { return lengthGap(e) <= similarLength }},
	{"one longer", func(e *Example) bool { g := lengthGap(e); return g > similarLength && g <= muchLonger }},
	{"one much longer", func(e *Example) bool { return lengthGap(e) > muchLonger }},
	{"longer preferred", func(e *Example) bool { return longerPreferred(e) }},
	{"shorter preferred", func(e *Example) bool { return longerPreferred(swapped(e)) }},
	{"identical answers", func(e *Example) bool { return e.Features.Identical }},
	{"an empty answer", func(e *Example) bool { return e.Features.Empty }},
	{"cut to the budget", func(e *Example) bool { return e.Cut }},
}

func lengthGap(e *Example) float64 {
	a, b := float64(e.Features.LengthA), float64(e.Features.LengthB)
	return math.Abs(a-b) / max(a+b, 1)
}

func longerPreferred(e *Example) bool {
	f := e.Features
	return f.LengthA > f.LengthB && e.Label[A] > max(e.Label[B], e.Label[Tie]) ||
		f.LengthB > f.LengthA && e.Label[B] > max(e.Label[A], e.Label[Tie])
}

// swapped has the labels of A and B exchanged, the lengths as they are: longer becomes shorter.
func swapped(e *Example) *Example {
	return &Example{Label: e.Label.Swap(), Features: e.Features}
}

// sliceMetrics measures each slice that has rows.
func sliceMetrics(examples []Example) []Slice {
	var out []Slice
	for _, rule := range sliceRules {
		var in []Example
		for i := range examples {
			if examples[i].Features != nil && rule.in(&examples[i]) {
				in = append(in, examples[i])
			}
		}
		if len(in) > 0 {
			out = append(out, Slice{Name: rule.name, Metrics: Measure(in)})
		}
	}
	return out
}

func orderMetrics(examples []Example) *OrderMetrics {
	var flips, leaning, loss mean
	for _, e := range examples {
		if e.Orders == nil {
			continue
		}
		ab, ba := e.Orders[0], e.Orders[1]
		flips.add(flip(ab, ba))
		// A is shown first in ab, B in ba.
		leaning.add(((ab[A] - ab[B]) + (ba[B] - ba[A])) / 2)
		loss.add(LogLoss(e.Label, ab.bounded()))
	}
	if flips.n == 0 {
		return nil
	}
	return &OrderMetrics{Rows: flips.n, FlipRate: flips.value, FirstMinusSecond: leaning.value, OneOrderLogLoss: loss.value}
}

// flip is 1 where the most probable outcomes differ.
func flip(ab, ba Probs) float64 {
	x, _ := ab.top()
	y, _ := ba.top()
	if x == y {
		return 0
	}
	return 1
}
