package judge

import "math"

// Class is one of the three outcomes. The numbers are the order of the submission's columns, of label logits and of
// the rows of a classification head.
type Class int

// The outcomes, in the order every array of this package uses.
const (
	A Class = iota
	B
	Tie
)

// String gives the short name: A, B or tie.
func (c Class) String() string {
	return [...]string{"A", "B", "tie"}[c]
}

// Probs are the probabilities of A, B and Tie, in that order; as a label they are 1 for what people said and 0 for the
// rest, or shares where several people were asked.
type Probs [3]float64

// Floor is the least probability a prediction holds. A hard zero that turns out wrong costs 36 nats in the
// competition's metric (it clips at 2.2e-16); at Floor the worst row costs 9.2.
const Floor = 1e-4

// Fallback is what a row gets that cannot be judged: the shares of A, B and tie among the 57,477 labelled rows of the
// LMSYS Chatbot Arena competition (.35, .34, .31), with A and B made equal so that swapping stays exact.
var Fallback = Probs{0.345, 0.345, 0.31}

// Swap returns the probabilities of the same row with its answers exchanged.
func (p Probs) Swap() Probs { return Probs{p[B], p[A], p[Tie]} }

// top reports which outcomes hold the highest probability, and how many do: exact equality is common, because
// identical answers give p_A == p_B.
func (p Probs) top() (is [3]bool, n int) {
	m := max(p[A], p[B], p[Tie])
	for c, v := range p {
		if v == m {
			is[c] = true
			n++
		}
	}
	return is, n
}

// sum adds A and B first: that makes it the same number after a swap.
func (p Probs) sum() float64 { return (p[A] + p[B]) + p[Tie] }

// bounded lifts every probability to Floor and makes the three sum to 1. It commutes with Swap, bit for bit.
func (p Probs) bounded() Probs {
	for c := range p {
		p[c] = max(p[c], Floor)
	}
	s := p.sum()
	for c := range p {
		p[c] /= s
	}
	return p
}

// softmax of three logits, in float64. It reports false where a logit is not a finite number.
func softmax(logits [3]float32) (Probs, bool) {
	var p Probs
	m := float64(max(logits[0], logits[1], logits[2]))
	for c, x := range logits {
		if v := float64(x); math.IsNaN(v) || math.IsInf(v, 0) {
			return Probs{}, false
		}
		p[c] = math.Exp(float64(x) - m)
	}
	s := p.sum()
	for c := range p {
		p[c] /= s
	}
	return p, true
}

// average joins the verdict on the order (A, B) with that on (B, A), the latter already mapped back to the row's own A
// and B. Each element is one addition of two numbers, so the result does not depend on which verdict comes first.
func average(ab, ba Probs) Probs {
	var p Probs
	for c := range p {
		p[c] = (ab[c] + ba[c]) / 2
	}
	return p
}
